package sharepoint

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
)

// entity is somebody whom the people picker finds.
type entity struct {
	Key        string // login name
	EntityData struct{ Email string }
}

// lookup is how people are found by one correlation key.
type lookup struct {
	name  string
	ours  func(connector.Correlation) string
	value func(entity) string
}

// lookups holds the correlation keys that SharePoint can be asked by. A guest's login name holds a
// principal name of the tenant's own, so guests are found by mail.
var lookups = map[string]lookup{
	"userName": {"login name", func(w connector.Correlation) string { return w.UserName }, func(e entity) string { return strings.TrimPrefix(e.Key, claim) }},
	"mail":     {"mail", func(w connector.Correlation) string { return w.Mail }, func(e entity) string { return e.EntityData.Email }},
}

// maxSuggestions is how many people a search shows at most.
const maxSuggestions = 30

// FindPrincipals asks for each person by one key after the other, until one finds somebody.
func (c *Connector) FindPrincipals(ctx context.Context, who []connector.Correlation) ([]connector.Found, error) {
	found := make([]connector.Found, len(who))
	for i, w := range who {
		var err error
		if found[i], err = c.find(ctx, w); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (c *Connector) find(ctx context.Context, who connector.Correlation) (connector.Found, error) {
	var asked []string
	for _, key := range c.keys {
		by := lookups[key]
		value := strings.TrimSpace(by.ours(who))
		if value == "" {
			continue
		}
		asked = append(asked, by.name)

		shown, err := c.search(ctx, value)
		if err != nil {
			return connector.Found{}, err
		}
		switch logins := take(by, shown, value); {
		// A list that is full may lack a second account.
		case len(logins) > 1 || len(logins) == 1 && len(shown) >= maxSuggestions:
			return connector.Found{Err: &connector.Refusal{Reason: connector.PrincipalAmbiguous, Permanent: true, Detail: fmt.Sprintf(
				"Several accounts at the target have the same %s as this person. Make it unique there, then reprocess.", by.name)}}, nil
		case len(logins) == 1:
			return connector.Found{Ref: connector.PrincipalRef(logins[0])}, nil
		}
	}

	missing := &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true,
		Detail: "The target knows nobody by " + strings.Join(asked, ", ") + " of this person. Create the account or invite the guest there, then reprocess."}
	if len(asked) == 0 {
		missing.Detail = "Nothing is known of this person by which the target could be asked for the account: " + strings.Join(c.keys, ", ") + ". Give it to the user, then reprocess."
	}
	return connector.Found{Err: missing}, nil
}

// take returns the login names of those who have the value, each once. The picker finds by
// beginnings, and of any attribute.
func take(by lookup, shown []entity, value string) (logins []string) {
	for _, e := range shown {
		login := strings.ToLower(e.Key)
		if isLogin(connector.PrincipalRef(login)) && strings.EqualFold(by.value(e), value) && !slices.Contains(logins, login) {
			logins = append(logins, login)
		}
	}
	return logins
}

const peoplePicker = "SP.UI.ApplicationPages.ClientPeoplePickerWebServiceInterface.clientPeoplePickerSearchUser"

var askPeople = outbound.Operation{Op: "sharepoint: find person", What: "for a person"}

// search asks the people picker, which answers with JSON in a text.
func (c *Connector) search(ctx context.Context, value string) ([]entity, error) {
	type params struct {
		AllowEmailAddresses      bool // true: any address is taken for somebody
		AllowMultipleEntities    bool
		MaximumEntitySuggestions int
		PrincipalSource          int // 15: all
		PrincipalType            int // 1: people
		QueryString              string
	}
	r := request{method: http.MethodPost, site: c.base.Path, path: peoplePicker, body: map[string]params{
		"queryParams": {MaximumEntitySuggestions: maxSuggestions, PrincipalSource: 15, PrincipalType: 1, QueryString: value}}}

	var answer struct{ Value *string }
	if err := c.ask(ctx, askPeople, r, &answer); err != nil {
		return nil, explain(askPeople, err)
	}
	var shown []entity
	if answer.Value == nil || json.Unmarshal([]byte(*answer.Value), &shown) != nil || shown == nil {
		return nil, askPeople.NotUnderstood(http.StatusOK, errNoList)
	}
	return shown, nil
}
