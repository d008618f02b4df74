package webhook

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/kinds"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/connector/webhook/example"
	"leasehold/pkg/entitlement"
)

const at entitlement.ConnectorID = "11111111-1111-4111-8111-111111111111"

// secretText is a secret as an administrator gives it.
func secretText(key []byte) string { return secretPrefix + base64.StdEncoding.EncodeToString(key) }

// newTarget is the sample with six people, two who share a name, and two rooms.
func newTarget() *example.Target {
	t := &example.Target{Secret: bytes.Repeat([]byte("k3"), 16), Rooms: []string{"front", "back"}, People: map[string][]string{"twin@example.com": {"twin-1", "twin-2"}}}
	for i := range connectortest.MinPeople {
		t.People[fmt.Sprintf("ann%d@example.com", i)] = []string{fmt.Sprintf("account-%d", i)}
	}
	return t
}

// open returns a connector for a handler's address.
func open(t *testing.T, address *url.URL, credential string, cfg entitlement.ConnectorConfig) *Connector {
	t.Helper()
	cfg.URL = address.String()
	if len(cfg.CorrelationKeys) == 0 {
		cfg.CorrelationKeys = []string{"userName"}
	}
	c, err := Factory(outbound.Client(true), true)(cfg, credential)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*Connector)
}

// serve starts a handler and returns its address.
func serve(t *testing.T, h http.Handler) *url.URL {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	address, _ := url.Parse(server.URL + "/leasehold")
	return address
}

// habit changes what a target answers, or when it does what it is asked.
type habit struct {
	name string
	wrap func(target *example.Target) (h http.Handler, later func())
}

// edited lets edit change each answer of the target that is a success.
func edited(verb string, edit func(question, answer map[string]any)) func(*example.Target) (http.Handler, func()) {
	return func(target *example.Target) (http.Handler, func()) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q, recorded := pass(target, r)
			a := map[string]any{}
			json.Unmarshal(recorded.Body.Bytes(), &a)
			if q["verb"] == verb && recorded.Code == http.StatusOK {
				edit(q, a)
			}
			w.WriteHeader(recorded.Code)
			json.NewEncoder(w).Encode(a)
		}), nil
	}
}

// pass hands a request on, and returns its question and what was answered.
func pass(target http.Handler, r *http.Request) (map[string]any, *httptest.ResponseRecorder) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	q := map[string]any{}
	json.Unmarshal(body, &q)
	recorded := httptest.NewRecorder()
	target.ServeHTTP(recorded, r)
	return q, recorded
}

// late is a target that says 202 and makes changes when time has passed.
func late(target *example.Target) (http.Handler, func()) {
	var waiting []*http.Request
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		again := r.Clone(r.Context())
		r.Body, again.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
		if !bytes.Contains(body, []byte(`"verb":"apply"`)) || bytes.Contains(body, []byte(`"resource":"none"`)) || bytes.Contains(body, []byte(`-other"`)) {
			target.ServeHTTP(w, r)
			return
		}
		waiting = append(waiting, again)
		w.WriteHeader(http.StatusAccepted)
	})
	return h, func() {
		for _, r := range waiting {
			target.ServeHTTP(httptest.NewRecorder(), r)
		}
		waiting = nil
	}
}

var habits = []habit{
	{"the sample", func(target *example.Target) (http.Handler, func()) { return target, nil }},
	{"accepts, and makes changes later", late},
	{"names every holder twice", edited(verbRead, func(_, a map[string]any) {
		members := a["members"].([]any)
		a["members"] = append(members, members...)
	})},
	{"answers with results in the wrong order", edited(verbApply, func(_, a map[string]any) { slices.Reverse(a["results"].([]any)) })},
	{"answers about changes of others", edited(verbApply, func(_, a map[string]any) {
		a["results"] = append(a["results"].([]any), map[string]any{"do": "grant", "principal": "somebody-else", "status": "done"})
	})},
	{"says that all is done, with no results", edited(verbApply, func(_, a map[string]any) { delete(a, "results") })},
	{"finds people in the wrong order", edited(verbPrincipal, func(_, a map[string]any) { slices.Reverse(a["found"].([]any)) })},
	{"lies about who is asked for, and tells all when all are listed", edited(verbRead, func(q, a map[string]any) {
		if among, is := q["among"]; is {
			a["members"] = among
		}
	})},
	{"pages by one and does not heed among", func(target *example.Target) (http.Handler, func()) {
		return edited(verbRead, func(q, a map[string]any) {
			all := target.Held(q["resource"].(string), q["role"].(string))
			from := 0
			fmt.Sscan(fmt.Sprint(q["cursor"]), &from)
			a["members"] = append([]string{}, all[min(from, len(all)):min(from+1, len(all))]...)
			if from+1 < len(all) {
				a["next"] = fmt.Sprint(from + 1)
			}
		})(target)
	}},
	{"answers 409 where one is refused", func(target *example.Target) (http.Handler, func()) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, recorded := pass(target, r)
			if bytes.Contains(recorded.Body.Bytes(), []byte("principal-missing")) {
				recorded.Code = http.StatusConflict
			}
			w.WriteHeader(recorded.Code)
			w.Write(recorded.Body.Bytes())
		}), nil
	}},
	{"refuses a batch of which one is bad, in few words", func(target *example.Target) (http.Handler, func()) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if bytes.Contains(body, []byte(`"apply"`)) && bytes.Contains(body, []byte("ghost")) {
				w.WriteHeader(http.StatusUnprocessableEntity)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			target.ServeHTTP(w, r)
		}), nil
	}},
}

