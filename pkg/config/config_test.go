package config_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"leasehold/pkg/config"
	"leasehold/pkg/names"
)

const issuers = `[{"issuer":"https://id.example.com","keySet":"https://id.example.com/keys","audience":"leasehold"}]`

// environment holds a right value for every key that any function is given.
func environment() map[string]string {
	return map[string]string{
		string(names.EnvTable):          "Leasehold-Table",
		string(names.EnvUrgentQueue):    "https://sqs.eu-west-1.amazonaws.com/123456789012/deliver-urgent",
		string(names.EnvBulkQueue):      "https://sqs.eu-west-1.amazonaws.com/123456789012/deliver-bulk",
		string(names.EnvBucket):         "leasehold-exports",
		string(names.EnvFanoutQueue):    "https://sqs.eu-west-1.amazonaws.com/123456789012/fanout",
		string(names.EnvNetwork):        "internet",
		string(names.EnvVPCUrgentQueue): "https://sqs.eu-west-1.amazonaws.com/123456789012/deliver-urgent-vpc",
		string(names.EnvVPCBulkQueue):   "",
		string(names.EnvIssuers):        issuers,
		string(names.EnvFirstAdmin):     "https://id.example.com|auth0|17",
		string(names.EnvPublicURL):      "",
		string(names.EnvSecretPath):     "/leasehold/connectors",
		string(names.EnvSignInPath):     "/leasehold/sign-in",
		string(names.EnvInternal):       "10.20.0.0/16, dc1.corp.example,192.168.1.7",
		string(names.EnvEmulated):       "false",
		"AWS_REGION":                    "eu-west-1",
		"AWS_ACCESS_KEY_ID":             "AKIDEXAMPLE",
		"AWS_SECRET_ACCESS_KEY":         "very-secret-key",
		"AWS_SESSION_TOKEN":             "very-secret-token",
	}
}

func lookup(env map[string]string) func(string) (string, bool) {
	return func(key string) (string, bool) {
		value, ok := env[key]
		return value, ok
	}
}

// Load demands exactly the keys that names.Functions lists: without any one of
// them it refuses, and a key that is not listed changes nothing.
func TestLoadDemandsExactlyTheListedKeys(t *testing.T) {
	for _, function := range names.Functions {
		t.Run(function.ID, func(t *testing.T) {
			whole, err := config.Load(lookup(environment()), function.ID)
			if err != nil {
				t.Fatalf("a whole environment: %v", err)
			}

			for key := range environment() {
				if !strings.HasPrefix(key, "LEASEHOLD_") {
					continue
				}
				env := environment()
				delete(env, key)
				got, err := config.Load(lookup(env), function.ID)

				if listed := slices.Contains(function.Env(), names.EnvKey(key)); listed {
					if err == nil || !strings.Contains(err.Error(), key+" is not set") {
						t.Errorf("without %s: error %v, want one that names it", key, err)
					}
				} else if err != nil || !reflect.DeepEqual(got, whole) {
					t.Errorf("%s is not listed but matters: %v", key, err)
				}
			}
		})
	}
}

// TestEveryKeyIsInTheEnvironmentOfTheTests keeps the test above honest.
func TestEveryKeyIsInTheEnvironmentOfTheTests(t *testing.T) {
	for _, function := range names.Functions {
		for _, key := range function.Env() {
			if _, ok := environment()[string(key)]; !ok {
				t.Errorf("%s has no value in environment()", key)
			}
		}
	}
}

