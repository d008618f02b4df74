package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

var front = entitlement.RoleRef{Connector: at, Resource: "front", Role: "open"}

// signed is a request as a receiver gets it.
type signed struct {
	Secret  string            `json:"secret"`
	Body    string            `json:"body"`
	Headers map[string]string `json:"headers"`
}

func sign(credential, body string, when time.Time) signed {
	keys, err := readSecrets(credential)
	if err != nil {
		panic(err)
	}
	h := http.Header{}
	keys.sign(h, "msg_1", when, []byte(body))
	s := signed{Body: body, Headers: map[string]string{}}
	for _, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
		s.Headers[name] = h.Get(name)
	}
	return s
}

var (
	oldSecret = secretText(bytes.Repeat([]byte("o"), 32))
	newSecret = secretText(bytes.Repeat([]byte("n"), 32))
)

// The verifier is the one of Standard Webhooks: while a secret is changed, a receiver that
// knows either of the two takes the message.
func TestTheVerifierOfStandardWebhooksTakesOurSignatures(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	if _, err := os.Stat(filepath.Join(root, "node_modules", "standardwebhooks")); err != nil {
		t.Skip("standardwebhooks is not installed: this part is run by `make test`, which installs it")
	}
	both, body := oldSecret+" "+newSecret, `{"verb":"describe","name":"Tür"}`

	for name, c := range map[string]struct {
		message signed
		secret  string
		want    string
	}{
		"one secret":               {sign(newSecret, body, time.Now()), newSecret, "accepted"},
		"the old one of two":       {sign(both, body, time.Now()), oldSecret, "accepted"},
		"the new one of two":       {sign(both, body, time.Now()), newSecret, "accepted"},
		"another secret":           {sign(oldSecret, body, time.Now()), newSecret, "refused"},
		"an hour ago":              {sign(both, body, time.Now().Add(-time.Hour)), newSecret, "refused"},
		"a body that was changed":  {sign(both, body, time.Now()), newSecret, "refused"},
		"an id that was exchanged": {sign(both, body, time.Now()), newSecret, "refused"},
	} {
		switch name {
		case "a body that was changed":
			c.message.Body += " "
		case "an id that was exchanged":
			c.message.Headers["webhook-id"] = "msg_2"
		}
		c.message.Secret = c.secret
		input, _ := json.Marshal(c.message)
		verifier := exec.CommandContext(t.Context(), "node", filepath.Join(root, "localstack", "webhook", "verify.mjs"))
		verifier.Stdin = bytes.NewReader(input)
		out, err := verifier.Output()
		if err != nil || !strings.HasPrefix(string(out), c.want) {
			t.Errorf("%s: %s %v, want %s", name, out, err, c.want)
		}
	}
}

