package system

import (
	"encoding/json"
	"net/http"

	"leasehold/pkg/queue"
)

// desk serves the issuer, and what an operator does by other means in a deployed stack:
//
//	POST /tick                          does what is due now, without waiting for the minute
//	GET  /dead-letters                  shows the parked messages of every queue
//	POST /dead-letters?redrive=<queue>  gives them back to it
func (s *System) desk() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", s.issuer.Handler())
	mux.HandleFunc("POST /tick", func(w http.ResponseWriter, r *http.Request) {
		if err := s.Tick(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("GET /dead-letters", func(w http.ResponseWriter, _ *http.Request) {
		parked := map[string][]queue.Message{}
		for id, l := range s.lanes {
			parked[id] = l.Dead()
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(parked) // a client that is gone is no news
	})
	mux.HandleFunc("POST /dead-letters", func(w http.ResponseWriter, r *http.Request) {
		l, known := s.lanes[r.URL.Query().Get("redrive")]
		if !known {
			http.Error(w, "say which queue: redrive=<queue>", http.StatusBadRequest)
			return
		}
		l.Redrive()
		l.wake()
	})
	return mux
}
