package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// markPrefix begins the externalId of an account that was made here, so that whoever looks at the
// target sees whose it is. The mark follows.
const markPrefix = "leasehold:"

var (
	askToMake     = outbound.Operation{Op: "scim: make account", What: "to make an account"}
	askOneAccount = outbound.Operation{Op: "scim: read account", What: "for an account"}
	askToEnable   = outbound.Operation{Op: "scim: change account", What: "to enable or disable an account"}
	askToDelete   = outbound.Operation{Op: "scim: delete account", What: "to delete an account"}
	badAccountRef = &connector.Refusal{Reason: connector.RefusedByTarget, Permanent: true, Detail: "An account of a SCIM server cannot have this id."}
)

// rules are what the registration lets us do about accounts.
func (c *Connector) rules() *connector.AccountRules {
	return &connector.AccountRules{Make: c.makes, Made: c.made, Delete: c.deletes, Refuse: func(p connector.Person) *connector.Refusal {
		if p.UserName == "" {
			return &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: "The person has no user name by which an account could be made. Give it to the user, then reprocess."}
		}
		return nil
	}}
}

// newAccount is the body of the POST (RFC 7643, 4.1). What is not known is left out.
type newAccount struct {
	Schemas     []string       `json:"schemas"`
	UserName    string         `json:"userName"`
	ExternalID  string         `json:"externalId"`
	DisplayName string         `json:"displayName,omitempty"`
	Name        *accountName   `json:"name,omitempty"`
	Emails      []accountEmail `json:"emails,omitempty"`
	Active      bool           `json:"active"`
}

type accountName struct {
	GivenName  string `json:"givenName,omitempty"`
	FamilyName string `json:"familyName,omitempty"`
	Formatted  string `json:"formatted,omitempty"`
}

type accountEmail struct {
	Value   string `json:"value"`
	Type    string `json:"type"`
	Primary bool   `json:"primary"`
}

// accountOf maps a person to an account: userName from the userPrincipalName, displayName, name
// where a part of it is known, the mail as the primary one for work, and the mark as externalId,
// which the standard leaves to whoever makes an account.
func accountOf(p connector.Person) newAccount {
	a := newAccount{Schemas: []string{schemaUser}, UserName: p.UserName, ExternalID: markPrefix + p.Mark, DisplayName: p.DisplayName, Active: true}
	if p.GivenName != "" || p.Surname != "" {
		a.Name = &accountName{GivenName: p.GivenName, FamilyName: p.Surname, Formatted: p.DisplayName}
	}
	if p.Mail != "" {
		a.Emails = []accountEmail{{Value: p.Mail, Type: "work", Primary: true}}
	}
	return a
}

// MakeAccount makes an account by one POST.
func (c *Connector) MakeAccount(ctx context.Context, who connector.Person) (connector.PrincipalRef, error) {
	body, err := json.Marshal(accountOf(who))
	if err != nil {
		return "", entitlement.Wrap(entitlement.Internal, askToMake.Op, err, "")
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+c.at.users, bytes.NewReader(body))
	if err != nil {
		return "", askToMake.Unanswered(err)
	}
	request.Header.Set("Content-Type", mediaType)

	response, err := c.send(askToMake, request)
	if err != nil {
		return "", notMade(err)
	}
	defer response.Body.Close()

	var made user
	if err := json.NewDecoder(http.MaxBytesReader(nil, response.Body, maxAnswer)).Decode(&made); err != nil || isPage(response) {
		// It may be there all the same: whoever looks for it finds it.
		return "", askToMake.NotUnderstood(response.StatusCode, errPage)
	}
	if !fitsPath(string(made.ID)) || len(made.ID) > maxID || !strings.EqualFold(made.UserName, who.UserName) {
		return "", nil
	}
	return connector.PrincipalRef(made.ID), nil
}

// notMade explains a refusal. That the name is taken is not final: the account may be there and
// not be shown yet.
func notMade(err error) error {
	r := refusalOf(err)
	if r == nil {
		return err
	}
	if r.status == http.StatusConflict || r.scimType == "uniqueness" {
		refusal := &connector.Refusal{Reason: connector.RefusedByTarget,
			Detail: "The target says that there is an account of this user name already, and does not find it by the connector's correlationKeys. Look there, and make the two agree."}
		return connector.Fail(entitlement.Unavailable, askToMake.Op, refusal, r)
	}
	return explain(askToMake, err)
}

