package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/localstack/components"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector/connectortest/adserver"
	"leasehold/pkg/connector/connectortest/graphserver"
	"leasehold/pkg/connector/connectortest/identityserver"
	"leasehold/pkg/connector/connectortest/sharepointserver"
	"leasehold/pkg/connector/connectortest/slapd"
	"leasehold/pkg/connector/webhook/example"
)

// kind is a target of one kind, as an administrator registers it, and what a package gives there.
type kind struct {
	name            string // of the registration
	url, credential string
	gives           []given
	harm            func() []string // what was done there that nobody may do; nil: the target does not tell
}

// given are roles of one resource of a target. held asks the target itself who has each of them, in their order.
type given struct {
	search, resource string // how it is looked for, and what it is called in what the target has
	roles            []string
	who              string   // the person's name at the target
	others           []string // who had each of the roles before, and keeps it
	held             func() [][]string
}

// texts are ids of a target as texts.
func texts[T ~string](ids []T) (all []string) {
	for _, id := range ids {
		all = append(all, string(id))
	}
	return all
}

// graphKind is a tenant with a group and an application of two roles.
func graphKind(t *testing.T, upn string) kind {
	t.Helper()
	server := graphserver.New(graphserver.Named("as documented"), clock.System{})
	base := server.Start(t)
	who, other := server.AddUser(graphserver.User{UPN: upn}), server.AddUser(graphserver.User{UPN: "bob@northwind.example"})
	group := server.AddGroup(graphserver.Group{Name: "Sales of Graph"})
	server.Put(group, "members", other, true)
	app := server.AddApp(graphserver.App{Name: "ERP of Graph", Roles: []graphserver.AppRole{{Name: "clerk"}, {Name: "auditor"}}})
	roles := server.App(app).Roles

	credential, _ := json.Marshal(map[string]string{"tenantId": graphserver.Tenant, "clientId": graphserver.ClientID, "clientSecret": server.Secret, "authority": "http://" + base.Host})
	return kind{name: "msgraph", url: base.String(), credential: string(credential), gives: []given{
		{search: "Sales", resource: "Sales of Graph", roles: []string{"Member"}, who: who, others: []string{other},
			held: func() [][]string { return [][]string{texts(server.Linked(group, "members"))} }},
		{search: "ERP", resource: "ERP of Graph", roles: []string{"clerk", "auditor"}, who: who,
			held: func() [][]string {
				return [][]string{texts(server.Assigned(app, roles[0].ID)), texts(server.Assigned(app, roles[1].ID))}
			}},
	}}
}

// sharePointKind is a site with a group of its own.
func sharePointKind(t *testing.T, upn string) kind {
	t.Helper()
	server := sharepointserver.New(sharepointserver.Named("as documented"), clock.System{})
	base := server.Start(t)
	who, other := server.AddUser(sharepointserver.User{UPN: upn}), server.AddUser(sharepointserver.User{UPN: "bob@northwind.example"})
	const path = "/sites/sales"
	server.AddSite(sharepointserver.Site{Path: path, Title: "Sales site"})
	readers := server.AddGroup(path, "Readers")
	server.Put(path, readers, other, true)

	return kind{name: "sharepoint", url: base.String(), credential: server.Credential("http://" + base.Host), harm: server.Harm, gives: []given{
		{search: "Sales", resource: "Sales site", roles: []string{"Readers"}, who: who, others: []string{other},
			held: func() [][]string { return [][]string{texts(server.Members(path, readers))} }},
	}}
}

// identityCenterKind is an instance whose assignments of accounts are made some seconds after they are asked for.
func identityCenterKind(t *testing.T, upn string) kind {
	t.Helper()
	server := identityserver.New(identityserver.Named("as documented"), clock.System{})
	base := server.Start(t)
	who := server.AddUser(identityserver.User{UserName: upn})
	set := server.AddSet("ReadOnly")
	account := server.AddAccount(identityserver.Account{ID: "444455556666", Name: "Production"})

	return kind{name: "identitycenter", url: base.String(), credential: server.ExternalID, harm: server.Harm, gives: []given{
		{resource: "Production", roles: []string{"ReadOnly"}, who: who,
			held: func() [][]string { return [][]string{texts(server.Held(identityserver.OfAccount(account, set)))} }},
	}}
}

