package main

import (
	"net/http"
	"sync/atomic"
	"time"
)

var waiting atomic.Int64

// no-recovery: whoever is not served in time asks again, and the work for those who gave up is still done.
func retry(_ *http.Request) (any, error) {
	if faulty("no-recovery") {
		return askUntilServed(), nil
	}
	return askOnce(), nil
}

var backend = make(chan chan struct{}, backlog())

func backlog() int {
	if faulty("no-recovery") {
		return 1_000_000
	}
	return 16
}

func init() {
	for range 2 {
		go serveBackend()
	}
}

// serveBackend takes 10 ms for every demand, wanted any more or not.
func serveBackend() {
	for done := range backend {
		time.Sleep(10 * time.Millisecond)
		close(done)
	}
}

func askUntilServed() int {
	for attempt := 1; ; attempt++ {
		done := make(chan struct{})
		backend <- done
		select {
		case <-done:
			return attempt
		case <-time.After(60 * time.Millisecond):
		}
	}
}

// askOnce has a place for everybody of a spike: it does not queue behind the backend, but answers what is known.
func askOnce() int {
	waiting.Add(1)
	defer waiting.Add(-1)
	done := make(chan struct{})
	if waiting.Load() > 2 {
		return 0
	}
	backend <- done
	<-done
	return 1
}
