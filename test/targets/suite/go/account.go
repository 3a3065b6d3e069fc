package main

import (
	"net/http"
	"sync"
	"time"
)

var (
	accountLock sync.Mutex
	balances    = map[int]int{}
)

// lock-contention: the lock over all accounts is held while the booking is written down.
func account(r *http.Request) (any, error) {
	number := whole(r, "id", 1)
	if faulty("lock-contention") {
		return bookUnderLock(number), nil
	}
	return bookAfterWriting(number), nil
}

func bookUnderLock(number int) int {
	accountLock.Lock()
	defer accountLock.Unlock()
	writeDown()
	balances[number]++
	return balances[number]
}

func bookAfterWriting(number int) int {
	writeDown()
	accountLock.Lock()
	defer accountLock.Unlock()
	balances[number]++
	return balances[number]
}

// writeDown stands for a disk: it waits and does not compute.
func writeDown() { time.Sleep(8 * time.Millisecond) }