// directoryKind is OpenLDAP's server, whose certificate is from an authority of its own; where it cannot be had,
// a documented domain.
func directoryKind(t *testing.T, upn string) kind {
	t.Helper()
	if exec.Command("../slapd/find", "--look").Run() != nil {
		t.Log("NOT TESTED ON OPENLDAP: there is no slapd, and `make slapd` fetches it; a documented domain stands in")
		return domainKind(t, upn)
	}

	server := slapd.Start(t)
	server.AddPerson(t, upn, "", "")
	const group = "cn=sales of the directory," + slapd.Base
	server.Add(t, group, map[string][]string{"objectClass": {"groupOfNames"}, "cn": {"sales of the directory"}, "member": {slapd.Placeholder}})

	credential, _ := json.Marshal(map[string]string{"bindDn": slapd.Service, "password": server.Password, "certificateAuthority": server.Authority, "placeholder": slapd.Placeholder})
	return kind{name: "ldap", url: server.URL(), credential: string(credential), gives: []given{
		{resource: "sales of the directory", roles: []string{"Member"}, who: slapd.DNOf(upn), others: []string{slapd.Placeholder},
			held: func() [][]string { return [][]string{server.Values(t, group, "member")} }},
	}}
}

// domainKind is a documented domain.
func domainKind(t *testing.T, upn string) kind {
	t.Helper()
	server := adserver.New()
	proxy := server.Start(t)
	name, _, _ := strings.Cut(upn, "@")
	// Its accounts are of another domain, so that the mail is what finds them.
	who := server.AddUser(name, upn)
	const group = "Sales of the domain"
	server.AddGroup(group)

	credential, _ := json.Marshal(map[string]string{"bindDn": adserver.Service, "password": server.Password, "certificateAuthority": proxy.Authority})
	return kind{name: "ldap", url: proxy.URL(), credential: string(credential), gives: []given{
		{resource: group, roles: []string{"Member"}, who: who, held: func() [][]string { return [][]string{server.Members(group)} }},
	}}
}

// webhookKind is the sample of the webhook contract.
func webhookKind(t *testing.T, upn string) kind {
	t.Helper()
	rooms := &example.Target{Secret: bytes.Repeat([]byte("k"), 32), Rooms: []string{"front"}, People: map[string][]string{upn: {"account-7"}}}
	server := httptest.NewServer(rooms)
	t.Cleanup(server.Close)
	return kind{name: "webhook", url: server.URL, credential: "whsec_" + base64.StdEncoding.EncodeToString(rooms.Secret), gives: []given{
		{resource: "Room front", roles: []string{"Open"}, who: "account-7", held: func() [][]string { return [][]string{rooms.Held("front", "open")} }},
	}}
}

// register registers the target, has it checked, and returns the connector's id.
func (k kind) register(t *testing.T) string {
	t.Helper()
	id := call(t, components.Admin, "POST", "/v1.0/leasehold/connectors", object{"displayName": unique(k.name), "kind": k.name, "url": k.url,
		"correlationKeys": []string{"userName", "mail"}, "credential": k.credential}).want(201).get("id")
	checked := call(t, components.Admin, "POST", "/v1.0/leasehold/connectors/"+id+"/check", nil).want(200)
	if checked.get("check.error") != "" || strings.Contains(checked.text, k.credential) {
		t.Errorf("the check of %s: %s", k.name, checked.text)
	}
	return id
}

// add picks the resource from what the target has, and puts it and its roles into the catalog and the package.
func (g given) add(t *testing.T, connector, catalog, pack string) {
	t.Helper()
	query := ""
	if g.search != "" {
		query = "?$search=" + url.QueryEscape(`"displayName:`+g.search+`"`)
	}
	offers := call(t, components.Admin, "GET", "/v1.0/leasehold/connectors/"+connector+"/resources"+query, nil).want(200)
	at := slices.IndexFunc(offers.values(), func(o object) bool { return dig(o, "displayName") == g.resource && o["isGrantable"] == true })
	if at < 0 {
		t.Fatalf("%s is not offered: %s", g.resource, offers.text)
	}
	id, system := dig(offers.values()[at], "id"), dig(offers.values()[at], "originSystem")

	call(t, components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog},
		"resource": object{"originId": id, "originSystem": system, "environment": object{"id": connector}}}).want(201)
	known := call(t, components.Admin, "GET", em+"/catalogs/"+catalog+"/resources?$expand=roles&$filter="+url.QueryEscape("originId eq '"+id+"'"), nil).want(200)
	resource := known.values()[0]
	for _, name := range g.roles {
		role := ""
		for _, r := range resource["roles"].([]any) {
			if dig(r.(object), "displayName") == name {
				role = dig(r.(object), "originId")
			}
		}
		if role == "" {
			t.Fatalf("%s has no role %s: %s", g.resource, name, known.text)
		}
		call(t, components.Admin, "POST", em+"/accessPackages/"+pack+"/resourceRoleScopes", object{
			"role":  object{"originId": role, "originSystem": system, "displayName": name, "resource": object{"id": dig(resource, "id"), "originId": id, "originSystem": system}},
			"scope": object{"originId": id, "originSystem": system, "isRootScope": true},
		}).want(201)
	}
}

