package main

import (
	"net/http"

	"github.com/lib/pq"
)

type order struct {
	ID    int64
	Lines int
}

// n-plus-one: one query for the orders, one more for the lines of each.
func orders(r *http.Request) (any, error) {
	found, err := ordersOf(whole(r, "customer", 1))
	if err != nil {
		return nil, err
	}
	if faulty("n-plus-one") {
		return countLinesOneByOne(found)
	}
	return countLinesAtOnce(found)
}

func ordersOf(customer int) ([]order, error) {
	rows, err := database().Query("select id from orders where customer_id = $1 limit 25", customer)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := []order{}
	for rows.Next() {
		var one order
		if err := rows.Scan(&one.ID); err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, rows.Err()
}

func countLinesOneByOne(found []order) ([]order, error) {
	for i := range found {
		row := database().QueryRow("select count(*) from order_lines where order_id = $1", found[i].ID)
		if err := row.Scan(&found[i].Lines); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func countLinesAtOnce(found []order) ([]order, error) {
	ids := make([]int64, len(found))
	places := map[int64]int{}
	for i, one := range found {
		ids[i] = one.ID
		places[one.ID] = i
	}
	rows, err := database().Query("select order_id, count(*) from order_lines where order_id = any($1) group by order_id", pq.Array(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var lines int
		if err := rows.Scan(&id, &lines); err != nil {
			return nil, err
		}
		found[places[id]].Lines = lines
	}
	return found, rows.Err()
}
