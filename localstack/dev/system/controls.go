package system

import (
	"bytes"
	"encoding/json"
	"net/http"

	"leasehold/localstack/items"
	"leasehold/pkg/queue"
)

// controls serves the issuer, and what an operator does by other means in a deployed stack:
//
//	POST /sweep                          does what is due now, without waiting for the minute
//	GET  /dead-letters                  shows the parked messages of every queue
//	POST /dead-letters?redrive=<queue>  gives them back to it
//	GET  /files/<file>                  gives a file that somebody took away, by its link
//	GET  /items?of=<kind>/<id>          shows what is stored of it, in words
func (s *System) controls() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.issuer.Handler())
	mux.Handle("GET /files/", s.files)

	mux.HandleFunc("POST /sweep", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Sweep(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})

	mux.HandleFunc("GET /dead-letters", func(w http.ResponseWriter, _ *http.Request) {
		parked := map[string][]queue.Message{}
		for id, l := range s.queues {
			parked[id] = l.Dead()
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(parked) // a client that is gone is no news
	})

	mux.HandleFunc("POST /dead-letters", func(w http.ResponseWriter, r *http.Request) {
		l, known := s.queues[r.URL.Query().Get("redrive")]
		if !known {
			http.Error(w, "say which queue: redrive=<queue>", http.StatusBadRequest)
			return
		}
		l.Redrive()
		l.wake()
	})

	mux.HandleFunc("GET /items", func(w http.ResponseWriter, r *http.Request) {
		var out bytes.Buffer
		if err := (items.Reader{Client: s.table, Table: table, Out: &out}).Show(r.Context(), r.URL.Query()["of"]...); err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write(out.Bytes()) // a client that is gone is no news
	})
	return mux
}
