package main

import (
	"net/http"
	"sync"
	"time"
)

// cold-start: the table of regions is read when the first request asks for it, and all wait; healthy, before it listens.
var regions = sync.OnceValue(readRegions)

func init() {
	if !faulty("cold-start") {
		regions()
	}
}

func region(r *http.Request) (any, error) {
	return regions()[whole(r, "id", 1)%1000], nil
}

// readRegions reads the table from a slow store, block by block.
func readRegions() []int {
	table := make([]int, 0, 1000)
	for block := range 40 {
		if faulty("cold-start") {
			time.Sleep(100 * time.Millisecond)
		}
		for i := range 25 {
			table = append(table, block*25+i)
		}
	}
	return table
}
