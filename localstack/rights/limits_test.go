package rights

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"leasehold/localstack/components"
	"leasehold/pkg/clock"
	"leasehold/pkg/connector/connectortest/graphserver"
	"leasehold/pkg/connector/connectortest/stsserver"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// noteIdentity enters under its caller that AWS was asked to say who that is.
func (r *recorder) noteIdentity(request *http.Request, body []byte) {
	caller := credential.FindStringSubmatch(request.Header.Get("Authorization"))
	form, err := url.ParseQuery(string(body))
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil || caller == nil || !slices.Contains(names.TokenAudiences, form.Get("Audience.member.1")) || form.Get("SigningAlgorithm") != names.TokenAlgorithm {
		r.odd = append(r.odd, fmt.Sprintf("%v shows who it is to %s", caller, form.Get("Audience.member.1")))
		return
	}
	if r.used[caller[1]] == nil {
		r.used[caller[1]] = map[string]bool{}
	}
	r.n++
	r.used[caller[1]]["sts:GetWebIdentityToken on "+part(names.PartIdentity, "")] = true
}

// deliverWithinLimits gives a role of a target whose limits the workers share: they take
// portions of them from the table. Its application is federated by the roles of the functions.
func deliverWithinLimits(s *stack) {
	graph := graphserver.New(graphserver.Named("as documented"), clock.System{})
	base := graph.Start(s.T)
	s.recorder.sts = stsserver.New()
	graph.Assertion = func(assertion, _ string) error {
		return s.recorder.sts.Verify(assertion, names.EntraAudience, stsserver.Role(names.Targets), stsserver.Role(names.Deliver), stsserver.Role(names.Drift))
	}
	upn := fmt.Sprint(s.call(components.Other, "GET", names.APIVersion+"/me", nil, 200)["userPrincipalName"])
	graph.AddUser(graphserver.User{UPN: upn})
	group := graph.AddGroup(graphserver.Group{Name: "Sales"})
	credential, err := json.Marshal(map[string]string{"tenantId": graphserver.Tenant, "clientId": graphserver.ClientID, "federatedBy": "aws", "authority": (&url.URL{Scheme: "http", Host: base.Host}).String()})
	if err != nil {
		s.Fatal(err)
	}
	at := fmt.Sprint(s.call(components.Admin, "POST", names.Ours+"/connectors", object{"displayName": "Entra", "kind": "msgraph", "url": base.String(), "correlationKeys": []string{"userName"}, "credential": string(credential)}, 201)["id"])

	pkg, _ := s.offer(nil)
	catalog := s.call(components.Admin, "GET", em+"/accessPackages/"+pkg+"?$expand=catalog", nil, 200)["catalog"].(object)["id"]
	origin := object{"originId": group, "originSystem": "AadGroup", "environment": object{"id": at}}
	s.call(components.Admin, "POST", em+"/resourceRequests", object{"requestType": "adminAdd", "catalog": object{"id": catalog}, "resource": origin}, 201)
	resource := fmt.Sprint(s.values(fmt.Sprint(em, "/catalogs/", catalog, "/resources"))[0].(object)["id"])
	s.apply(components.Admin, pkg, object{"resourceId": resource, "roleOriginId": "Member_" + group}, 204)

	asked := s.wants(components.Other, pkg, nil)
	s.drain()
	s.state(asked, "delivered")
	lease, err := s.db.RateLease(s.Context(), entitlement.ConnectorID(at))
	if err != nil || lease.Version == 0 || len(graph.Linked(group, "members")) != 1 {
		s.Fatalf("nothing was taken of the limits: %+v, %v", lease, err)
	}
}

// countPacesAndFigures is the sweep that counts how long packages take, page by page, and what
// happened a day.
func countPacesAndFigures(s *stack) {
	s.Helper()
	for range 20 { // pages of packages
		s.sweep()
		paces, err := s.db.Paces(s.Context(), []entitlement.PackageID{entitlement.PackageID(s.Package)})
		if err != nil {
			s.Fatal(err)
		}
		if len(paces) > 0 {
			break
		}

		walk, err := s.db.PaceWalk(s.Context())
		if err != nil || walk.Version == 0 {
			s.Fatalf("nothing was counted: %+v, %v", walk, err)
		}
		walk.Next = time.Now().Add(-time.Second)
		s.commit(entitlement.Change{PaceWalks: []entitlement.PaceWalk{walk}})
	}

	paces, err := s.db.Paces(s.Context(), []entitlement.PackageID{entitlement.PackageID(s.Package)})
	if err != nil || len(paces) == 0 || paces[0].Samples == 0 {
		s.Errorf("how long the package takes was not counted: %+v, %v", paces, err)
	}
	if figures, err := s.db.Figures(s.Context()); err != nil || figures.Version == 0 {
		s.Errorf("the events were not counted: %+v, %v", figures, err)
	}
}

// park puts a message where those lie that came too often.
func (s *stack) park(queue string) {
	s.Helper()
	at, err := s.operator.GetQueueUrl(s.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String(names.StackName + "-" + queue + names.DeadLetterSuffix)})
	if err != nil {
		s.Fatal(err)
	}
	if _, err := s.operator.SendMessage(s.Context(), &sqs.SendMessageInput{QueueUrl: at.QueueUrl, MessageBody: aws.String("nonsense")}); err != nil {
		s.Fatal(err)
	}
}
