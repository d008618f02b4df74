package identitycenter_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest"
	"leasehold/pkg/connector/connectortest/identityserver"
	"leasehold/pkg/connector/identitycenter"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// motoServer is where `make test` installs the server.
var motoServer = filepath.Join("..", "..", "..", ".local", "moto", "bin", "moto_server")

const instanceARN = "arn:aws:sso:::instance/" + identityserver.Instance

// A second opinion of what Identity Store, IAM Identity Center, Organizations and STS answer: moto's, which
// nobody here wrote.
func TestTheConnectorConformsWithMotoAndWhatAWSDocumentsBesides(t *testing.T) {
	m := startMoto(t)
	for i := range connectortest.MinPeople {
		m.user(fmt.Sprintf("ann%d@example.com", i))
	}
	m.must("AWSOrganizationsV20161128.CreateOrganization", object{"FeatureSet": "ALL"})
	account := m.must("AWSOrganizationsV20161128.CreateAccount", object{"AccountName": "Production", "Email": "p@example.com"})["CreateAccountStatus"].(object)
	id := account["AccountId"].(string)

	t.Run("members of a group", func(t *testing.T) {
		connectortest.Run(t, func(t *testing.T) connectortest.Harness {
			group := m.must("AWSIdentityStore.CreateGroup", object{"IdentityStoreId": identityserver.Store, "DisplayName": t.Name()})["GroupId"].(string)
			return m.harness(t, memberOf(group), memberOf(nobodyHas), func() []connector.PrincipalRef { return m.members(group) })
		})
	})
	t.Run("assignments of an account", func(t *testing.T) {
		connectortest.Run(t, func(t *testing.T) connectortest.Harness {
			name := fmt.Sprintf("Set%d", time.Now().UnixNano())
			set := m.must("SWBExternalService.CreatePermissionSet", object{"InstanceArn": instanceARN, "Name": name})["PermissionSet"].(object)["PermissionSetArn"].(string)
			return m.harness(t, entitlement.RoleRef{Connector: at, Resource: id, Role: set}, entitlement.RoleRef{Connector: at, Resource: "999999999999", Role: set},
				func() []connector.PrincipalRef { return m.holders(id, set) })
		})
	})
}

type object = map[string]any

// documentedMoto is moto behind what AWS documents and moto lacks: a membership that is there is a
// conflict, GetGroupMembershipId, IsMemberInGroups and DescribeInstance are answered, what a call names must be
// there, a change of an assignment is IN_PROGRESS at first, and ARNs of permission sets are AWS's.
type documentedMoto struct {
	t  *testing.T
	to *url.URL
	at string // with what a connector of the last harness is registered
}

func (m *documentedMoto) harness(t *testing.T, role, none entitlement.RoleRef, members func() []connector.PrincipalRef) connectortest.Harness {
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	base, _ := url.Parse(server.URL)
	base.Path = "/" + identityserver.Instance + "/" + identityserver.Store + "/" + identityserver.Role
	proxy := connectortest.NewProxy(t, base)
	proxy.Writes = changes
	m.at = proxy.URL.String()
	const secret = "external-id-of-the-test"
	made, err := identitycenter.Factory(outbound.Client(true), true, identityserver.Own)(entitlement.ConnectorConfig{URL: proxy.URL.String(), CorrelationKeys: []string{"userName"}}, secret)
	if err != nil {
		t.Fatal(err)
	}
	h := connectortest.Harness{Connector: made, Role: role, NoRole: none, Unknown: connector.Correlation{UserName: "nobody@example.com"}, Ghost: nobodyHas, Secret: secret, Faults: proxy.Faults(nil), Members: members}
	for i := range connectortest.MinPeople {
		h.People = append(h.People, connector.Correlation{UserName: fmt.Sprintf("ann%d@example.com", i)})
	}
	return h
}

var permissionSets = regexp.MustCompile(`arn:aws:sso:::instance/(ssoins-[a-z0-9]{16})/(ps-)`)

