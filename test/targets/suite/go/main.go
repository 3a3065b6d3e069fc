// A service on net/http. Healthy, but for the defects that FAULT names: each stands in a named function of its own file,
// beside its healthy twin. PORT, DATABASE_URL and PARTNER_URL come by environment.
package main

import (
	"encoding/json"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
	"strconv"
	"strings"
)

type feature func(*http.Request) (any, error)

func main() {
	for path, serve := range map[string]feature{
		"/digest":   digest,
		"/feed":     feed,
		"/account":  account,
		"/track":    track,
		"/watch":    watch,
		"/seats":    seats,
		"/orders":   orders,
		"/pages":    pages,
		"/price":    price,
		"/region":   region,
		"/search":   search,
		"/document": document,
		"/pay":      pay,
		"/limited":  limited,
		"/retry":    retry,
	} {
		http.HandleFunc(path, handler(serve))
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), nil))
}

func handler(serve feature) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := serve(r)
		w.Header().Set("content-type", "application/json")
		if err == errTooMany {
			w.Header().Set("retry-after", "1")
			w.WriteHeader(http.StatusTooManyRequests)
			answer = map[string]string{"error": err.Error()}
		} else if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			answer = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(answer)
	}
}

var faults = func() map[string]bool {
	found := map[string]bool{}
	for _, name := range strings.Split(os.Getenv("FAULT"), ",") {
		found[name] = name != ""
	}
	return found
}()

func faulty(name string) bool { return faults[name] }

func whole(r *http.Request, name string, otherwise int) int {
	number, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil {
		return otherwise
	}
	return number
}
