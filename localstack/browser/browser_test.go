// Package browser drives the pages in Chromium, on a Leasehold that runs in this process.
package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/localstack/dev/system"
	"leasehold/localstack/seed"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
	"leasehold/pkg/portal"
)

// What people do at the pages, and how each page is.
func TestThePagesInABrowser(t *testing.T) { inBrowser(t, "pages.test.mjs") }

// The article of 2019, section by section, through the pages alone.
func TestStory_TheArticleThroughThePagesAlone(t *testing.T) { inBrowser(t, "article.test.mjs") }

// Each page in its states.
func TestEveryPageInItsStatesInABrowser(t *testing.T) { inBrowser(t, "states.test.mjs") }

// inBrowser runs a file of tests in the browser, on a system of its own. It is told by its
// environment to: `make test-browser` sees that the browser and the packages are there.
func inBrowser(t *testing.T, file string) {
	t.Helper()
	browser := os.Getenv("LEASEHOLD_BROWSER")
	if browser == "" {
		t.Skip("no browser is named: run `make test-browser`")
	}

	s, err := system.Start(system.Options{Every: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := seed.Run(t.Context(), s.Endpoints, s.Token, io.Discard); err != nil {
		t.Fatal(err)
	}

	if err := fill(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := fillKeptByTwo(t.Context(), s); err != nil {
		t.Fatal(err)
	}

	if err := fillEmpty(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := fillSponsored(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	if err := s.Compare(t.Context()); err != nil { // targets were compared with what ought to be
		t.Fatal(err)
	}

	pictures := os.Getenv("LEASEHOLD_PICTURES")
	if pictures != "" {
		if pictures, err = filepath.Abs(pictures); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(pictures, 0o755); err != nil {
			t.Fatal(err)
		}
	}

	var patterns []string
	for _, r := range portal.Routes() {
		if r.Method == http.MethodGet {
			patterns = append(patterns, r.Pattern)
		}
	}
	table, err := json.Marshal(patterns)
	if err != nil {
		t.Fatal(err)
	}

	run := exec.CommandContext(t.Context(), "node", "--test", "--test-reporter=spec", file)
	if part := os.Getenv("LEASEHOLD_STORY"); part != "" { // of those whose names fit
		run.Args = slices.Insert(run.Args, 2, "--test-name-pattern="+part)
	}
	run.Env = append(os.Environ(), "SITE="+s.Endpoints.URL+names.PortalPath, "BROWSER="+browser, "PICTURES="+pictures, "PATTERNS="+string(table))
	run.Stdout, run.Stderr = os.Stdout, os.Stderr
	if err := run.Run(); err != nil {
		t.Errorf("the pages in the browser: %v", err)
	}
}

// many is more than a page shows.
const many = 30

// fill adds to what the seed made many of each: people who have no account at any target, and a
// catalog with packages and resources.
func fill(ctx context.Context, s *system.System) error {
	catalog, err := post(ctx, s, names.Entitlement+"/catalogs", object{"displayName": "Full", "description": "Has more than a page shows", "state": "published"})
	if err != nil {
		return err
	}
	for i := range many {
		newcomer, group := fmt.Sprintf("newcomer%02d", i), fmt.Sprintf("group%02d", i)
		if _, err := post(ctx, s, names.APIVersion+"/users", object{"displayName": fmt.Sprintf("Newcomer %02d", i), "userPrincipalName": newcomer + "@northwind.example", "mailNickname": newcomer, "accountEnabled": true}); err != nil {
			return err
		}
		id, err := post(ctx, s, names.APIVersion+"/groups", object{"displayName": fmt.Sprintf("Project %02d", i), "mailNickname": group, "mailEnabled": false, "securityEnabled": true})
		if err != nil {
			return err
		}
		if _, err := post(ctx, s, names.Entitlement+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog}, "resource": object{"originId": id, "originSystem": "AadGroup"}}); err != nil {
			return err
		}
		if _, err := post(ctx, s, names.Entitlement+"/accessPackages", object{"displayName": fmt.Sprintf("Project %02d", i), "description": "One of many", "catalog": object{"id": catalog}}); err != nil {
			return err
		}
	}
	return nil
}

type object = map[string]any

// fillKeptByTwo adds a catalog that two people own, with a package that is held, and whose policy
// lets managers ask for their people.
func fillKeptByTwo(ctx context.Context, s *system.System) error {
	catalog, err := post(ctx, s, names.Entitlement+"/catalogs", object{"displayName": "Kept by two", "description": "Two people own it", "state": "published"})
	if err != nil {
		return err
	}
	for _, owner := range []string{components.Owner, components.Manager} {
		id, err := call(ctx, s, owner, http.MethodGet, names.APIVersion+"/me", nil, http.StatusOK)
		if err != nil {
			return err
		}
		role := object{"principalId": id, "roleDefinitionId": string(entitlement.CatalogOwner), "appScopeId": "/AccessPackageCatalog/" + catalog}
		if _, err := post(ctx, s, names.APIVersion+"/roleManagement/entitlementManagement/roleAssignments", role); err != nil {
			return err
		}
	}

	group, err := post(ctx, s, names.APIVersion+"/groups", object{"displayName": "Shared drive", "mailNickname": "shared-drive", "mailEnabled": false, "securityEnabled": true})
	if err != nil {
		return err
	}
	if _, err := post(ctx, s, names.Entitlement+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog}, "resource": object{"originId": group, "originSystem": "AadGroup"}}); err != nil {
		return err
	}
	pkg, err := post(ctx, s, names.Entitlement+"/accessPackages", object{"displayName": "Team drive", "description": "Files of the team", "catalog": object{"id": catalog}})
	if err != nil {
		return err
	}
	role := object{"role": object{"originId": "Member_" + group, "originSystem": "AadGroup", "resource": object{"originId": group, "originSystem": "AadGroup"}},
		"scope": object{"originId": group, "originSystem": "AadGroup", "isRootScope": true}}
	if _, err := post(ctx, s, names.Entitlement+"/accessPackages/"+pkg+"/resourceRoleScopes", role); err != nil {
		return err
	}

	policy, err := post(ctx, s, names.Entitlement+"/assignmentPolicies", object{"displayName": "For oneself and one's people", "description": "", "accessPackage": object{"id": pkg},
		"allowedTargetScope": "allMemberUsers", "expiration": object{"type": "afterDuration", "duration": "P90D"},
		"requestorSettings": object{"enableTargetsToSelfAddAccess": true, "enableTargetsToSelfRemoveAccess": true, "enableOnBehalfRequestorsToAddAccess": true,
			"onBehalfRequestors": []object{{"@odata.type": "#microsoft.graph.targetManager", "managerLevel": 1}}}})
	if err != nil {
		return err
	}
	_, err = call(ctx, s, components.Member, http.MethodPost, names.Entitlement+"/assignmentRequests", object{"requestType": "userAdd",
		"assignment": object{"accessPackageId": pkg, "assignmentPolicyId": policy}}, http.StatusCreated)
	return err
}

// fillSponsored adds an organization that a manager sponsors, with somebody who signs in there.
func fillSponsored(ctx context.Context, s *system.System) error {
	organization, err := post(ctx, s, names.Entitlement+"/connectedOrganizations", object{"displayName": "Fabrikam", "description": "Builds things", "state": "configured",
		"identitySources": []object{{"@odata.type": "#microsoft.graph.domainIdentitySource", "domainName": "fabrikam.example", "displayName": "Fabrikam"}}})
	if err != nil {
		return err
	}
	sponsor, err := call(ctx, s, components.Manager, http.MethodGet, names.APIVersion+"/me", nil, http.StatusOK)
	if err != nil {
		return err
	}
	if _, err := call(ctx, s, components.Admin, http.MethodPost, names.Entitlement+"/connectedOrganizations/"+organization+"/internalSponsors/$ref",
		object{"@odata.id": s.Endpoints.URL + names.APIVersion + "/users/" + sponsor}, http.StatusNoContent); err != nil {
		return err
	}
	_, err = post(ctx, s, names.APIVersion+"/users", object{"displayName": "Gil Guest", "userPrincipalName": "gil@fabrikam.example", "mail": "gil@fabrikam.example",
		"mailNickname": "gil", "userType": "Guest", "accountEnabled": true})
	return err
}

// fillEmpty adds one of each that has nothing in it, and a connector that is paused.
func fillEmpty(ctx context.Context, s *system.System) error {
	catalog, err := post(ctx, s, names.Entitlement+"/catalogs", object{"displayName": "Empty", "description": "Has nothing", "state": "unpublished"})
	if err != nil {
		return err
	}
	for path, body := range map[string]object{
		names.Entitlement + "/accessPackages": {"displayName": "Nothing yet", "description": "Has nothing", "catalog": object{"id": catalog}},
		names.APIVersion + "/groups":          {"displayName": "Nobody in it", "mailNickname": "nobody-in-it", "mailEnabled": false, "securityEnabled": true},
		names.APIVersion + "/users":           {"displayName": "Has nothing", "userPrincipalName": "has.nothing@northwind.example", "mailNickname": "has.nothing", "accountEnabled": true},
		names.Ours + "/connectors": {"displayName": "Paused", "kind": "scim", "url": s.Endpoints.SCIM, "correlationKeys": []string{"userName"}, "credential": "a word",
			"isPaused": true},
	} {
		if _, err := post(ctx, s, path, body); err != nil {
			return err
		}
	}
	return nil
}

// post makes something as the administrator, and returns its id.
func post(ctx context.Context, s *system.System, path string, body object) (string, error) {
	return call(ctx, s, components.Admin, http.MethodPost, path, body, http.StatusCreated)
}

// call calls the API as somebody, takes one answer alone, and returns the id in it.
func call(ctx context.Context, s *system.System, as, method, path string, body object, want int) (string, error) {
	token, err := s.Token(ctx, as)
	if err != nil {
		return "", err
	}
	sent, err := json.Marshal(body)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, method, s.Endpoints.URL+path, bytes.NewReader(sent))
	if err != nil {
		return "", err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var made struct{ ID string }
	if answer.StatusCode != want {
		why, _ := io.ReadAll(answer.Body)
		return "", fmt.Errorf("%s %s: %s %s", method, path, answer.Status, why)
	}
	if want == http.StatusNoContent {
		return "", nil
	}
	err = json.NewDecoder(answer.Body).Decode(&made)
	return made.ID, err
}
