// Package remote asks a function that has connectors on behalf of one that has none: a question
// and its answer are one JSON document each. It changes nothing anywhere, so whoever got no answer
// may ask again.
package remote

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/obs"
)

// Question is what is asked. Exactly one of its parts is set.
type Question struct {
	Resource *ResourceQuestion
	Offers   *OffersQuestion
	Survey   *entitlement.ConnectorConfig
	Probe    *ProbeQuestion
	Person   *PersonQuestion
}

// ResourceQuestion asks for one resource of a target by its id there.
type ResourceQuestion struct {
	Connector entitlement.ConnectorID
	OriginID  string
}

// OffersQuestion asks for a piece of what a target has to offer.
type OffersQuestion struct {
	Connector entitlement.ConnectorID
	Search    string
	Limit     int
	Token     string
}

// ProbeQuestion asks whether a registration is usable with a credential.
type ProbeQuestion struct {
	Config     entitlement.ConnectorConfig
	Credential string
}

// PersonQuestion asks whether the target of a registration has an account of somebody: of them,
// what the registration's keys are about.
type PersonQuestion struct {
	Config                            entitlement.ConnectorConfig
	User                              entitlement.UserID
	UserPrincipalName, Mail, External string
}

// Answer is what comes of a question: the part of the same name, or Refused.
type Answer struct {
	Resource entitlement.Resource
	Offers   []entitlement.TargetOffer
	Next     string
	Survey   entitlement.TargetCheck
	Refused  *Refused

	OtherNetwork bool // refused since the connector is called from the other network
}

// Refused is an error as the asking function's people read it.
type Refused struct {
	Kind   entitlement.Kind
	Code   string
	Msg    string
	Wait   time.Duration
	Reason connector.Reason
}

// Client asks. Its methods are those of connector.Lookup.
type Client struct {
	Builtin connector.Lookup // answers for the built-in directory
	Invoke  func(ctx context.Context, payload []byte) ([]byte, error)
	InVPC   func(ctx context.Context, payload []byte) ([]byte, error) // for connectors in the deployment's VPC; nil: it has none
}

// Resource returns what the target calls its resource, and the roles that it offers.
func (c Client) Resource(ctx context.Context, at entitlement.ConnectorID, originID string) (entitlement.Resource, error) {
	if at == entitlement.BuiltinConnector {
		return c.Builtin.Resource(ctx, at, originID)
	}
	said, err := c.ask(ctx, Question{Resource: &ResourceQuestion{at, originID}})
	return said.Resource, err
}

// Offers returns a piece of what a target has to offer.
func (c Client) Offers(ctx context.Context, at entitlement.ConnectorID, search string, page entitlement.Page) (entitlement.Paged[entitlement.TargetOffer], error) {
	if at == entitlement.BuiltinConnector {
		return c.Builtin.Offers(ctx, at, search, page)
	}
	said, err := c.ask(ctx, Question{Offers: &OffersQuestion{at, search, page.Limit, page.Token}})
	return entitlement.Paged[entitlement.TargetOffer]{Items: said.Offers, Next: said.Next}, err
}

// Survey finds out what the target of a registration speaks, shows and heeds.
func (c Client) Survey(ctx context.Context, as entitlement.ConnectorConfig) (entitlement.TargetCheck, error) {
	said, err := c.ask(ctx, Question{Survey: &as})
	return said.Survey, err
}

// Probe checks that a registration is usable, without calling the target.
func (c Client) Probe(ctx context.Context, cfg entitlement.ConnectorConfig, credential string) error {
	_, err := c.ask(ctx, Question{Probe: &ProbeQuestion{cfg, credential}})
	return err
}

// FindPerson looks a person up at the target of a registration.
func (c Client) FindPerson(ctx context.Context, as entitlement.ConnectorConfig, who entitlement.User) error {
	_, err := c.ask(ctx, Question{Person: &PersonQuestion{as, who.ID, who.UserPrincipalName, who.Mail, who.ExternalID}})
	return err
}

func (c Client) ask(ctx context.Context, q Question) (said Answer, err error) {
	payload, err := json.Marshal(q)
	if err != nil {
		return said, err
	}

	// Whoever has connectors knows which network one is in, and nothing was called where it is not
	// theirs.
	said, err = c.askOne(ctx, c.Invoke, payload)
	if err == nil && said.OtherNetwork && c.InVPC != nil {
		said, err = c.askOne(ctx, c.InVPC, payload)
	}
	if err != nil {
		return Answer{}, entitlement.Wrap(entitlement.Unavailable, "ask a target", err, "The target was not asked in time. Try again in a moment.")
	}
	if said.Refused != nil {
		return Answer{}, said.Refused.err()
	}
	return said, nil
}

func (c Client) askOne(ctx context.Context, invoke func(context.Context, []byte) ([]byte, error), payload []byte) (said Answer, err error) {
	answer, err := invoke(ctx, payload)
	if err == nil {
		err = json.Unmarshal(answer, &said)
	}
	return said, err
}

// Answer answers a question.
func (q Question) Answer(ctx context.Context, l connector.Lookup) (said Answer) {
	var err error
	switch {
	case q.Resource != nil:
		said.Resource, err = l.Resource(ctx, q.Resource.Connector, q.Resource.OriginID)
	case q.Offers != nil:
		var found entitlement.Paged[entitlement.TargetOffer]
		found, err = l.Offers(ctx, q.Offers.Connector, q.Offers.Search, entitlement.Page{Limit: q.Offers.Limit, Token: q.Offers.Token})
		said.Offers, said.Next = found.Items, found.Next
	case q.Survey != nil:
		said.Survey, err = l.Survey(ctx, *q.Survey)
	case q.Probe != nil:
		err = l.Probe(ctx, q.Probe.Config, q.Probe.Credential)
	case q.Person != nil:
		p := q.Person
		err = l.FindPerson(ctx, p.Config, entitlement.User{ID: p.User, UserPrincipalName: p.UserPrincipalName, Mail: p.Mail, ExternalID: p.External})
	default:
		err = entitlement.Errorf(entitlement.Invalid, "Nothing was asked.")
	}
	if err == nil {
		return said
	}

	// The causes stay in the log of the function that has the connector.
	obs.Logger(ctx).WarnContext(ctx, "a target was asked in vain", obs.Err(err))
	return Answer{Refused: refused(err), OtherNetwork: connector.IsOtherNetwork(err)}
}

func refused(err error) *Refused {
	r := &Refused{Kind: entitlement.KindOf(err), Code: entitlement.CodeOf(err), Msg: entitlement.MessageOf(err), Wait: entitlement.WaitOf(err)}
	if refusal, is := errors.AsType[*connector.Refusal](err); is {
		r.Reason = refusal.Reason
		r.Wait = max(r.Wait, refusal.After)
	}
	return r
}

func (r *Refused) err() error {
	e := &entitlement.Error{Kind: r.Kind, Code: r.Code, Msg: r.Msg, Wait: r.Wait}
	if r.Reason != "" {
		e.Err = &connector.Refusal{Reason: r.Reason, Detail: r.Msg, After: r.Wait}
	}
	return e
}
