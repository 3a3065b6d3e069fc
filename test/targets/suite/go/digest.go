package main

import (
	"crypto/sha256"
	"fmt"
	"net/http"
)

// app-cpu: the digest of a document that never changes is computed for every request, ten thousand times over.
func digest(r *http.Request) (any, error) {
	text := fmt.Sprintf("document %d", whole(r, "id", 1))
	if faulty("app-cpu") {
		return hashManyTimes(text), nil
	}
	return hashOnce(text), nil
}

func hashManyTimes(text string) string {
	sum := sha256.Sum256([]byte(text))
	for range 40_000 {
		sum = sha256.Sum256(sum[:])
	}
	return fmt.Sprintf("%x", sum)
}

func hashOnce(text string) string {
	return fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
}
