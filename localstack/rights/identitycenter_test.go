package rights

import (
	"bytes"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"leasehold/localstack/components"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector/connectortest/identityserver"
	"leasehold/pkg/names"
)

// othersAccount tells a call of a target at AWS: of its own services, or to assume its role.
func othersAccount(request *http.Request, body []byte) bool {
	service, _, _ := strings.Cut(request.Header.Get("X-Amz-Target"), ".")
	switch service {
	case "AWSIdentityStore", "SWBExternalService", "AWSOrganizationsV20161128":
		return true
	}
	return bytes.HasPrefix(body, []byte("Action=AssumeRole&"))
}

// noteRole enters the assumption of a role under its caller. What the role does then is no
// function's right.
func (r *recorder) noteRole(request *http.Request, body []byte) {
	caller := credential.FindStringSubmatch(request.Header.Get("Authorization"))
	form, err := url.ParseQuery(string(body))
	if err != nil || caller == nil || form.Get("Action") != "AssumeRole" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !strings.Contains(form.Get("RoleArn"), ":role/"+names.AssumedRoles) {
		r.odd = append(r.odd, fmt.Sprintf("%s assumes %s", caller[1], form.Get("RoleArn")))
		return
	}
	if r.used[caller[1]] == nil {
		r.used[caller[1]] = map[string]bool{}
	}
	r.n++
	r.used[caller[1]]["sts:AssumeRole on "+part(names.PartRole, "")] = true
}

// deliverToIdentityCenter gives membership of a group of IAM Identity Center, of which the resource is looked up
// first: both functions that call targets assume its role.
func deliverToIdentityCenter(s *stack) {
	center := identityserver.New(identityserver.Named("as documented"), clock.System{})
	s.recorder.aws = center
	center.AddUser(identityserver.User{UserName: fmt.Sprint(s.call(components.Other, "GET", names.APIVersion+"/me", nil, 200)["userPrincipalName"])})
	group := center.AddGroup(identityserver.Group{Name: "Sales"})
	address := s.recorder.URL + "/" + identityserver.Instance + "/" + identityserver.Store + "/" + identityserver.Role
	at := fmt.Sprint(s.call(components.Admin, "POST", names.Ours+"/connectors", object{"displayName": "AWS", "kind": "identitycenter", "url": address, "correlationKeys": []string{"userName"}, "credential": center.ExternalID}, 201)["id"])

	pkg, _ := s.offer(nil)
	catalog := s.call(components.Admin, "GET", em+"/accessPackages/"+pkg+"?$expand=catalog", nil, 200)["catalog"].(object)["id"]
	origin := object{"originId": group, "originSystem": "AwsIdentityCenterGroup", "environment": object{"id": at}}
	s.call(components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog}, "resource": origin}, 201)
	resource := fmt.Sprint(s.values(fmt.Sprint(em, "/catalogs/", catalog, "/resources"))[0].(object)["id"])
	s.apply(components.Admin, pkg, object{"resourceId": resource, "roleOriginId": "Member_" + group}, 204)

	asked := s.wants(components.Other, pkg, nil)
	s.drain()
	s.state(asked, "delivered")
	if got := center.Held(group); len(got) != 1 || len(center.Harm()) > 0 {
		s.Fatalf("members are %v, and harm is %v", got, center.Harm())
	}
}
