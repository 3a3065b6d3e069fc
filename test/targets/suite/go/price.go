package main

import (
	"net/http"
	"time"
)

// capacity-knee: all prices come from a backend that serves so many at a time.
var priceSlots = make(chan struct{}, slots())

func slots() int {
	if faulty("capacity-knee") {
		return 4
	}
	return 256
}

func price(r *http.Request) (any, error) {
	return priceInSlot(whole(r, "id", 1)), nil
}

func priceInSlot(id int) int {
	priceSlots <- struct{}{}
	defer func() { <-priceSlots }()
	time.Sleep(25 * time.Millisecond)
	return id * 100
}