// The example is that of the specification of Standard Webhooks.
func TestASignatureIsThatOfTheSpecification(t *testing.T) {
	h := http.Header{}
	keys, err := readSecrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	keys.sign(h, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if got, want := h.Get("webhook-signature"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// A secret is changed with no moment in which the target refuses.
func TestASecretIsChangedWithTwoThatAreGoodAtATime(t *testing.T) {
	target := newTarget()
	address := serve(t, target)
	asked := func(credential string) error {
		_, err := open(t, address, credential, entitlement.ConnectorConfig{}).Resource(t.Context(), "front")
		return err
	}
	was, next := secretText(target.Secret), newSecret
	for i, step := range []struct {
		credential string
		key        []byte
	}{
		{was, target.Secret}, {was + " " + next, target.Secret}, {was + " " + next, bytes.Repeat([]byte("n"), 32)}, {next, bytes.Repeat([]byte("n"), 32)},
	} {
		target.Secret = step.key
		if err := asked(step.credential); err != nil {
			t.Errorf("step %d: %v", i, err)
		}
	}
	if err := asked(was); connector.RefusalOf(err).Reason != connector.CredentialRefused {
		t.Errorf("the old secret alone: %v", err)
	}
}

func TestARegistrationThatCannotWorkIsRefusedAndNeverQuotesTheSecret(t *testing.T) {
	good := entitlement.ConnectorConfig{URL: "https://rooms.example.com/leasehold", CorrelationKeys: []string{"userName"}}
	factory := Factory(outbound.Client(false), false)
	if _, err := factory(good, oldSecret+" "+newSecret); err != nil {
		t.Error(err)
	}
	if _, err := factory(good, keptCredential); err != nil {
		t.Error(err)
	}

	for _, credential := range []string{"", "SECRETSECRETSECRETSECRETSECRETSECRET", "whsec_", "whsec_U0VDUkVU", "whsec_!SECRET", oldSecret + " " + newSecret + " " + oldSecret, "whsec_" + strings.Repeat("SECRETSE", 12)} {
		_, err := factory(good, credential)
		if entitlement.KindOf(err) != entitlement.Invalid || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("%q: %v", credential, err)
		}
	}
	for name, edit := range map[string]func(*entitlement.ConnectorConfig){
		"http":          func(c *entitlement.ConnectorConfig) { c.URL = "http://rooms.example.com" },
		"no keys":       func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = nil },
		"a wrong key":   func(c *entitlement.ConnectorConfig) { c.CorrelationKeys = []string{"phone"} },
		"accounts":      func(c *entitlement.ConnectorConfig) { c.MakeAccounts = true },
		"accountsAtEnd": func(c *entitlement.ConnectorConfig) { c.DeleteAccounts = true },
		"invitations":   func(c *entitlement.ConnectorConfig) { c.InviteEverybody = true },
		"removalForm":   func(c *entitlement.ConnectorConfig) { c.ValueListRemoval = true },
		"roleValues":    func(c *entitlement.ConnectorConfig) { c.RoleValues = []string{"a"} },
		"entitlements":  func(c *entitlement.ConnectorConfig) { c.EntitlementValues = []string{"a"} },
	} {
		cfg := good
		edit(&cfg)
		if _, err := factory(cfg, oldSecret); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPrivateAddressIsNotCalled(t *testing.T) {
	var asked atomic.Int64
	address := serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	cfg := entitlement.ConnectorConfig{URL: "https://" + address.Host, CorrelationKeys: []string{"userName"}}
	c, err := Factory(outbound.Client(false), false)(cfg, oldSecret)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Resource(t.Context(), "front")
	if r := connector.RefusalOf(err); !r.Permanent || !strings.Contains(r.Detail, "not a public one") || asked.Load() > 0 {
		t.Errorf("%v, and it was asked %d times", err, asked.Load())
	}
}

// answering is a connector of a target that answers everything with a status and a body.
func answering(t *testing.T, status int, body string) *Connector {
	return open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	})), oldSecret, entitlement.ConnectorConfig{})
}

func TestATargetThatIsSwitchedOffNeedsAPerson(t *testing.T) {
	c := answering(t, http.StatusGone, "")
	_, check := c.Check(t.Context(), front, WayAmong, []connector.PrincipalRef{"a"})
	_, apply := c.Apply(t.Context(), front, []connector.Op{{Grant: true, Principal: "a"}, {Grant: true, Principal: "b"}})
	_, find := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "a"}})
	_, resource := c.Resource(t.Context(), "front")
	for _, err := range []error{check, apply, find, resource} {
		r := connector.RefusalOf(err)
		if r.Reason != connector.RefusedByTarget || !r.Permanent || !strings.Contains(r.Detail, "switched off") || entitlement.KindOf(err).Verdict() != entitlement.Permanent {
			t.Errorf("%+v, %v", r, err)
		}
	}
	if check := c.Survey(t.Context()); !strings.Contains(check.Error, "switched off") {
		t.Errorf("the check says %q", check.Error)
	}
}

// What becomes of one change is said by its own line, at 200 as at 409.
func TestEachChangeOfABatchHasItsOwnOutcome(t *testing.T) {
	ops := []connector.Op{{Grant: true, Principal: "a"}, {Grant: true, Principal: "b"}, {Principal: "c"}, {Grant: true, Principal: "d"}, {Grant: true, Principal: "e"}, {Grant: true, Principal: "f"}}
	lines := `[{"do":"grant","principal":"d","status":"retry","retryAfter":99999999},{"do":"revoke","principal":"c","status":"refused","reason":"last-member"},
		{"do":"grant","principal":"a","status":"done"},{"do":"grant","principal":"b","status":"principal-missing"},{"do":"grant","principal":"f","status":"pending"},
		{"do":"revoke","principal":"a","status":"refused"},{"do":"grant","principal":"z","status":"refused"}]`
	for _, status := range []int{200, 409} {
		c := answering(t, status, `{"verb":"apply","resource":"front","role":"open","results":`+lines+`}`)
		got, err := c.Apply(t.Context(), front, ops)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"", "principal-missing true 0s", "refused-by-target true 0s", "target-unavailable false 1h0m0s", "not-understood false 0s", ""}
		for i, r := range got {
			said := ""
			if r.Err != nil {
				said = fmt.Sprint(r.Err.Reason, " ", r.Err.Permanent, " ", r.Err.After)
			}
			if said != want[i] {
				t.Errorf("%d: op %d is %q, want %q", status, i, said, want[i])
			}
		}
	}
}