// call makes a call of moto itself.
func (m *documentedMoto) call(target string, in object) (status int, out object) {
	body, _ := json.Marshal(in)
	return m.send(target, body)
}

func (m *documentedMoto) send(target string, body []byte) (status int, out object) {
	service := map[string]string{"AWSIdentityStore": "identitystore", "SWBExternalService": "sso", "AWSOrganizationsV20161128": "organizations"}[strings.Split(target, ".")[0]]
	body = bytes.ReplaceAll(body, []byte("arn:aws:sso:::permissionSet/"), []byte("arn:aws:sso:::instance/"))
	r, _ := http.NewRequest(http.MethodPost, m.to.String(), bytes.NewReader(body))
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIATEST/20260101/us-east-1/"+service+"/aws4_request, SignedHeaders=host, Signature=x")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		m.t.Error(err)
		return http.StatusBadGateway, nil
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(answer.Body)
	said = permissionSets.ReplaceAll(said, []byte("arn:aws:sso:::permissionSet/$1/$2"))
	json.Unmarshal(said, &out)
	return answer.StatusCode, out
}

func (m *documentedMoto) must(target string, in object) object {
	status, out := m.call(target, in)
	if status != http.StatusOK {
		m.t.Fatalf("%s: %d %v", target, status, out)
	}
	return out
}

func (m *documentedMoto) user(name string) {
	m.must("AWSIdentityStore.CreateUser", object{"IdentityStoreId": identityserver.Store, "UserName": name, "DisplayName": name, "Name": object{"GivenName": "A", "FamilyName": "B"},
		"Emails": []object{{"Value": "mail." + name, "Primary": true}}}) // moto fails to look for an address where somebody has none
}

func (m *documentedMoto) memberships(group string) (all []object) {
	_, out := m.call("AWSIdentityStore.ListGroupMemberships", object{"IdentityStoreId": identityserver.Store, "GroupId": group})
	list, _ := out["GroupMemberships"].([]any)
	for _, each := range list {
		all = append(all, each.(object))
	}
	return all
}

func (m *documentedMoto) members(group string) (who []connector.PrincipalRef) {
	for _, each := range m.memberships(group) {
		who = append(who, connector.PrincipalRef(each["MemberId"].(object)["UserId"].(string)))
	}
	return who
}

func (m *documentedMoto) holders(account, set string) (who []connector.PrincipalRef) {
	for _, each := range m.must("SWBExternalService.ListAccountAssignments", object{"InstanceArn": instanceARN, "AccountId": account, "PermissionSetArn": set})["AccountAssignments"].([]any) {
		who = append(who, connector.PrincipalRef(each.(object)["PrincipalId"].(string)))
	}
	return who
}

// named is what a call names.
type named struct {
	GroupId, UserId, PrincipalId, AccountId, TargetId, PermissionSetArn string
	MemberId                                                            struct{ UserId string }
	GroupIds                                                            []string
}

// ServeHTTP answers a call of the connector.
func (m *documentedMoto) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	target := r.Header.Get("X-Amz-Target")
	if target == "" {
		forward(w, r, m.to, body)
		return
	}
	var in named
	json.Unmarshal(body, &in)
	status, out := m.answer(target, body, in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(out)
}

