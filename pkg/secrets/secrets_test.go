package secrets

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/entitlement"
)

const (
	one   entitlement.ConnectorID = "11111111-1111-4111-8111-11111111111a"
	other entitlement.ConnectorID = "11111111-1111-4111-8111-11111111111b"

	there = "scim https://there.example"
)

// keeper is what both kinds of store do.
type keeper interface {
	Put(ctx context.Context, id entitlement.ConnectorID, address, secret string) (int64, error)
	Get(ctx context.Context, id entitlement.ConnectorID, number int64, address string) (string, error)
	Delete(ctx context.Context, id entitlement.ConnectorID) error
}

func TestCredentialsAreKeptByConnector(t *testing.T) {
	stores := map[string]func(*testing.T) keeper{
		"memory": func(*testing.T) keeper { return &Memory{} },
		"ssm":    func(t *testing.T) keeper { return NewSSM(newParameterStore(t).config(), "/leasehold/connectors/") },
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
		first, second := put(t, k, one, "tok-1"), put(t, k, other, "tok-2")
		wantSecret(t, k, one, first, "tok-1")
		wantSecret(t, k, other, second, "tok-2")
	}},
	{"S20 a new credential has a number of its own, and the old number never leads to it", func(t *testing.T, k keeper) {
		first, second := put(t, k, one, "tok-1"), put(t, k, one, "tok-2")
		wantSecret(t, k, one, second, "tok-2")
		wantSecret(t, k, one, first, "tok-1")
		for _, number := range []int64{-1, 0, second + 1} {
			_, err := k.Get(t.Context(), one, number, there)
			wantKind(t, err, entitlement.NotFound)
		}
	}},
	{"S20 a credential is not handed out for another address", func(t *testing.T, k keeper) {
		number := put(t, k, one, "tok-1")
		for _, elsewhere := range []string{"", "scim https://elsewhere.example", "scim https://there.example:8443", "webhook https://there.example"} {
			_, err := k.Get(t.Context(), one, number, elsewhere)
			wantKind(t, err, entitlement.NotFound)
		}
	}},
	{"S20 nor when its number comes again after a deletion", func(t *testing.T, k keeper) {
		number := put(t, k, one, "tok-1")
		if err := k.Delete(t.Context(), one); err != nil {
			t.Fatal(err)
		}
		if again, err := k.Put(t.Context(), one, "scim https://elsewhere.example", "tok-2"); err != nil || again != number {
			t.Fatalf("number %d, %v", again, err)
		}
		_, err := k.Get(t.Context(), one, number, there)
		wantKind(t, err, entitlement.NotFound)
	}},
	{"a credential with spaces is kept whole", func(t *testing.T, k keeper) {
		wantSecret(t, k, one, put(t, k, one, "to k-1 "), "to k-1 ")
	}},
	{"an id in other case is the same connector", func(t *testing.T, k keeper) {
		number := put(t, k, entitlement.ConnectorID(strings.ToUpper(string(one))), "tok-1")
		wantSecret(t, k, one, number, "tok-1")
	}},
	{"a credential that was never put is not found", func(t *testing.T, k keeper) {
		_, err := k.Get(t.Context(), one, 1, there)
		wantKind(t, err, entitlement.NotFound)
	}},
	{"a deleted credential is not found, and its deletion can be repeated", func(t *testing.T, k keeper) {
		number, kept := put(t, k, one, "tok-1"), put(t, k, other, "tok-2")
		for range 2 {
			if err := k.Delete(t.Context(), one); err != nil {
				t.Fatal(err)
			}
		}
		_, err := k.Get(t.Context(), one, number, there)
		wantKind(t, err, entitlement.NotFound)
		wantSecret(t, k, other, kept, "tok-2")
	}},
	{"nothing is kept under what is not an id", func(t *testing.T, k keeper) {
		for _, id := range []entitlement.ConnectorID{"", "..", "../" + other, other + "/x"} {
			_, err := k.Put(t.Context(), id, there, "tok-1")
			wantKind(t, err, entitlement.Invalid)
			_, err = k.Get(t.Context(), id, 1, there)
			wantKind(t, err, entitlement.Invalid)
			wantKind(t, k.Delete(t.Context(), id), entitlement.Invalid)
		}
	}},
	{"an empty credential and one that is too long are refused", func(t *testing.T, k keeper) {
		for _, secret := range []string{"", " \n", strings.Repeat("s", MaxSize+1)} {
			_, err := k.Put(t.Context(), one, there, secret)
			wantKind(t, err, entitlement.Invalid)
		}
		put(t, k, one, strings.Repeat("s", MaxSize))
	}},
}