// Two lines about one change that contradict each other are no answer.
func TestAnAnswerThatContradictsItselfIsNotBelieved(t *testing.T) {
	c := answering(t, 200, `{"verb":"apply","resource":"front","role":"open","results":[{"do":"grant","principal":"a","status":"done"},{"do":"grant","principal":"a","status":"refused"}]}`)
	_, err := c.Apply(t.Context(), front, []connector.Op{{Grant: true, Principal: "a"}})
	if r := connector.RefusalOf(err); r.Reason != connector.NotUnderstood || r.Permanent {
		t.Errorf("%v", err)
	}
}

// Whoever is not answered for is not missing, and who could be another is not guessed.
func TestPeopleAreFoundOnlyByAnAnswerThatHeedsTheQuestion(t *testing.T) {
	finds := func(answer func(values []string) any, who ...string) ([]connector.Found, error) {
		c := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var q question
			json.NewDecoder(r.Body).Decode(&q)
			json.NewEncoder(w).Encode(map[string]any{"verb": q.Verb, "found": answer(q.Values)})
		})), oldSecret, entitlement.ConnectorConfig{})
		var all []connector.Correlation
		for _, name := range who {
			all = append(all, connector.Correlation{UserName: name})
		}
		return c.FindPrincipals(t.Context(), all)
	}
	line := func(value string, ids ...string) found { return found{value, append([]string{}, ids...)} }

	for name, answer := range map[string]func([]string) any{
		"nobody is answered for":  func([]string) any { return []found{} },
		"everybody is found":      func(vs []string) any { return []found{line(vs[0], "x"), line(vs[1], "x")} },
		"somebody else is found":  func(vs []string) any { return []found{line(vs[0], "x"), line(vs[1]), line("other", "y")} },
		"one is answered twice":   func(vs []string) any { return []found{line(vs[0], "x"), line(vs[0], "y"), line(vs[1])} },
		"an account has no id":    func(vs []string) any { return []found{line(vs[0], ""), line(vs[1])} },
		"an account's id is long": func(vs []string) any { return []found{line(vs[0], strings.Repeat("x", 257)), line(vs[1])} },
		"ids are left out":        func(vs []string) any { return []map[string]string{{"value": vs[0]}, {"value": vs[1]}} },
	} {
		if got, err := finds(answer, "ann"); connector.RefusalOf(err).Reason != connector.NotUnderstood {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}

	same := func(vs []string) any { return []found{line(vs[0], "x", "x"), line(vs[1], "x"), line(vs[2])} }
	got, err := finds(same, "ann", "bob")
	if err != nil || got[0].Err == nil || got[0].Err.Reason != connector.PrincipalAmbiguous || got[1].Err == nil {
		t.Errorf("one account of two people: %+v, %v", got, err)
	}
	if got, err := finds(func(vs []string) any { return []found{line(vs[0], "x", "x"), line(vs[1])} }, "ann"); err != nil || got[0].Ref != "x" {
		t.Errorf("an account that is named twice: %+v, %v", got, err)
	}
}

