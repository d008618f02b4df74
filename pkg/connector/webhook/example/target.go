// Package example is a target of the webhook contract in one file: what CONTRACT.md describes,
// as code. It keeps everything in memory.
package example

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

type object = map[string]any

// Target answers for rooms, each with the roles "open" and "keep". The zero value knows nobody.
type Target struct {
	Secret []byte              // what follows whsec_, decoded
	Rooms  []string            // ids of the resources
	People map[string][]string // ids of accounts by userName
	mu     sync.Mutex
	held   map[string][]string // ids of accounts by room and role
}

// ServeHTTP checks the signature and answers the question.
func (t *Target) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || !t.signed(r.Header, body) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var q struct {
		Verb, Resource, Role string
		Values, Among        []string
		Changes              []struct{ Do, Principal string }
	}
	json.Unmarshal(body, &q) // what is no question has no verb, and is refused below
	t.mu.Lock()
	defer t.mu.Unlock()

	answer, status, role := object{"verb": q.Verb, "resource": q.Resource, "role": q.Role}, 200, q.Resource+" "+q.Role
	switch {
	case q.Resource != "" && !slices.Contains(t.Rooms, q.Resource):
		answer["error"], status = "resource-missing", 404
	case q.Role != "" && q.Role != "open" && q.Role != "keep":
		answer["error"], status = "role-missing", 404
	case q.Verb == "describe":
		answer["name"], answer["maxBatch"] = "Rooms", 50
	case q.Verb == "listResources":
		resources := []object{}
		for _, room := range t.Rooms {
			if q.Resource == "" || q.Resource == room {
				resources = append(resources, object{"id": room, "name": "Room " + room, "roles": []object{{"id": "open", "name": "Open"}, {"id": "keep", "name": "Keep"}}})
			}
		}
		answer["resources"] = resources
	case q.Verb == "lookupPrincipal":
		found := []object{}
		for _, value := range q.Values {
			found = append(found, object{"value": value, "ids": append([]string{}, t.People[value]...)})
		}
		answer["found"] = found
	case q.Verb == "apply":
		results := []object{}
		for _, c := range q.Changes {
			results = append(results, object{"do": c.Do, "principal": c.Principal, "status": t.change(role, c.Do, c.Principal)})
		}
		answer["results"] = results
	case q.Verb == "read":
		answer["members"] = slices.DeleteFunc(append([]string{}, t.held[role]...), func(id string) bool { return q.Among != nil && !slices.Contains(q.Among, id) })
	default:
		answer["error"], status = "unknown-verb", 400
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(answer)
}

// change makes true what is asked, however often: nobody holds a role twice.
func (t *Target) change(role, do, id string) string {
	if t.held == nil {
		t.held = map[string][]string{}
	}
	t.held[role] = slices.DeleteFunc(t.held[role], func(other string) bool { return other == id })
	known := slices.Contains(slices.Concat(slices.Collect(maps.Values(t.People))...), id)
	switch {
	case do == "grant" && !known:
		return "principal-missing"
	case do == "grant":
		t.held[role] = append(t.held[role], id)
	}
	return "done"
}

// signed reports one right signature, by our secret, of a message that is at most five minutes old.
func (t *Target) signed(h http.Header, body []byte) bool {
	stamp := h.Get("webhook-timestamp")
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || math.Abs(time.Since(time.Unix(at, 0)).Minutes()) > 5 {
		return false
	}
	mac := hmac.New(sha256.New, t.Secret)
	mac.Write([]byte(h.Get("webhook-id") + "." + stamp + "." + string(body)))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return slices.ContainsFunc(strings.Fields(h.Get("webhook-signature")), func(s string) bool { return hmac.Equal([]byte(s), []byte(want)) })
}

// Held tells who holds a role of a room.
func (t *Target) Held(room, role string) []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.held[room+" "+role])
}