func TestACredentialIsASecureStringNamedAfterItsConnector(t *testing.T) {
	p := newParameterStore(t)
	number := put(t, NewSSM(p.config(), "/leasehold/connectors"), one, "tok-1")
	got := p.parameters["/leasehold/connectors/"+string(one)]
	if len(got) != 1 || got[0].Type != "SecureString" || !strings.HasSuffix(got[0].Value, " tok-1") || len(p.parameters) != 1 {
		t.Errorf("stored %+v", p.parameters)
	}
	if !p.decrypted {
		wantSecret(t, NewSSM(p.config(), "/leasehold/connectors"), one, number, "tok-1")
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
			_, err := NewSSM(p.config(), "/leasehold").Put(t.Context(), one, there, "tok-1")
			wantKind(t, err, c.kind)
			if strings.Contains(err.Error(), "tok-1") || !strings.Contains(err.Error(), code) {
				t.Errorf("the error is %q, want the code and not the value", err)
			}
		})
	}
}

func TestAParameterStoreThatDoesNotAnswerIsUnavailable(t *testing.T) {
	p := newParameterStore(t)
	cfg := p.config()
	p.server.Close()
	_, err := NewSSM(cfg, "/leasehold").Get(t.Context(), one, 1, there)
	wantKind(t, err, entitlement.Unavailable)
}

func put(t *testing.T, k keeper, id entitlement.ConnectorID, secret string) int64 {
	t.Helper()
	number, err := k.Put(t.Context(), id, there, secret)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

func wantSecret(t *testing.T, k keeper, id entitlement.ConnectorID, number int64, want string) {
	t.Helper()
	if got, err := k.Get(t.Context(), id, number, there); err != nil || got != want {
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
	parameters map[string][]parameter // versions, oldest first
	decrypted  bool
}

type parameter struct {
	Name, Value, Type         string
	Overwrite, WithDecryption bool
}

func newParameterStore(t *testing.T) *parameterStore {
	t.Helper()
	p := &parameterStore{parameters: map[string][]parameter{}}
	p.server = httptest.NewServer(p)
	t.Cleanup(p.server.Close)
	return p
}

func (p *parameterStore) config() aws.Config {
	return aws.Config{
		Region:           "us-east-1",
		BaseEndpoint:     &p.server.URL,
		RetryMaxAttempts: 1,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
		}),
	}
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

	name, selector, _ := strings.Cut(in.Name, ":")
	versions := p.parameters[name]
	number := len(versions)
	if selector != "" {
		number, _ = strconv.Atoi(selector)
	}
	_, call, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case call == "PutParameter" && (len(versions) == 0 || in.Overwrite):
		p.parameters[name] = append(versions, in)
		fmt.Fprintf(w, `{"Version":%d}`, len(versions)+1)
	case call == "GetParameter" && number >= 1 && number <= len(versions):
		p.decrypted = in.WithDecryption
		json.NewEncoder(w).Encode(map[string]any{"Parameter": map[string]string{"Name": name, "Value": versions[number-1].Value}})
	case call == "GetParameter" && len(versions) > 0:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"ParameterVersionNotFound"}`)
	case call == "DeleteParameter" && len(versions) > 0:
		delete(p.parameters, name)
		fmt.Fprint(w, `{}`)
	default:
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"__type":"ParameterNotFound"}`)
	}
}
