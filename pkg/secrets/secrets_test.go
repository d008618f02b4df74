package secrets

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"leasehold/pkg/entitlement"
)

const (
	one   entitlement.ConnectorID = "11111111-1111-4111-8111-11111111111a"
	other entitlement.ConnectorID = "11111111-1111-4111-8111-11111111111b"
)

// keeper is what both kinds of store do.
type keeper interface {
	Put(ctx context.Context, id entitlement.ConnectorID, secret string) error
	Get(ctx context.Context, id entitlement.ConnectorID) (string, error)
	Delete(ctx context.Context, id entitlement.ConnectorID) error
}

func TestCredentialsAreKeptByConnector(t *testing.T) {
	stores := map[string]func(*testing.T) keeper{
		"memory": func(*testing.T) keeper { return &Memory{} },
		"ssm":    func(t *testing.T) keeper { return NewSSM(newParameterStore(t).client(), "/leasehold/connectors/") },
	}
	for store, open := range stores {
		for _, c := range behaviour {
			t.Run(store+": "+c.name, func(t *testing.T) { c.run(t, open(t)) })
		}
	}
}

var behaviour = []struct {
	name string
	run  func(*testing.T, keeper)
}{
	{"what was put is what is got", func(t *testing.T, k keeper) {
		put(t, k, one, "tok-1")
		put(t, k, other, "tok-2")
		wantSecret(t, k, one, "tok-1")
		wantSecret(t, k, other, "tok-2")
	}},
	{"a new credential takes the place of the old one", func(t *testing.T, k keeper) {
		put(t, k, one, "tok-1")
		put(t, k, one, "tok-2")
		wantSecret(t, k, one, "tok-2")
	}},
	{"an id in other case is the same connector", func(t *testing.T, k keeper) {
		put(t, k, entitlement.ConnectorID(strings.ToUpper(string(one))), "tok-1")
		wantSecret(t, k, one, "tok-1")
	}},
	{"a credential that was never put is not found", func(t *testing.T, k keeper) {
		_, err := k.Get(t.Context(), one)
		wantKind(t, err, entitlement.NotFound)
	}},
	{"a deleted credential is not found, and its deletion can be repeated", func(t *testing.T, k keeper) {
		put(t, k, one, "tok-1")
		put(t, k, other, "tok-2")
		for range 2 {
			if err := k.Delete(t.Context(), one); err != nil {
				t.Fatal(err)
			}
		}
		_, err := k.Get(t.Context(), one)
		wantKind(t, err, entitlement.NotFound)
		wantSecret(t, k, other, "tok-2")
	}},
	{"nothing is kept under what is not an id", func(t *testing.T, k keeper) {
		for _, id := range []entitlement.ConnectorID{"", "..", "../" + other, other + "/x"} {
			wantKind(t, k.Put(t.Context(), id, "tok-1"), entitlement.Invalid)
			_, err := k.Get(t.Context(), id)
			wantKind(t, err, entitlement.Invalid)
			wantKind(t, k.Delete(t.Context(), id), entitlement.Invalid)
		}
	}},
	{"an empty credential and one that is too long are refused", func(t *testing.T, k keeper) {
		for _, secret := range []string{"", " \n", strings.Repeat("s", MaxSize+1)} {
			err := k.Put(t.Context(), one, secret)
			wantKind(t, err, entitlement.Invalid)
		}
		put(t, k, one, strings.Repeat("s", MaxSize))
	}},
}

func TestACredentialIsASecureStringNamedAfterItsConnector(t *testing.T) {
	p := newParameterStore(t)
	put(t, NewSSM(p.client(), "/leasehold/connectors"), one, "tok-1")
	got := p.parameters["/leasehold/connectors/"+string(one)]
	if got.Type != "SecureString" || got.Value != "tok-1" || len(p.parameters) != 1 {
		t.Errorf("stored %+v", p.parameters)
	}
	if !p.decrypted {
		wantSecret(t, NewSSM(p.client(), "/leasehold/connectors"), one, "tok-1")
		if !p.decrypted {
			t.Error("read without being decrypted")
		}
	}
}

func TestAFailureOfParameterStoreHasAKindAndNeverQuotesTheValue(t *testing.T) {
	for code, c := range map[string]struct {
		status int
		kind   entitlement.Kind
	}{
		"ThrottlingException":   {400, entitlement.Throttled},
		"TooManyUpdates":        {400, entitlement.Throttled},
		"InternalServerError":   {500, entitlement.Unavailable},
		"AccessDeniedException": {400, entitlement.Internal},
		"ValidationException":   {400, entitlement.Internal},
	} {
		t.Run(code, func(t *testing.T) {
			p := newParameterStore(t)
			p.fail = func(w http.ResponseWriter, value string) {
				w.WriteHeader(c.status)
				fmt.Fprintf(w, `{"__type":%q,"message":"Value '%s' at 'value' is bad"}`, code, value)
			}
			err := NewSSM(p.client(), "/leasehold").Put(t.Context(), one, "tok-1")
			wantKind(t, err, c.kind)
			if strings.Contains(err.Error(), "tok-1") || !strings.Contains(err.Error(), code) {
				t.Errorf("the error is %q, want the code and not the value", err)
			}
		})
	}
}

func TestAParameterStoreThatDoesNotAnswerIsUnavailable(t *testing.T) {
	p := newParameterStore(t)
	client := p.client()
	p.server.Close()
	_, err := NewSSM(client, "/leasehold").Get(t.Context(), one)
	wantKind(t, err, entitlement.Unavailable)
}

func put(t *testing.T, k keeper, id entitlement.ConnectorID, secret string) {
	t.Helper()
	if err := k.Put(t.Context(), id, secret); err != nil {
		t.Fatal(err)
	}
}

func wantSecret(t *testing.T, k keeper, id entitlement.ConnectorID, want string) {
	t.Helper()
	if got, err := k.Get(t.Context(), id); err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func wantKind(t *testing.T, err error, want entitlement.Kind) {
	t.Helper()
	if err == nil || entitlement.KindOf(err) != want {
		t.Errorf("got %v, want kind %v", err, want)
	}
}

// parameterStore answers the three calls as Parameter Store does.
type parameterStore struct {
	server *httptest.Server
	fail   func(w http.ResponseWriter, value string)

	mu         sync.Mutex
	parameters map[string]parameter
	decrypted  bool
}

type parameter struct {
	Name, Value, Type         string
	Overwrite, WithDecryption bool
}

func newParameterStore(t *testing.T) *parameterStore {
	t.Helper()
	p := &parameterStore{parameters: map[string]parameter{}}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *parameterStore) client() *ssm.Client {
	return ssm.New(ssm.Options{
		Region:           "us-east-1",
		BaseEndpoint:     &p.server.URL,
		RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	})
}

func (p *parameterStore) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var in parameter
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if p.fail != nil {
		p.fail(w, in.Value)
		return
	}

	stored, there := p.parameters[in.Name]
	_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case call == "PutParameter" && (!there || in.Overwrite):
		p.parameters[in.Name] = in
		fmt.Fprint(w, `{"Version":1}`)
	case call == "GetParameter" && there:
		p.decrypted = in.WithDecryption
		json.NewEncoder(w).Encode(map[string]any{"Parameter": map[string]string{"Name": in.Name, "Value": stored.Value}})
	case call == "DeleteParameter" && there:
		delete(p.parameters, in.Name)
		fmt.Fprint(w, `{}`)
	default:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"ParameterNotFound"}`)
	}
}
