package main

import (
	"net/http"
	"strings"
)

var paragraph = strings.Repeat("All work and no play makes a dull document. ", 900)

// document answers some 40 KB, which a narrow line needs its time for. The fault is the line's (lib/relay.mjs).
func document(r *http.Request) (any, error) {
	if whole(r, "short", 0) == 1 {
		return paragraph[:400], nil
	}
	return paragraph, nil
}
