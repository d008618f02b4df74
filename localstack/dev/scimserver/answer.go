package scimserver

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// answer is what a client is told.
type answer struct {
	status int
	body   resource // nil: none
}

func ok(body resource) answer { return answer{http.StatusOK, body} }

// refuse is an error in SCIM's shape.
func refuse(status int, scimType, detail string) answer {
	body := resource{"schemas": []string{schemaError}, "status": strconv.Itoa(status), "detail": detail}
	if scimType != "" {
		body["scimType"] = scimType
	}
	return answer{status, body}
}

func (a answer) write(w http.ResponseWriter) {
	text, _ := json.Marshal(a.body) // a refusal is strings only
	a.send(w, text)
}

func (a answer) send(w http.ResponseWriter, text []byte) {
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(a.status)
	w.Write(text)
}
