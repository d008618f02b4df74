package msgraph

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// An account that is made at a tenant is a guest, by invitation: a member has a license, a mailbox
// and a password, which are the business of whoever runs the tenant. An invitation takes nothing that
// could carry a mark, and for somebody who is there already Graph answers as for somebody new. So a
// guest is ours whom Graph shows as made while the call ran (AccountRules.Dated); anybody else, and
// whoever has become a member since, is never disabled.

// redirect is where guests arrive once they have accepted: the page of what they may use.
const redirect = "https://myapps.microsoft.com/"

// foreignMark is the mark of an account that is none of ours whatever its time: that of a member.
const foreignMark = "member"

var (
	askToInvite  = outbound.Operation{Op: "msgraph: invite guest", What: "to invite a guest"}
	askGuest     = outbound.Operation{Op: "msgraph: read guest", What: "for a guest"}
	askWhose     = outbound.Operation{Op: "msgraph: look for address", What: "whose a mail address is"}
	askToDisable = outbound.Operation{Op: "msgraph: change guest", What: "to enable or disable a guest"}
	askToDelete  = outbound.Operation{Op: "msgraph: delete guest", What: "to delete a guest"}
)

// rules are what the registration lets us do about guests.
func (c *Connector) rules() *connector.AccountRules {
	return &connector.AccountRules{Make: c.makes, Made: c.made, Delete: c.deletes, Dated: true, Refuse: c.notInvited, Ask: c.isFree, Cost: entitlement.Cost{Writes: 1, Units: 1}}
}

// notAllowed are the signs that an invited address may not hold (the resource type invitation).
const notAllowed = "~!#$%^&*()+=[]{}\\/|;:\"<>?,"

// notInvited says why a person is not invited: whoever is no guest is to have an account that the
// tenant makes, unless it is another organization's, and an invitation goes to a mail address.
func (c *Connector) notInvited(p connector.Person) *connector.Refusal {
	why := ""
	switch {
	case !p.Guest && !c.everybody:
		why = "The person is a member, and guests alone are invited to the tenant. Have the account made or synchronized there, or set the connector's invitations to everybody, then reprocess."
	case p.Mail == "":
		why = "The person has no mail address to which an invitation could go. Give it to the user, then reprocess."
	case strings.ContainsAny(p.Mail, notAllowed) || strings.Count(p.Mail, "@") != 1:
		why = "Microsoft Graph invites nobody by a mail address like this person's, which holds a sign that it does not take. Invite the guest by hand, or correct the address, then reprocess."
	default:
		return nil
	}
	return &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true, Detail: why}
}

// isFree asks whether somebody has the address by whom the correlation keys do not look: Graph would
// answer an invitation of it with that account.
func (c *Connector) isFree(ctx context.Context, who connector.Person) error {
	// Of a mailbox's addresses, the first is written in capitals.
	any := []string{"userPrincipalName eq " + quote(who.Mail), "mail eq " + quote(who.Mail), "otherMails/any(m:m eq " + quote(who.Mail) + ")",
		"proxyAddresses/any(p:p eq " + quote("SMTP:"+who.Mail) + ")", "proxyAddresses/any(p:p eq " + quote("smtp:"+who.Mail) + ")"}
	r := get("/users", url.Values{"$filter": {strings.Join(any, " or ")}, "$select": {"id"}, "$count": {"true"}, "$top": {"2"}})
	r.advanced = true
	var found page[struct{ ID string }]
	if err := c.ask(ctx, askWhose, r, &found); err != nil {
		return explainAccount(askWhose, err)
	}
	switch {
	case found.Value == nil:
		return askWhose.NotUnderstood(http.StatusOK, errNoList)
	case len(*found.Value) == 0:
		return nil
	}
	return connector.Fail(entitlement.Precondition, askWhose.Op, &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true,
		Detail: "The mail address belongs to an account of the tenant that the connector's correlationKeys do not find. Make the two agree, then reprocess."}, nil)
}

// invitation is the body of the POST, and what is read of its answer.
type invitation struct {
	Address     string `json:"invitedUserEmailAddress"`
	DisplayName string `json:"invitedUserDisplayName,omitempty"`
	RedirectURL string `json:"inviteRedirectUrl"`
	Send        bool   `json:"sendInvitationMessage"`

	User *struct{ ID string } `json:"invitedUser,omitempty"`
}

// invitationOf maps a person to an invitation: the address from the mail, and the name by which
// people of the tenant find the guest. Microsoft sends the message, with the link to accept it, which
// is nobody else's to see.
func invitationOf(p connector.Person) invitation {
	return invitation{Address: p.Mail, DisplayName: p.DisplayName, RedirectURL: redirect, Send: true}
}

