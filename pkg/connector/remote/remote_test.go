package remote

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
)

// target is a connector that offers one resource, or fails.
type target struct {
	connector.Connector
	err error
}

func (t target) Resource(_ context.Context, id string) (connector.Resource, error) {
	return connector.Resource{OriginID: id, OriginSystem: "Scim", DisplayName: "Sales", Roles: []connector.Role{{OriginID: "m", DisplayName: "Member"}}}, t.err
}

func (t target) ListResources(_ context.Context, q connector.Query) (connector.ResourcePage, error) {
	return connector.ResourcePage{Items: []entitlement.TargetOffer{{Resource: entitlement.Resource{OriginID: q.Search}, Reason: q.Token}}, Next: "more"}, t.err
}

func (t target) Survey(context.Context) entitlement.TargetCheck {
	return entitlement.TargetCheck{Dialect: "SCIM 2.0", Error: "no groups"}
}

type kept struct{}

func (kept) Connector(_ context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error) {
	return entitlement.ConnectorConfig{ID: id, Kind: "scim", URL: "https://kept.example", Credential: 1}, nil
}

func (kept) Get(_ context.Context, _ entitlement.ConnectorID, number int64, address string) (string, error) {
	if number == 2 && address == "scim https://new.example" || number == 1 && address == "scim https://kept.example" {
		return "secret", nil
	}
	return "", entitlement.Errorf(entitlement.NotFound, "There is no such credential.")
}

func asked(t target) Client {
	open := func(_ entitlement.ConnectorConfig, credential string) (connector.Connector, error) {
		if credential == "bad" {
			return nil, entitlement.Errorf(entitlement.Invalid, "credential must be %s.", "better")
		}
		return t, nil
	}
	far := connector.Lookup{Registry: connector.NewRegistry(kept{}, kept{}, nil, map[string]connector.Factory{"scim": open})}
	return Client{Invoke: func(ctx context.Context, payload []byte) ([]byte, error) {
		var q Question
		if err := json.Unmarshal(payload, &q); err != nil {
			return nil, err
		}
		return json.Marshal(q.Answer(ctx, far))
	}}
}

func TestWhatATargetSaysComesBackAsItIs(t *testing.T) {
	c := asked(target{})
	r, err := c.Resource(t.Context(), "a-connector", "g1")
	if err != nil || r.OriginID != "g1" || r.OriginSystem != "Scim" || len(r.Roles) != 1 || r.Roles[0].DisplayName != "Member" {
		t.Errorf("%+v, %v", r, err)
	}
	offers, err := c.Offers(t.Context(), "a-connector", "sales", entitlement.Page{Limit: 5, Token: "here"})
	if err != nil || offers.Next != "more" || len(offers.Items) != 1 || offers.Items[0].OriginID != "sales" || offers.Items[0].Reason != "here" {
		t.Errorf("%+v, %v", offers, err)
	}

	// A registration that is not kept yet, with a credential that is.
	found, err := c.Survey(t.Context(), entitlement.ConnectorConfig{ID: "a-connector", Kind: "scim", URL: "https://new.example", Credential: 2})
	if err != nil || found.Dialect != "SCIM 2.0" || found.Error != "no groups" {
		t.Errorf("%+v, %v", found, err)
	}
	if err := c.Probe(t.Context(), entitlement.ConnectorConfig{Kind: "scim"}, "good"); err != nil {
		t.Error(err)
	}
}

func (t target) FindPrincipals(_ context.Context, who []connector.Correlation) ([]connector.Found, error) {
	if who[0] == (connector.Correlation{User: "u", UserName: "ann@a.example", Mail: "ann@b.example", External: "7"}) {
		return []connector.Found{{Ref: "ann"}}, nil
	}
	return []connector.Found{{Err: &connector.Refusal{Reason: connector.PrincipalAmbiguous, Detail: "Two people there have the mail."}}}, nil
}

func TestAPersonIsLookedForByAllTheirKeys(t *testing.T) {
	c, as := asked(target{}), entitlement.ConnectorConfig{ID: "a-connector", Kind: "scim", URL: "https://kept.example", Credential: 1}
	ann := entitlement.User{ID: "u", UserPrincipalName: "ann@a.example", Mail: "ann@b.example", ExternalID: "7", DisplayName: "Ann"}
	if err := c.FindPerson(t.Context(), as, ann); err != nil {
		t.Error(err)
	}
	err := c.FindPerson(t.Context(), as, entitlement.User{ID: "v"})
	if entitlement.MessageOf(err) != "Two people there have the mail." || connector.RefusalOf(err).Reason != connector.PrincipalAmbiguous {
		t.Errorf("%v", err)
	}
}

