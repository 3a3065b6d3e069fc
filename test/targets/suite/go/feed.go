package main

import (
	"fmt"
	"net/http"
	"sync"
)

type feedEntry struct {
	id   int
	text string
	tags []*string
	next *feedEntry
}

var (
	feedLock   sync.Mutex
	recentFeed [30]*feedEntry
	feedCount  int
	feedSums   [30]int
)

// gc-pressure: every feed is built of thousands of linked objects that live just long enough to be marked again and again.
func feed(_ *http.Request) (any, error) {
	if faulty("gc-pressure") {
		return buildLinkedFeed(), nil
	}
	return sumFeed(), nil
}

func buildLinkedFeed() int {
	var head *feedEntry
	for i := range 15_000 {
		text := fmt.Sprint("entry ", i)
		head = &feedEntry{id: i, text: text, tags: []*string{&text, &text}, next: head}
	}
	feedLock.Lock()
	defer feedLock.Unlock()
	feedCount++
	recentFeed[feedCount%len(recentFeed)] = head
	return feedCount
}

func sumFeed() int {
	sum := 0
	for i := range 15_000 {
		sum += i % 7
	}
	feedLock.Lock()
	defer feedLock.Unlock()
	feedCount++
	feedSums[feedCount%len(feedSums)] = sum
	return feedCount
}
