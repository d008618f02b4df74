package rights

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/connector/webhook/example"
	"leasehold/pkg/names"
)

// targetFunction tells a call of a function that is a target.
func targetFunction(request *http.Request) bool {
	return strings.HasPrefix(request.URL.Path, "/2015-03-31/functions/"+names.InvokedTargets)
}

// rooms is the sample of the webhook contract as a Lambda function: its event is the question, and
// what it returns the answer with its status.
type rooms struct{ *example.Target }

func (r rooms) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body := new(bytes.Buffer)
	body.ReadFrom(request.Body) // of the recorder, in memory
	asked := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body.Bytes()))
	stamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, r.Secret)
	mac.Write([]byte("msg." + stamp + "."))
	mac.Write(body.Bytes())
	asked.Header.Set("webhook-id", "msg")
	asked.Header.Set("webhook-timestamp", stamp)
	asked.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))

	recorded := httptest.NewRecorder()
	r.Target.ServeHTTP(recorded, asked)
	said := object{}
	json.Unmarshal(recorded.Body.Bytes(), &said) // nothing is an answer too
	said["status"] = recorded.Code
	json.NewEncoder(w).Encode(said)
}

// deliverToAFunction gives a role at a Lambda function, which is looked up first: both functions
// that call targets call it.
func deliverToAFunction(s *stack) {
	who := fmt.Sprint(s.call(components.Other, "GET", names.APIVersion+"/me", nil, 200)["userPrincipalName"])
	target := rooms{&example.Target{Secret: []byte("a secret that is the sample's own"), Rooms: []string{"front"}, People: map[string][]string{who: {"account-7"}}}}
	s.recorder.target = target
	address := s.recorder.URL + "/2015-03-31/functions/" + names.InvokedTargets + "Rooms/invocations"
	at := fmt.Sprint(s.call(components.Admin, "POST", names.Ours+"/connectors", object{"displayName": "Rooms", "kind": "lambda", "url": address, "correlationKeys": []string{"userName"}}, 201)["id"])

	pkg, _ := s.offer(nil)
	catalog := s.call(components.Admin, "GET", em+"/accessPackages/"+pkg+"?$expand=catalog", nil, 200)["catalog"].(object)["id"]
	origin := object{"originId": "front", "originSystem": "Lambda", "environment": object{"id": at}}
	s.call(components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog}, "resource": origin}, 201)
	resource := fmt.Sprint(s.values(fmt.Sprint(em, "/catalogs/", catalog, "/resources"))[0].(object)["id"])
	s.apply(components.Admin, pkg, object{"resourceId": resource, "roleOriginId": "open"}, 204)

	asked := s.wants(components.Other, pkg, nil)
	s.drain()
	s.state(asked, "delivered")
	if held := target.Held("front", "open"); len(held) != 1 {
		s.Fatalf("open is held by %v", held)
	}
}
