package main

import (
	"database/sql"
	"os"
	"sync"

	_ "github.com/lib/pq"
)

// database opens the pool on first use, so that a pair sees only what it uses.
var database = sync.OnceValue(func() *sql.DB { return openPool(16) })

func openPool(size int) *sql.DB {
	pool, err := sql.Open("postgres", os.Getenv("DATABASE_URL"))
	if err != nil {
		panic(err)
	}
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool
}
