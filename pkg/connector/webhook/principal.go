package webhook

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
)

// maxID bounds the id of an account or a resource.
const maxID = 256

var askPeople = outbound.Operation{Op: "webhook: find people", What: "for people"}

// FindPrincipals looks people up by one key after the other: who is found by one is not looked
// for by the next.
func (c *Connector) FindPrincipals(ctx context.Context, who []connector.Correlation) ([]connector.Found, error) {
	all := make([]connector.Found, len(who))
	for _, key := range c.keys {
		var values []string
		for i, w := range who {
			if v := valueOf(w, key); v != "" && all[i] == (connector.Found{}) && !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
		accounts, err := c.lookup(ctx, key, values)
		if err != nil {
			return nil, err
		}
		for i, w := range who {
			if v := valueOf(w, key); v != "" && all[i] == (connector.Found{}) {
				all[i] = take(key, v, accounts)
			}
		}
	}

	for i, w := range who {
		if all[i] == (connector.Found{}) {
			all[i].Err = c.whyNot(w)
		}
	}
	return all, nil
}

func valueOf(w connector.Correlation, key string) string {
	return map[string]string{"externalId": w.External, "userName": w.UserName, "mail": w.Mail}[key]
}

// lookup asks for the accounts of each value, so many in one question. A value that nobody has
// is asked for as well: a target that finds somebody by it does not look at values.
func (c *Connector) lookup(ctx context.Context, key string, values []string) (map[string][]string, error) {
	accounts := map[string][]string{}
	for some := range slices.Chunk(values, MaxBatch-1) {
		nobody := "leasehold-nobody-" + rand.Text()
		asked := append(slices.Clone(some), nobody)
		a, status, err := c.ask(ctx, askPeople, question{Verb: verbPrincipal, Key: key, Values: asked})
		if err != nil {
			return nil, c.explain(ctx, askPeople, "", err)
		}

		told := map[string][]string{}
		for _, f := range a.Found {
			if _, twice := told[f.Value]; twice || !slices.Contains(asked, f.Value) || f.IDs == nil || !usable(f.IDs) {
				return nil, askPeople.NotUnderstood(status, errOther)
			}
			told[f.Value] = f.IDs
		}
		// Who is left out of an answer is not missing: nothing was said of them.
		if len(told) != len(asked) || len(told[nobody]) > 0 {
			return nil, askPeople.NotUnderstood(status, errOther)
		}
		for _, v := range some {
			accounts[v] = distinct(told[v])
		}
	}
	return accounts, nil
}

func usable(ids []string) bool {
	return !slices.ContainsFunc(ids, func(id string) bool { return id == "" || len(id) > maxID })
}

func distinct(ids []string) []string {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}

// take decides by the accounts that have a value. One that answers to another value as well may
// be either person's.
func take(key, value string, accounts map[string][]string) connector.Found {
	mine := accounts[value]
	if len(mine) == 0 {
		return connector.Found{}
	}
	if len(mine) > 1 {
		return connector.Found{Err: ambiguous(fmt.Sprintf("%d accounts at the target have the same %s as this person.", len(mine), key))}
	}
	for other, theirs := range accounts {
		if other != value && slices.Contains(theirs, mine[0]) {
			return connector.Found{Err: ambiguous(fmt.Sprintf("One account at the target answers to the %s of this person and to that of another.", key))}
		}
	}
	return connector.Found{Ref: connector.PrincipalRef(mine[0])}
}

func ambiguous(why string) *connector.Refusal {
	return &connector.Refusal{Reason: connector.PrincipalAmbiguous, Permanent: true, Detail: why + " Make it unique there, then reprocess."}
}

func (c *Connector) whyNot(w connector.Correlation) *connector.Refusal {
	var asked []string
	for _, key := range c.keys {
		if valueOf(w, key) != "" {
			asked = append(asked, key)
		}
	}

	missing := &connector.Refusal{Reason: connector.PrincipalMissing, Permanent: true}
	if len(asked) == 0 {
		missing.Detail = "Nothing is known of this person by which the target could be asked for the account: " + strings.Join(c.keys, ", ") + ". Give it to the user, then reprocess."
	} else {
		missing.Detail = "The target knows nobody by " + strings.Join(asked, ", ") + " of this person. Create the account there, then reprocess."
	}
	return missing
}
