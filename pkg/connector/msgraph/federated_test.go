package msgraph_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/connectortest/graphserver"
	"leasehold/pkg/connector/connectortest/stsserver"
	"leasehold/pkg/connector/msgraph"
	"leasehold/pkg/connector/webidentity"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

var federated = map[string]string{"tenantId": graphserver.Tenant, "clientId": graphserver.ClientID, "federatedBy": "aws"}

// byAWS is a tenant whose application is federated by the role of a function.
func byAWS(t *testing.T, own aws.CredentialsProvider) (*tenant, *stsserver.Server) {
	s, sts := newTenant(t, "as documented"), stsserver.New()
	at := httptest.NewServer(sts)
	t.Cleanup(at.Close)
	s.open = msgraph.Factory(s.Client(), false, &webidentity.Identity{Own: own, Region: "eu-central-1", Endpoint: at.URL, Client: at.Client()})
	s.Assertion = func(assertion, endpoint string) error {
		return sts.Verify(assertion, names.EntraAudience, stsserver.Role("DELIVER"))
	}
	return s, sts
}

// role are credentials of a role, which the server knows by their access key.
func role(accessKey string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: accessKey, SecretAccessKey: "secret", SessionToken: "session"}, nil
	})
}

func find(t *testing.T, c connector.Connector) error {
	_, err := c.FindPrincipals(t.Context(), []connector.Correlation{{UserName: "ann"}})
	return err
}

// An application that trusts the AWS account is used without a secret: AWS says which role asks, for Entra
// alone and for minutes, and says it again when the next token is needed.
func TestR272_AnApplicationIsFederatedByTheRoleOfAFunction(t *testing.T) {
	s, sts := byAWS(t, role("DELIVER"))
	c := s.connect(federated)
	for range 2 {
		if err := find(t, c); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(sts.Calls()); n != 1 {
		t.Errorf("AWS was asked %d times for one token", n)
	}

	s.Revoke() // as a token that has ended
	if err := find(t, c); err != nil || len(sts.Calls()) != 2 {
		t.Errorf("after the token: %v, asked %d times", err, len(sts.Calls()))
	}
}

// What stands in the way is said, with what to do; nobody's token is in it.
func TestR272_WhatStandsInTheWayOfFederationIsSaid(t *testing.T) {
	deliver := role("DELIVER")
	for name, c := range map[string]struct {
		own      aws.CredentialsProvider
		disabled bool
		says     string
	}{
		"no identity":              {nil, false, "no AWS credentials of its own"},
		"not enabled":              {deliver, true, "not enabled in the AWS account"},
		"a role that Entra trusts": {deliver, false, ""},
		"a role that Entra does not trust": {role("OTHER"), false,
			"does not accept our credential"},
	} {
		t.Run(name, func(t *testing.T) {
			s, sts := byAWS(t, c.own)
			sts.Disabled = c.disabled
			err := find(t, s.connect(federated))
			if c.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if r := connector.RefusalOf(err); r.Reason != connector.CredentialRefused || !strings.Contains(r.Detail, c.says) || strings.Contains(r.Detail, "eyJ") {
				t.Errorf("got %v: %+v", err, r)
			}
		})
	}

	s, _ := byAWS(t, deliver)
	for _, bad := range []map[string]string{{"federatedBy": "gcp"}, {"federatedBy": "aws", "clientSecret": "x"}, {"federatedBy": "aws", "federatedToken": "x"}} {
		bad["tenantId"], bad["clientId"] = graphserver.Tenant, graphserver.ClientID
		text, _ := json.Marshal(bad)
		if _, err := s.open(s.cfg, string(text)); entitlement.KindOf(err) != entitlement.Invalid {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// A busy or broken STS is tried again, and is no word about the credential.
func TestR272_AnSTSThatFailsIsAskedAgain(t *testing.T) {
	for status, reason := range map[int]connector.Reason{http.StatusServiceUnavailable: connector.TargetUnavailable, http.StatusTooManyRequests: connector.TargetThrottled} {
		at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		s := newTenant(t, "as documented")
		s.open = msgraph.Factory(s.Client(), false, &webidentity.Identity{Own: role("DELIVER"), Region: "eu-central-1", Endpoint: at.URL, Client: at.Client()})
		if r := connector.RefusalOf(find(t, s.connect(federated))); r.Reason != reason || r.Permanent {
			t.Errorf("%d: %+v", status, r)
		}
		at.Close()
	}
}
