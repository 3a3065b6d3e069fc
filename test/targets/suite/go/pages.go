package main

import "net/http"

// offset-pagination: the database reads and throws away all rows before the page.
func pages(r *http.Request) (any, error) {
	if faulty("offset-pagination") {
		return pageByOffset(whole(r, "page", 0))
	}
	return pageByKey(whole(r, "page", 0))
}

func pageByOffset(page int) ([]string, error) {
	return names("select name from customers order by id limit 25 offset $1", page*25)
}

func pageByKey(page int) ([]string, error) {
	return names("select name from customers where id > $1 order by id limit 25", page*25)
}

func names(statement string, value int) ([]string, error) {
	rows, err := database().Query(statement, value)
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