// MakeAccount invites a guest by one POST. The answer is the same where the guest was there.
func (c *Connector) MakeAccount(ctx context.Context, who connector.Person) (connector.PrincipalRef, error) {
	answered, err := c.send(ctx, askToInvite, request{method: http.MethodPost, path: "/invitations", body: invitationOf(who)})
	if err != nil {
		return "", err
	}
	var made invitation
	if err := answered.decode(askToInvite, &made); err != nil {
		return "", notMade(err)
	}
	if made.User == nil || !isGUID(made.User.ID) || !strings.EqualFold(made.Address, who.Mail) {
		return "", nil // whoever looks for it finds it
	}
	return connector.PrincipalRef(made.User.ID), nil
}

// notMade explains a refusal of an invitation. Settings of the tenant may change, so it is not final.
func notMade(err error) error {
	r := refusalOf(err)
	if r == nil || r.status != http.StatusBadRequest {
		return explainAccount(askToInvite, err)
	}
	refusal := &connector.Refusal{Reason: connector.RefusedByTarget, Detail: fmt.Sprintf(
		"The target refuses the invitation: asked %s, it answered status %d. The address may be of a domain of the tenant itself, or of one to which the tenant's settings for external collaboration send no invitations.", askToInvite.What, r.status)}
	return connector.Fail(entitlement.Unavailable, askToInvite.Op, refusal, r)
}

// guest is what is read of an account.
type guest struct {
	ID              string
	UserType        string
	AccountEnabled  *bool
	CreatedDateTime *time.Time
}

// LookAtAccount reads an account. A guest who has not accepted yet is one, and can be given roles.
func (c *Connector) LookAtAccount(ctx context.Context, ref connector.PrincipalRef) (connector.AccountShown, error) {
	shown := connector.AccountShown{Active: entitlement.PresenceUnknown}
	if !isGUID(string(ref)) {
		return shown, connector.Fail(entitlement.Invalid, askGuest.Op, noSuchID(), nil)
	}

	var raw json.RawMessage
	err := c.ask(ctx, askGuest, get("/users/"+string(ref), url.Values{"$select": {"id,userType,accountEnabled,createdDateTime"}}), &raw)
	switch {
	case isMissing(err) && c.showsOthers(ctx, "/users", string(ref)):
		gone := &connector.Refusal{Reason: connector.PrincipalMissing, Detail: "The guest is not there any more."}
		return shown, connector.Fail(entitlement.NotFound, askGuest.Op, gone, err)
	case err != nil:
		return shown, explainAccount(askGuest, err)
	}

	var found guest
	if err := json.Unmarshal(raw, &found); err != nil {
		return shown, askGuest.NotUnderstood(http.StatusOK, err)
	}
	if !strings.EqualFold(found.ID, string(ref)) {
		return shown, askGuest.NotUnderstood(http.StatusOK, errOtherID)
	}
	if found.UserType != "Guest" {
		shown.Mark = foreignMark
	}
	if found.AccountEnabled != nil {
		shown.Active = entitlement.PresenceOf(*found.AccountEnabled)
	}
	if found.CreatedDateTime != nil {
		shown.Created = *found.CreatedDateTime
	}
	return shown, nil
}

// DisableAccount sets accountEnabled to false.
func (c *Connector) DisableAccount(ctx context.Context, ref connector.PrincipalRef, _ connector.AccountShown) error {
	return c.changeGuest(ctx, askToDisable, ref, http.MethodPatch, map[string]bool{"accountEnabled": false})
}

// EnableAccount sets accountEnabled to true.
func (c *Connector) EnableAccount(ctx context.Context, ref connector.PrincipalRef, _ connector.AccountShown) error {
	return c.changeGuest(ctx, askToDisable, ref, http.MethodPatch, map[string]bool{"accountEnabled": true})
}

// DeleteAccount deletes a guest. Graph keeps the account for 30 days, in which it can be restored.
func (c *Connector) DeleteAccount(ctx context.Context, ref connector.PrincipalRef, _ connector.AccountShown) error {
	return c.changeGuest(ctx, askToDelete, ref, http.MethodDelete, nil)
}

func (c *Connector) changeGuest(ctx context.Context, ask outbound.Operation, ref connector.PrincipalRef, method string, body any) error {
	if !isGUID(string(ref)) {
		return connector.Fail(entitlement.Invalid, ask.Op, noSuchID(), nil)
	}
	answered, err := c.send(ctx, ask, request{method: method, path: "/users/" + string(ref), body: body})
	if err != nil {
		return err
	}
	return explainAccount(ask, answered.failed())
}

// explainAccount turns a refusal of a call about an account into its error.
func explainAccount(ask outbound.Operation, err error) error {
	r := refusalOf(err)
	if r == nil || r.status != http.StatusForbidden {
		return explain(ask, err)
	}
	refusal := &connector.Refusal{Reason: connector.CredentialRefused, Permanent: true, Detail: fmt.Sprintf(
		"The target does not let our application do this: asked %s, it answered status %d. Give the application User.Invite.All and User.EnableDisableAccount.All, with User.Read.All, and User.DeleteRestore.All where guests are deleted; let the tenant's settings for external collaboration allow invitations.", ask.What, r.status)}
	return connector.Fail(entitlement.Forbidden, ask.Op, refusal, r)
}