func TestTheConnectorConformsWithTheSampleAndWithTargetsOfManyHabits(t *testing.T) {
	for i, h := range habits {
		t.Run(h.name, func(t *testing.T) {
			run := connectortest.RunBehaviour
			if i == 0 {
				run = connectortest.Run
			}
			run(t, func(t *testing.T) connectortest.Harness { return harness(t, h) })
		})
	}
}

func harness(t *testing.T, of habit) connectortest.Harness {
	return harnessOf(t, of, func(address *url.URL, target *example.Target) connector.Connector {
		return open(t, address, secretText(target.Secret), entitlement.ConnectorConfig{})
	})
}

func harnessOf(t *testing.T, of habit, open func(*url.URL, *example.Target) connector.Connector) connectortest.Harness {
	target := newTarget()
	handler, later := of.wrap(target)
	proxy := connectortest.NewProxy(t, serve(t, handler))
	proxy.Writes = isApply
	role := entitlement.RoleRef{Connector: at, Resource: "front", Role: "open"}

	n := 0
	h := connectortest.Harness{
		Connector: open(proxy.URL, target),
		Crowd: &connectortest.Crowd{
			Own: true,
			Put: func(many int) (all []connector.PrincipalRef) {
				for range many {
					n++
					id := fmt.Sprintf("one-%d", n)
					target.Put("front", "open", id, true)
					all = append(all, connector.PrincipalRef(id))
				}
				return all
			},
			Take: func(p connector.PrincipalRef) { target.Put("front", "open", string(p), false) },
		},
		Role:    role,
		NoRole:  entitlement.RoleRef{Connector: at, Resource: "none", Role: "open"},
		Unknown: connector.Correlation{UserName: "nobody@example.com"},
		Double:  &connector.Correlation{UserName: "twin@example.com"},
		Ghost:   "ghost",
		Secret:  secretText(target.Secret),
		Faults:  proxy.Faults(halfOf(t)),
		Later:   later,
		Members: func() (held []connector.PrincipalRef) {
			for _, id := range target.Held("front", "open") {
				held = append(held, connector.PrincipalRef(id))
			}
			return held
		},
	}
	for i := range connectortest.MinPeople {
		h.People = append(h.People, connector.Correlation{UserName: fmt.Sprintf("ann%d@example.com", i)})
	}
	return h
}

// aFunction answers calls of Lambda with what a target returns. It has a status of its own to say,
// and fails as functions do where the target would answer 500.
func aFunction(t *testing.T, target *example.Target) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if signed := r.Header.Get("Authorization"); !strings.HasPrefix(signed, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") || !strings.Contains(signed, "/us-east-1/lambda/aws4_request") {
			t.Errorf("signed by %q", signed)
		}
		if r.URL.Path != "/2015-03-31/functions/LeaseholdTargetRooms/invocations" {
			w.WriteHeader(http.StatusNotFound)
			io.WriteString(w, `{"Type":"User","Message":"Function not found"}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		asked := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
		secrets{target.Secret}.sign(asked.Header, "msg_1", time.Now(), body)
		recorded := httptest.NewRecorder()
		target.ServeHTTP(recorded, asked)

		said := map[string]any{}
		if err := json.Unmarshal(recorded.Body.Bytes(), &said); err != nil {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			io.WriteString(w, `{"errorMessage":"it broke","errorType":"Error"}`)
			return
		}
		said["status"] = recorded.Code
		json.NewEncoder(w).Encode(said)
	})
}

// own are credentials as a function's environment holds them.
var own = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "the secret key of the role"}, nil
})

// A Lambda function that holds to the contract is a target like any other.
func TestTheConnectorConformsWithAFunction(t *testing.T) { connectortest.Run(t, functionHarness) }

func functionHarness(t *testing.T) connectortest.Harness {
	function := habit{"a function", func(target *example.Target) (http.Handler, func()) { return aFunction(t, target), nil }}
	h := harnessOf(t, function, func(address *url.URL, _ *example.Target) connector.Connector {
		at := address.Scheme + "://" + address.Host + "/2015-03-31/functions/LeaseholdTargetRooms/invocations"
		c, err := LambdaFactory(outbound.Client(true), true, own)(entitlement.ConnectorConfig{URL: at, CorrelationKeys: []string{"userName"}}, "")
		if err != nil {
			t.Fatal(err)
		}
		return c
	})
	h.Kind, h.Secret = kinds.Lambda, "the secret key of the role"
	return h
}

func isApply(r *http.Request) bool {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return bytes.Contains(body, []byte(`"verb":"apply"`))
}

// halfOf performs the first half of a batch, past the check of the signature.
func halfOf(t *testing.T) func(*http.Request, http.Handler) {
	return func(r *http.Request, server http.Handler) {
		var q question
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			t.Errorf("half of a batch: %v", err)
		}
		q.Changes = q.Changes[:(len(q.Changes)+1)/2]
		body, _ := json.Marshal(q)
		again := r.Clone(r.Context())
		again.Body, again.ContentLength = io.NopCloser(strings.NewReader(string(body))), int64(len(body))
		secrets{newTarget().Secret}.sign(again.Header, "msg_half", time.Now(), body)
		server.ServeHTTP(httptest.NewRecorder(), again)
	}
}
