package memstore

import (
	"cmp"
	"context"
	"time"

	"leasehold/pkg/entitlement"
)

// sheet plans to record a grant sheet under its claim, which ends with it (S14).
func (p *plan) sheet(v entitlement.GrantSheet) {
	p.touch("sheet", sheetKey{v.Subject, v.Connector})
	if len(v.Grants) > entitlement.MaxGrants {
		p.fail(tooManyGrants())
	}
	stored := p.sheets[v.Subject][v.Connector]
	p.demand(v.Token != "" && stored.Token == v.Token, entitlement.PartClaim)
	v = clone(v)
	v.Token, v.Until = "", time.Time{}
	p.reindex(sheetRows(stored), sheetRows(v))
	p.then(func() { p.keep(v) })
}

type sheetKey struct {
	subject   entitlement.UserID
	connector entitlement.ConnectorID
}

func (s *state) keep(v entitlement.GrantSheet) {
	if s.sheets[v.Subject] == nil {
		s.sheets[v.Subject] = map[entitlement.ConnectorID]entitlement.GrantSheet{}
	}
	s.sheets[v.Subject][v.Connector] = v
}

func tooManyGrants() error {
	return entitlement.Errorf(entitlement.Invalid, "One person has at most %d grants at one target.", entitlement.MaxGrants)
}

// Claim takes a subject's sheet at a connector until the lease ends. Roles that are
// intended and not known yet are entered as unknown by the same write, and all are signed.
func (s *Store) Claim(ctx context.Context, c entitlement.Claim) (sheet entitlement.GrantSheet, err error) {
	err = alter(ctx, s, "Claim", []string{string(c.Subject), string(c.Connector)}, func() error {
		v := clone(s.state.sheets[c.Subject][c.Connector])
		if v.Token == c.Token && v.Until.Equal(c.Until) {
			sheet = v // an earlier try of the same call went through, and its answer was lost
			return nil
		}
		if v.Token != "" && v.Until.After(c.Now) {
			return entitlement.StaleError(entitlement.PartClaim)
		}
		v.Subject, v.Connector, v.Token, v.Until = c.Subject, c.Connector, c.Token, c.Until
		for _, role := range c.Intend {
			if v.Grants == nil {
				v.Grants = map[entitlement.RoleRef]entitlement.Grant{}
			}
			g, known := v.Grants[role]
			if !known {
				g = entitlement.Grant{Role: role, Presence: entitlement.PresenceUnknown}
			}
			g.Intent = cmp.Or(g.Intent, c.Token)
			v.Grants[role] = g
		}
		if len(v.Grants) > entitlement.MaxGrants {
			return tooManyGrants()
		}
		s.state.keep(v)
		sheet = clone(v)
		return nil
	})
	if err != nil {
		return entitlement.GrantSheet{}, err
	}
	return sheet, nil
}

// Holding reports for each fence, in order, whether its claim and generation still hold.
func (s *Store) Holding(ctx context.Context, fences []entitlement.Fence) ([]bool, error) {
	return look(ctx, s, "Holding", nil, func() ([]bool, error) {
		holds := make([]bool, len(fences))
		for i, f := range fences {
			token := s.state.sheets[f.Subject][f.Connector].Token
			holds[i] = token != "" && token == f.Token && s.state.heads[f.Subject].head.Gen == f.Gen
		}
		return holds, nil
	})
}
