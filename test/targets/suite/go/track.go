package main

import (
	"net/http"
	"sync"
)

var (
	trackLock sync.Mutex
	trails    = map[int][]byte{}
	trackID   int
)

// memory-leak: every trail that was ever recorded stays in the map.
func track(_ *http.Request) (any, error) {
	trackLock.Lock()
	defer trackLock.Unlock()
	trackID++
	if faulty("memory-leak") {
		recordTrail(trackID)
	} else {
		recordNewestTrail(trackID)
	}
	return trackID, nil
}

func recordTrail(id int) {
	trails[id] = newTrail(id)
}

func recordNewestTrail(id int) {
	trails[id%100] = newTrail(id)
}

func newTrail(id int) []byte {
	trail := make([]byte, 24_000)
	for i := range trail {
		trail[i] = byte(id + i)
	}
	return trail
}
