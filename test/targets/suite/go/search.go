package main

import "net/http"

// missing-index: the fault is in the database, where the index on city is dropped; here is who asks.
func search(r *http.Request) (any, error) {
	return searchByCity(r.URL.Query().Get("city"))
}

func searchByCity(city string) ([]string, error) {
	rows, err := database().Query("select name from customers where city = $1 order by id limit 20", city)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := []string{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		found = append(found, name)
	}
	return found, rows.Err()
}