func TestLoadReadsEveryValue(t *testing.T) {
	env := environment()
	env[string(names.EnvPublicURL)] = "https://access.example.com/, https://access.example.org"
	env[string(names.EnvEmulated)] = "true"
	env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:4566"

	got, err := config.Load(lookup(env), names.Catalogs)
	if err != nil {
		t.Fatal(err)
	}

	catalogs, _ := names.FindFunction(names.Catalogs)
	want := config.Config{
		Function: catalogs,
		Table:    "Leasehold-Table",
		Queues: map[string]string{names.DeliverUrgent: "https://sqs.eu-west-1.amazonaws.com/123456789012/deliver-urgent",
			names.FanoutJobs: "https://sqs.eu-west-1.amazonaws.com/123456789012/fanout"},
		Issuers: []config.Issuer{{Issuer: "https://id.example.com", KeySet: "https://id.example.com/keys",
			Audience: "leasehold", TokenRule: config.RuleAccessTokenType, PrincipalClaim: "sub"}},
		FirstAdmin: config.FirstAdmin{Issuer: "https://id.example.com", Value: "auth0|17"},
		PublicURLs: []string{"https://access.example.com", "https://access.example.org"},
		SecretPath: "/leasehold/connectors",
		Emulated:   true,
		Network:    names.Internet,
		AWS: config.AWS{Region: "eu-west-1", Endpoint: "http://127.0.0.1:4566", AccessKeyID: "AKIDEXAMPLE",
			SecretAccessKey: "very-secret-key", SessionToken: "very-secret-token"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestLoadRefuses(t *testing.T) {
	issuer := func(members string) string { return "[{" + members + "}]" }
	tests := map[string]struct{ key, value, want string }{
		"empty table":              {"LEASEHOLD_TABLE", "", "it is empty"},
		"queue that is no URL":     {"LEASEHOLD_QUEUE_URGENT", "deliver-urgent", "https://"},
		"jobs' queue that is none": {"LEASEHOLD_QUEUE_FANOUT", "fanout", "https://"},
		"issuers not a list":       {"LEASEHOLD_ISSUERS", "{}", "not a list of issuers"},
		"issuers followed by more": {"LEASEHOLD_ISSUERS", issuers + "]", "something follows"},
		"no issuer at all":         {"LEASEHOLD_ISSUERS", "[]", "nobody could sign in"},
		"unknown member":           {"LEASEHOLD_ISSUERS", issuer(`"issuer":"https://a","tokenrule2":"scope"`), "tokenrule2"},
		"unknown rule":             {"LEASEHOLD_ISSUERS", issuer(`"issuer":"https://a","keySet":"https://a/k","audience":"x","tokenRule":"any"`), `"any"`},
		"no audience":              {"LEASEHOLD_ISSUERS", issuer(`"issuer":"https://a","keySet":"https://a/k"`), "audience"},
		"no key set":               {"LEASEHOLD_ISSUERS", issuer(`"issuer":"https://a","audience":"x"`), "keySet"},
		"key set in the clear":     {"LEASEHOLD_ISSUERS", issuer(`"issuer":"https://a","keySet":"http://a/k","audience":"x"`), "begin with https://"},
		"the same issuer twice":    {"LEASEHOLD_ISSUERS", strings.Replace(issuers, "]", ","+issuers[1:], 1), "listed twice"},
		"administrator, no bar":    {"LEASEHOLD_FIRST_ADMIN", "https://id.example.com", "a bar"},
		"administrator, no issuer": {"LEASEHOLD_FIRST_ADMIN", "|17", "an issuer"},
		"administrator elsewhere":  {"LEASEHOLD_FIRST_ADMIN", "https://other.example.com|17", "not one of LEASEHOLD_ISSUERS"},
		"address in the clear":     {"LEASEHOLD_PUBLIC_URL", "http://a.example.com", "begin with https://"},
		"secret that is no name":   {"LEASEHOLD_ISSUERS", issuer(`"issuer":"https://a","keySet":"https://a/k","audience":"x","portalClient":{"id":"pages","secret":"../connectors/x"}`), "portalClient"},
		"client without an id":     {"LEASEHOLD_ISSUERS", issuer(`"issuer":"https://a","keySet":"https://a/k","audience":"x","portalClient":{}`), "portalClient"},
		"public address, query":    {"LEASEHOLD_PUBLIC_URL", "https://a.example.com/?x=1", "no user, query"},
		"path with a slash behind": {"LEASEHOLD_SECRET_PATH", "/leasehold/", "not end with one"},
		"path with none before":    {"LEASEHOLD_SECRET_PATH", "leasehold", "begin with a slash"},
		"neither true nor false":   {"LEASEHOLD_EMULATED", "yes", "true or false"},
		"no region":                {"AWS_REGION", "", "AWS_REGION is not set"},
		"endpoint that is no URL":  {"AWS_ENDPOINT_URL", "127.0.0.1:4566", "not a URL"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			env := environment()
			env[tt.key] = tt.value

			got, err := config.Load(lookup(env), names.Catalogs)

			if err == nil || !strings.Contains(err.Error(), tt.key) || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error = %v, want one with %q and %q", err, tt.key, tt.want)
			}
			if !reflect.DeepEqual(got, config.Config{}) {
				t.Errorf("a refused environment still gave %v", got)
			}
		})
	}
}

// An issuer on this machine, such as one made for development, gives tokens to anybody who
// asks. Only what runs on an emulator may take them.
func TestOnlyAnEmulatorTakesKeysInTheClear(t *testing.T) {
	for _, function := range []string{names.Catalogs, names.Requests} {
		env := environment()
		env[string(names.EnvIssuers)] = `[{"issuer":"http://127.0.0.1:9","keySet":"http://127.0.0.1:9/jwks","audience":"api://leasehold"}]`
		env[string(names.EnvFirstAdmin)] = "http://127.0.0.1:9|admin"
		if _, err := config.Load(lookup(env), function); err == nil || !strings.Contains(err.Error(), "begin with https://") {
			t.Errorf("%s deployed: error = %v", function, err)
		}
		env[string(names.EnvEmulated)] = "true"
		if _, err := config.Load(lookup(env), function); err != nil {
			t.Errorf("%s on an emulator: %v", function, err)
		}
	}
}

func TestLoadSaysAllThatIsWrong(t *testing.T) {
	for _, function := range names.Functions {
		_, err := config.Load(lookup(nil), function.ID)
		if err == nil {
			t.Fatalf("%s: an empty environment was accepted", function.ID)
		}
		for key := range environment() {
			needed := strings.HasPrefix(key, "AWS_") && key != "AWS_SESSION_TOKEN" || slices.Contains(function.Env(), names.EnvKey(key))
			if needed && !strings.Contains(err.Error(), key) {
				t.Errorf("%s: the message does not name %s", function.ID, key)
			}
		}
	}
}

func TestLoadKnowsItsFunctions(t *testing.T) {
	if _, err := config.Load(lookup(environment()), "portal2"); err == nil || !strings.Contains(err.Error(), "portal2") {
		t.Errorf("error = %v, want one that names the unknown function", err)
	}
}

func TestNothingSecretIsPrinted(t *testing.T) {
	c, err := config.Load(lookup(environment()), names.Catalogs)
	if err != nil {
		t.Fatal(err)
	}

	encoded, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s %v %#v %s", c, c, c, &c, c.AWS, c.AWS, encoded)

	env := environment()
	maps.DeleteFunc(env, func(_, value string) bool { return !strings.HasPrefix(value, "very-secret") })
	for _, secret := range append(slices.Collect(maps.Values(env)), "auth0|17") {
		if strings.Contains(printed, secret) {
			t.Errorf("%q is shown in %s", secret, printed)
		}
	}
}