// all reports whether exactly those who should hold every role do, the person with them or not.
func (g given) all(with bool) (bool, string) {
	want := slices.Clone(g.others)
	if with {
		want = append(want, g.who)
	}
	slices.Sort(want)
	for i, got := range g.held() {
		got = slices.Clone(got)
		slices.Sort(got)
		// A directory writes names in its own way.
		if !slices.EqualFunc(got, want, strings.EqualFold) {
			return false, fmt.Sprintf("%s of %s is held by %q, want %q", g.roles[i], g.resource, got, want)
		}
	}
	return true, ""
}

// await polls the targets themselves until every role is there, or gone, and returns how long each resource took.
func await(t *testing.T, all []kind, with bool, within time.Duration) (slowest time.Time) {
	t.Helper()
	began, what := time.Now(), map[bool]string{true: "there", false: "gone"}[with]
	done := map[string]bool{}
	eventually(t, within, func() (bool, string) {
		var missing []string
		for _, k := range all {
			for _, g := range k.gives {
				if done[g.resource] {
					continue
				}
				fine, seen := g.all(with)
				if !fine {
					slowest = time.Now()
					missing = append(missing, seen)
					continue
				}
				done[g.resource] = true
				t.Logf("%-14s %q %s after %.1f s", k.name, g.resource, what, time.Since(began).Seconds())
			}
		}
		return len(missing) == 0, strings.Join(missing, "; ")
	})
	return slowest
}

// One package gives a role at a target of every kind: registered, checked, picked, asked for, approved, delivered,
// read at the targets themselves, given back and gone. What others have stays.
func TestStory_APackageOfEveryKindIsAskedForDeliveredEndedAndGone(t *testing.T) {
	t.Parallel()
	// Not the one whom another story makes a guest for a while: the package is for members.
	me := call(t, components.Member, "GET", "/v1.0/me", nil).want(200)
	upn := me.get("userPrincipalName")
	all := []kind{graphKind(t, upn), sharePointKind(t, upn), identityCenterKind(t, upn), directoryKind(t, upn), webhookKind(t, upn)}

	catalog := newCatalog(t)
	pack := newPackageOf(t, catalog, all)
	approver := call(t, components.Approver, "GET", "/v1.0/me", nil).want(200).get("id")
	call(t, components.Admin, "POST", em+"/assignmentPolicies", object{"displayName": "Every kind", "accessPackage": object{"id": pack},
		"allowedTargetScope": "allMemberUsers", "expiration": object{"type": "noExpiration"},
		"requestorSettings": object{"enableTargetsToSelfAddAccess": true, "enableTargetsToSelfRemoveAccess": true},
		"requestApprovalSettings": object{"isApprovalRequiredForAdd": true, "stages": []object{{"durationBeforeAutomaticDenial": "P2D",
			"primaryApprovers": []object{{"@odata.type": "#microsoft.graph.singleUser", "userId": approver}}}}}}).want(201)

	asked := call(t, components.Member, "POST", em+"/assignmentRequests", object{"requestType": "userAdd", "justification": "of every kind",
		"assignment": object{"accessPackageId": pack}}).want(201).get("id")
	stages := call(t, components.Approver, "GET", em+"/accessPackageAssignmentApprovals/"+asked+"/stages", nil).want(200).values()
	requestState(t, asked, "pendingApproval", soon)
	for _, k := range all {
		for _, g := range k.gives {
			if fine, seen := g.all(false); !fine {
				t.Errorf("before it is approved: %s", seen)
			}
		}
	}
	call(t, components.Approver, "PATCH", em+"/accessPackageAssignmentApprovals/"+asked+"/stages/"+dig(stages[0], "id"),
		object{"reviewResult": "Approve", "justification": "fine"}).want(204)

	await(t, all, true, 2*soon)
	requestState(t, asked, "delivered", 2*soon)
	for _, g := range grants(t, asked) {
		if dig(g, "presence") != "present" || dig(g, "confirmedDateTime") == "" {
			t.Errorf("delivered means read back (S15): %v", g)
		}
	}

	call(t, components.Member, "POST", em+"/assignmentRequests", object{"requestType": "userRemove", "assignment": object{"id": asked}}).want(201)
	listed := await(t, all, false, 2*soon)
	ended(t, asked, listed)
	for _, k := range all {
		if k.harm != nil && len(k.harm()) > 0 {
			t.Errorf("%s: %q", k.name, k.harm())
		}
		for _, g := range k.gives {
			if fine, seen := g.all(false); !fine {
				t.Errorf("in the end: %s", seen)
			}
		}
	}
}

// newPackageOf makes a package of what the targets give.
func newPackageOf(t *testing.T, catalog string, all []kind) string {
	t.Helper()
	pack := call(t, components.Admin, "POST", em+"/accessPackages", object{"displayName": unique("Package"), "description": "of a story", "catalog": object{"id": catalog}}).want(201).get("id")
	for _, k := range all {
		connector := k.register(t)
		for _, g := range k.gives {
			g.add(t, connector, catalog, pack)
		}
	}
	return pack
}
