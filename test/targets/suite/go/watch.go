package main

import (
	"net/http"
	"time"
)

// resource-leak: every request starts a goroutine that waits for an answer which nobody reads any more.
func watch(_ *http.Request) (any, error) {
	if faulty("resource-leak") {
		return waitWithoutReader(), nil
	}
	return waitWithBuffer(), nil
}

func waitWithoutReader() string {
	answers := make(chan string)
	for range 3 {
		go func() { answers <- "seen" }()
	}
	return <-answers
}

func waitWithBuffer() string {
	answers := make(chan string, 3)
	for range 3 {
		go func() { answers <- "seen" }()
	}
	select {
	case answer := <-answers:
		return answer
	case <-time.After(time.Second):
		return "late"
	}
}