// A list that never ends is left.
func TestListsComeToAnEnd(t *testing.T) {
	var asked atomic.Int64
	c := open(t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q question
		json.NewDecoder(r.Body).Decode(&q)
		n := asked.Add(1)
		fmt.Fprintf(w, `{"verb":%q,"resource":%q,"role":%q,"members":["m%d"],"resources":[{"id":"r"},{"id":"r"}],"next":"c%d"}`, q.Verb, q.Resource, q.Role, n, n)
	})), oldSecret, entitlement.ConnectorConfig{})

	told, err := c.Check(t.Context(), front, WayList, []connector.PrincipalRef{"m3", "other"})
	if err != nil || told[0] != entitlement.PresencePresent || told[1] != entitlement.PresenceUnknown || asked.Load() != maxPages {
		t.Errorf("%v, %v after %d pages", told, err, asked.Load())
	}
	page, err := c.ListResources(t.Context(), connector.Query{Token: "1999 c"})
	if err != nil || len(page.Items) != 1 || page.Next == "" {
		t.Errorf("%+v, %v", page, err)
	}
	if page, err = c.ListResources(t.Context(), connector.Query{Token: page.Next}); err != nil || page.Next != "" {
		t.Errorf("%+v, %v", page, err)
	}
	for _, token := range []string{"x", "-1 c", "0 c", "5", "999999 c"} {
		if _, err := c.ListResources(t.Context(), connector.Query{Token: token}); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%q: %v", token, err)
		}
	}
}

// What a target calls its resources is made fit to be shown, and what cannot be given says why.
func TestTheListOfResourcesSaysWhatCannotBeGiven(t *testing.T) {
	c := answering(t, 200, `{"verb":"listResources","resources":[{"id":"a","name":"A\u202e\n<b>","roles":[{"id":"r"}]},{"id":"b","reason":"<script>","roles":[{"id":"r"}]},{"id":"c"},
		{"id":" d","roles":[{"id":"r"}]},{"id":"e","roles":[{"id":"r"},{"id":"r"}]},{"id":""}]}`)
	page, err := c.ListResources(t.Context(), connector.Query{Limit: 10})
	if err != nil || len(page.Items) != 5 {
		t.Fatalf("%+v, %v", page, err)
	}
	for i, why := range []string{"", "says that this resource", "names no role", "cannot be used", "cannot be used"} {
		if o := page.Items[i]; (o.Reason == "") != (why == "") || !strings.Contains(o.Reason, why) || strings.ContainsAny(o.DisplayName, "\n\u202e") || o.OriginSystem != OriginSystem {
			t.Errorf("%+v, want %q", o, why)
		}
	}
}

// A check tells how many changes the target takes at once, and that is what is sent from then on.
func TestACheckTellsTheBatch(t *testing.T) {
	target := newTarget()
	address := serve(t, target)
	c := open(t, address, secretText(target.Secret), entitlement.ConnectorConfig{})
	if c.Describe().MaxBatch != usualBatch {
		t.Errorf("before a check: %d", c.Describe().MaxBatch)
	}
	if _, err := c.Apply(t.Context(), front, []connector.Op{{Grant: true, Principal: "account-1"}}); err != nil {
		t.Fatal(err)
	}
	check := c.Survey(t.Context())
	if check.Error != "" || !slices.Equal(check.Shows, []string{"resources", "members"}) || !slices.Equal(check.Filters, []string{"members among", "people by userName"}) {
		t.Errorf("found %+v", check)
	}
	if n := open(t, address, secretText(target.Secret), entitlement.ConnectorConfig{Check: check}).Describe().MaxBatch; n != 50 {
		t.Errorf("after a check: %d", n)
	}
}

// A target that says of everything that it is missing has lost its data: nothing ends by that.
func TestAMissingResourceNeedsATargetThatShowsOthers(t *testing.T) {
	target := newTarget()
	target.Rooms = nil
	c := open(t, serve(t, target), secretText(target.Secret), entitlement.ConnectorConfig{})
	_, err := c.Check(t.Context(), front, WayList, []connector.PrincipalRef{"a"})
	if r := connector.RefusalOf(err); r.Reason != connector.NotUnderstood || r.Permanent {
		t.Errorf("%v", err)
	}
}

// No error quotes a secret, a signature or a person.
func TestErrorsNameNeitherSecretsNorPeople(t *testing.T) {
	dead, _ := url.Parse("http://127.0.0.1:1/")
	c := open(t, dead, oldSecret, entitlement.ConnectorConfig{})
	_, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann@example.com"}})
	if err == nil || strings.Contains(err.Error(), "ann@") || strings.Contains(err.Error(), "whsec_") || strings.Contains(err.Error(), "v1,") {
		t.Errorf("%v", err)
	}
}
