package main

import (
	"errors"
	"net/http"
	"sync"
	"time"
)

var (
	errTooMany   = errors.New("too many requests")
	limitLock    sync.Mutex
	windowStart  time.Time
	windowCount  int
	windowLimits = map[bool]int{true: 25, false: 1_000_000}
)

// rate-limited: so many requests in a second, the rest 429.
func limited(_ *http.Request) (any, error) {
	if !withinWindow(windowLimits[faulty("rate-limited")]) {
		return nil, errTooMany
	}
	return "ok", nil
}

func withinWindow(limit int) bool {
	limitLock.Lock()
	defer limitLock.Unlock()
	if now := time.Now(); now.Sub(windowStart) >= time.Second {
		windowStart, windowCount = now, 0
	}
	windowCount++
	return windowCount <= limit
}