func TestARefusalIsTheSameFromAfar(t *testing.T) {
	refusal := &connector.Refusal{Reason: connector.TargetThrottled, Detail: "The target asks us to slow down.", After: 30 * time.Second}
	_, err := asked(target{err: connector.Fail(entitlement.Throttled, "list", refusal, errors.New("429 from 10.0.0.7"))}).Resource(t.Context(), "a-connector", "g1")
	if entitlement.KindOf(err) != entitlement.Throttled || entitlement.MessageOf(err) != refusal.Detail || connector.RefusalOf(err).Reason != connector.TargetThrottled ||
		connector.RetryAfter(err) != 30*time.Second || strings.Contains(err.Error(), "10.0.0.7") {
		t.Errorf("%v", err)
	}

	err = asked(target{}).Probe(t.Context(), entitlement.ConnectorConfig{Kind: "scim"}, "bad")
	if entitlement.KindOf(err) != entitlement.Invalid || entitlement.MessageOf(err) != "credential must be better." {
		t.Errorf("%v", err)
	}
	if _, err := asked(target{}).Survey(t.Context(), entitlement.ConnectorConfig{Kind: "scim", URL: "https://evil.example", Credential: 1}); entitlement.KindOf(err) != entitlement.Forbidden {
		t.Errorf("A20: a credential went to another address than the one that it is for: %v", err)
	}
}

func TestAFunctionThatDoesNotAnswerIsNoAnswerOfTheTarget(t *testing.T) {
	for name, invoke := range map[string]func(context.Context, []byte) ([]byte, error){
		"fails":     func(context.Context, []byte) ([]byte, error) { return nil, errors.New("timed out") },
		"no answer": func(context.Context, []byte) ([]byte, error) { return []byte("oops"), nil },
		"asked none": func(ctx context.Context, _ []byte) ([]byte, error) {
			return json.Marshal(Question{}.Answer(ctx, connector.Lookup{}))
		},
	} {
		_, err := Client{Invoke: invoke}.Resource(t.Context(), "a-connector", "g1")
		if want := map[bool]entitlement.Kind{true: entitlement.Invalid, false: entitlement.Unavailable}[name == "asked none"]; entitlement.KindOf(err) != want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// insideVPC is a registration in the VPC.
type insideVPC struct{ kept }

func (k insideVPC) Connector(ctx context.Context, id entitlement.ConnectorID) (entitlement.ConnectorConfig, error) {
	c, err := k.kept.Connector(ctx, id)
	c.VPC = true
	return c, err
}

func TestR273_ATargetInTheVPCIsAskedFromThere(t *testing.T) {
	registry := connector.NewRegistry(insideVPC{}, kept{}, nil, map[string]connector.Factory{"scim": func(entitlement.ConnectorConfig, string) (connector.Connector, error) { return target{}, nil }})
	answers := func(of *connector.Registry, asked *int) func(context.Context, []byte) ([]byte, error) {
		return func(ctx context.Context, payload []byte) ([]byte, error) {
			*asked++
			var q Question
			if err := json.Unmarshal(payload, &q); err != nil {
				return nil, err
			}
			return json.Marshal(q.Answer(ctx, connector.Lookup{Registry: of}))
		}
	}
	var outside, inside int
	c := Client{Invoke: answers(registry, &outside), InVPC: answers(registry.InVPC(), &inside)}
	if r, err := c.Resource(t.Context(), "a-connector", "g1"); err != nil || r.OriginID != "g1" || outside != 1 || inside != 1 {
		t.Errorf("%+v, %v, asked %d and %d times", r, err, outside, inside)
	}

	c.InVPC = nil
	if _, err := c.Resource(t.Context(), "a-connector", "g1"); entitlement.KindOf(err) != entitlement.Precondition || !strings.Contains(entitlement.MessageOf(err), "deploy with a VPC") {
		t.Errorf("without a VPC: %v", err)
	}
}