// answer adds what moto lacks.
func (m *documentedMoto) answer(target string, body []byte, in named) (int, object) {
	_, action, _ := strings.Cut(target, ".")
	if status, out := m.there(action, in); status != 0 {
		return status, out
	}
	mine := func(group string) object {
		for _, each := range m.memberships(group) {
			if each["MemberId"].(object)["UserId"] == in.MemberId.UserId {
				return each
			}
		}
		return nil
	}
	switch action {
	case "DescribeInstance":
		return http.StatusOK, object{"InstanceArn": instanceARN, "IdentityStoreId": identityserver.Store}
	case "IsMemberInGroups":
		var results []object
		for _, group := range in.GroupIds {
			results = append(results, object{"GroupId": group, "MemberId": object{"UserId": in.MemberId.UserId}, "MembershipExists": mine(group) != nil})
		}
		return http.StatusOK, object{"Results": results}
	case "GetGroupMembershipId":
		if of := mine(in.GroupId); of != nil {
			return http.StatusOK, object{"IdentityStoreId": identityserver.Store, "MembershipId": of["MembershipId"]}
		}
		return http.StatusBadRequest, object{"__type": "ResourceNotFoundException", "ResourceType": "GROUP_MEMBERSHIP"}
	case "CreateGroupMembership":
		if mine(in.GroupId) != nil {
			return http.StatusBadRequest, object{"__type": "ConflictException", "Reason": "UNIQUENESS_CONSTRAINT_VIOLATION"}
		}
	}

	status, out := m.send(target, body)
	for _, kind := range []string{"AccountAssignmentCreationStatus", "AccountAssignmentDeletionStatus"} {
		if p, is := out[kind].(object); is && !strings.HasPrefix(action, "Describe") {
			p["Status"] = "IN_PROGRESS"
		}
	}
	return status, out
}

// there refuses a call that names what moto does not know, in moto's own words.
func (m *documentedMoto) there(action string, in named) (int, object) {
	changesOrLists := slices.ContainsFunc([]string{"Create", "Delete", "List", "Is", "Get"}, func(p string) bool { return strings.HasPrefix(action, p) })
	for _, c := range []struct {
		id, target, key string
	}{
		{in.GroupId, "AWSIdentityStore.DescribeGroup", "GroupId"},
		{strings.Join(in.GroupIds, ""), "AWSIdentityStore.DescribeGroup", "GroupId"},
		{in.MemberId.UserId, "AWSIdentityStore.DescribeUser", "UserId"},
		{in.PrincipalId, "AWSIdentityStore.DescribeUser", "UserId"},
		{in.PermissionSetArn, "SWBExternalService.DescribePermissionSet", "PermissionSetArn"},
		{in.AccountId + in.TargetId, "AWSOrganizationsV20161128.DescribeAccount", "AccountId"},
	} {
		if c.id == "" || !changesOrLists || action == "ListAccounts" {
			continue
		}
		if status, out := m.call(c.target, object{"IdentityStoreId": identityserver.Store, "InstanceArn": instanceARN, c.key: c.id}); status != http.StatusOK {
			if out["__type"] == "AccountNotFoundException" {
				out["__type"] = "ResourceNotFoundException"
			}
			return http.StatusBadRequest, out
		}
	}
	return 0, nil
}

// forward hands a call on as it is.
func forward(w http.ResponseWriter, r *http.Request, to *url.URL, body []byte) {
	again, _ := http.NewRequest(r.Method, to.String(), bytes.NewReader(body))
	again.Header = r.Header.Clone()
	answer, err := http.DefaultClient.Do(again)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.WriteHeader(answer.StatusCode)
	io.Copy(w, answer.Body)
}

// startMoto starts the server on a free port, ends it with the test, and makes sure that it is
// this one that answers.
func startMoto(t *testing.T) *documentedMoto {
	t.Helper()
	executable := motoServer
	if given := os.Getenv("MOTO_SERVER"); given != "" {
		executable = given
	} else if _, err := os.Stat(executable); err != nil {
		t.Skip("moto is not installed: this part is run by `make test`, which installs it")
	}

	for range 3 { // another process may take a free port before the server does
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		host := listener.Addr().String()
		_, port, _ := net.SplitHostPort(host)
		listener.Close()

		command := exec.Command(executable, "-H", "127.0.0.1", "-p", port)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { command.Wait(); close(ended) }()
		t.Cleanup(func() { command.Process.Kill(); <-ended })

		m := &documentedMoto{t: t, to: &url.URL{Scheme: "http", Host: host, Path: "/"}}
		for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
			select {
			case <-ended:
				deadline = time.Time{}
				continue
			default:
			}
			if answer, err := http.Get(m.to.String() + "moto-api/"); err == nil {
				answer.Body.Close()
				return m
			}
		}
	}
	t.Fatal("moto did not answer")
	return nil
}
