package clients

import (
	"context"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	"github.com/microsoft/kiota-abstractions-go/store"
	jsonformat "github.com/microsoft/kiota-serialization-json-go"
	textformat "github.com/microsoft/kiota-serialization-text-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go-core/authentication"
	governance "github.com/microsoftgraph/msgraph-sdk-go/identitygovernance"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"
)

// errorMapping is how the SDK's own calls read an error.
var errorMapping = abstractions.ErrorMappings{"XXX": odataerrors.CreateODataErrorFromDiscriminatorValue}

func TestMain(m *testing.M) {
	// What the SDK's root package does for those who import all 40 services at once; only
	// that of identity governance is imported here.
	abstractions.RegisterDefaultSerializer(func() serialization.SerializationWriterFactory { return jsonformat.NewJsonSerializationWriterFactory() })
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return jsonformat.NewJsonParseNodeFactory() })
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return textformat.NewTextParseNodeFactory() })
	// The helpers are told how errors look by whoever uses them, that for batches by other keys.
	batchMapping := abstractions.ErrorMappings{"4XX": odataerrors.CreateODataErrorFromDiscriminatorValue, "5XX": odataerrors.CreateODataErrorFromDiscriminatorValue}
	for key, mapping := range map[string]abstractions.ErrorMappings{core.PageIteratorErrorRegistryKey: errorMapping, core.BatchRequestErrorRegistryKey: batchMapping} {
		if err := core.RegisterError(key, mapping); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// token is an account's access token, in the form in which the SDK takes credentials.
type token string

func (t token) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(t), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// client is the SDK with the address and the token of an account, and with its own retries,
// compression and telemetry as they come.
type client struct {
	t       *testing.T
	adapter *core.GraphRequestAdapterBase
}

// as returns the client of an account at the stack itself.
func as(t *testing.T, account string) client {
	t.Helper()
	return at(t, account, os.Getenv("LEASEHOLD_URL"))
}

// behind returns the client of an account whose calls go through a proxy.
func behind(t *testing.T, account string, proxy *httptest.Server) client {
	t.Helper()
	return at(t, account, proxy.URL)
}

func at(t *testing.T, account, base string) client {
	t.Helper()
	text := os.Getenv("LEASEHOLD_TOKEN_" + strings.ToUpper(account))
	if base == "" || text == "" {
		t.Fatal("no stack is up for this test: make test-clients starts one")
	}
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	provider, err := authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(token(text), []string{"leasehold"}, []string{address.Hostname()})
	if err != nil {
		t.Fatal(err)
	}
	adapter, err := core.NewGraphRequestAdapterBase(provider, core.GraphClientOptions{GraphServiceLibraryVersion: "1.89.0"})
	if err != nil {
		t.Fatal(err)
	}
	adapter.SetBaseUrl(base + "/v1.0")
	adapter.EnableBackingStore(store.BackingStoreFactoryInstance)
	return client{t, adapter}
}

// management is the SDK's builder for all calls of entitlement management.
func (c client) management() *governance.EntitlementManagementRequestBuilder {
	parameters := map[string]string{"baseurl": c.adapter.GetBaseUrl()}
	return governance.NewIdentityGovernanceRequestBuilderInternal(parameters, c.adapter).EntitlementManagement()
}

// request is a call below the base address, for the few that belong to another service.
func (c client) request(method abstractions.HttpMethod, path string) *abstractions.RequestInformation {
	info := abstractions.NewRequestInformationWithMethodAndUrlTemplateAndPathParameters(method, "{+baseurl}"+path, map[string]string{"baseurl": c.adapter.GetBaseUrl()})
	info.Headers.Add("Accept", "application/json")
	return info
}

// me returns the id of the client's own account.
func (c client) me() string {
	c.t.Helper()
	user, err := c.adapter.Send(c.t.Context(), c.request(abstractions.GET, "/me"), models.CreateUserFromDiscriminatorValue, errorMapping)
	return *must(c.t, user, err).(models.Userable).GetId()
}

// members returns the ids of a group's members.
func (c client) members(group string) []string {
	c.t.Helper()
	page, err := c.adapter.Send(c.t.Context(), c.request(abstractions.GET, "/groups/"+group+"/members"), models.CreateDirectoryObjectCollectionResponseFromDiscriminatorValue, errorMapping)
	var ids []string
	for _, each := range must(c.t, page, err).(models.DirectoryObjectCollectionResponseable).GetValue() {
		ids = append(ids, *each.GetId())
	}
	return ids
}

// must ends the test unless a call succeeded; an error is shown as the SDK reads it.
func must[T any](t *testing.T, value T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(explain(err))
	}
	return value
}

func explain(err error) string {
	if told, ok := err.(*odataerrors.ODataError); ok && told.GetErrorEscaped() != nil {
		return *told.GetErrorEscaped().GetCode() + ": " + *told.GetErrorEscaped().GetMessage()
	}
	return err.Error()
}

// eventually asks until the answer is good enough, or fails at its deadline.
func eventually[T any](t *testing.T, within time.Duration, what string, ask func() (T, error), good func(T) bool) T {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(300 * time.Millisecond) {
		seen, err := ask()
		if must(t, seen, err); good(seen) {
			return seen
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v; last seen: %v", what, within, seen)
		}
	}
}

func ptr[T any](value T) *T { return &value }