// LookAtAccount reads an account with its mark and whether it is active.
func (c *Connector) LookAtAccount(ctx context.Context, ref connector.PrincipalRef) (connector.AccountShown, error) {
	return c.lookAtAccount(ctx, ref, c.etags)
}

// lookAtAccount is LookAtAccount. What stands in front of a server may have versions of its own, so
// that of the header counts where the server says that it keeps some, or demands one.
func (c *Connector) lookAtAccount(ctx context.Context, ref connector.PrincipalRef, keepsVersions bool) (connector.AccountShown, error) {
	shown := connector.AccountShown{Active: entitlement.PresenceUnknown}
	if !fitsPath(string(ref)) {
		return shown, connector.Fail(entitlement.Invalid, askOneAccount.Op, badAccountRef, nil)
	}

	var account attributes
	version, err := c.getVersioned(ctx, askOneAccount, c.accountPath(ref), url.Values{"attributes": {"id,userName,externalId,active,meta"}}, &account)
	switch {
	case isMissing(err) && c.answersForOthers(ctx, c.at.users, string(ref)):
		gone := &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "The account is not there any more."}
		return shown, connector.Fail(entitlement.NotFound, askOneAccount.Op, gone, err)
	case isMissing(err):
		return shown, askOneAccount.NotUnderstood(http.StatusNotFound, errNoWitness)
	case err != nil:
		return shown, explain(askOneAccount, err)
	case textOf(attribute(account, "id")) != string(ref):
		return shown, askOneAccount.NotUnderstood(http.StatusOK, errOtherID)
	}

	if mark, is := strings.CutPrefix(textOf(attribute(account, "externalId")), markPrefix); is {
		shown.Mark = mark
	} else if other := textOf(attribute(account, "externalId")); other != "" {
		shown.Mark = foreignMark
	}
	if meta, is := attribute(account, "meta").(map[string]any); is {
		shown.Version = tag(textOf(meta["version"]))
	}
	if keepsVersions && version != "" {
		shown.Version = version
	}
	if active, is := attribute(account, "active").(bool); is {
		shown.Active = entitlement.PresenceOf(active)
	}
	return shown, nil
}

// foreignMark is the mark of an account whose externalId somebody else chose.
const foreignMark = "another"

func (c *Connector) accountPath(ref connector.PrincipalRef) string {
	return c.at.users + "/" + url.PathEscape(string(ref))
}

// activeBody is the body of a PATCH of one attribute that holds or does not.
type activeBody struct {
	Schemas    []string          `json:"schemas"`
	Operations []activeOperation `json:"Operations"`
}

type activeOperation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value bool   `json:"value"`
}

// DisableAccount sets active to false, by a PATCH (RFC 7644, 3.5.2.3).
func (c *Connector) DisableAccount(ctx context.Context, ref connector.PrincipalRef, seen connector.AccountShown) error {
	return c.setActive(ctx, ref, seen, false)
}

// EnableAccount sets active to true.
func (c *Connector) EnableAccount(ctx context.Context, ref connector.PrincipalRef, seen connector.AccountShown) error {
	return c.setActive(ctx, ref, seen, true)
}

func (c *Connector) setActive(ctx context.Context, ref connector.PrincipalRef, seen connector.AccountShown, active bool) error {
	if !fitsPath(string(ref)) {
		return connector.Fail(entitlement.Invalid, askToEnable.Op, badAccountRef, nil)
	}
	// Changes of one account that cross may undo each other at a server without a lock.
	if c.serial {
		c.accounts.Lock()
		defer c.accounts.Unlock()
	}
	body := activeBody{Schemas: []string{schemaPatch}, Operations: []activeOperation{{Op: "replace", Path: "active", Value: active}}}
	return explain(askToEnable, c.changeSeen(ctx, askToEnable, http.MethodPatch, ref, seen, body))
}

// DeleteAccount deletes an account. That it is not there is for whoever looks to say.
func (c *Connector) DeleteAccount(ctx context.Context, ref connector.PrincipalRef, seen connector.AccountShown) error {
	if !fitsPath(string(ref)) {
		return connector.Fail(entitlement.Invalid, askToDelete.Op, badAccountRef, nil)
	}
	return explain(askToDelete, c.changeSeen(ctx, askToDelete, http.MethodDelete, ref, seen, nil))
}
