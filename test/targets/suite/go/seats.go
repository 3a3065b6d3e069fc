package main

import (
	"net/http"
	"sync"
)

// pool-exhausted: SetMaxOpenConns(2), and a transaction stays open while the partner is asked.
var seatPool = sync.OnceValue(func() int {
	if faulty("pool-exhausted") {
		database().SetMaxOpenConns(2)
	}
	return 0
})

func seats(r *http.Request) (any, error) {
	seatPool()
	id := 1 + whole(r, "id", 1)%10_000
	if faulty("pool-exhausted") {
		return reserveHoldingConnection(id)
	}
	return reserveAndRelease(id)
}

func reserveHoldingConnection(id int) (int, error) {
	tx, err := database().Begin()
	if err != nil {
		return 0, err
	}
	defer func() { _ = tx.Rollback() }()
	var units int
	if err := tx.QueryRow("select units from stock where product_id = $1", id).Scan(&units); err != nil {
		return 0, err
	}
	if err := askPartner("/quick"); err != nil {
		return 0, err
	}
	return units, tx.Commit()
}

func reserveAndRelease(id int) (int, error) {
	var units int
	if err := database().QueryRow("select units from stock where product_id = $1", id).Scan(&units); err != nil {
		return 0, err
	}
	return units, askPartner("/quick")
}
