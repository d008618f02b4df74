package connectortest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/connector"
)

// An account's roles and entitlements are lists of values. They obey the server's character as
// members of a group do: the value takes the member's place.

var (
	valuePath = regexp.MustCompile(`^(roles|entitlements)\[value eq ` + text + `\]$`)
	byValue   = regexp.MustCompile(`^(roles|entitlements)\[value eq ` + text + `\] and id eq ` + text + `$`)
	plainPath = regexp.MustCompile(`^(roles|entitlements)\.value eq ` + text + ` and id eq ` + text + `$`)

	// For everybody who has a value.
	allByValue   = regexp.MustCompile(`^(roles|entitlements)\[value eq ` + text + `\]$`)
	allPlainPath = regexp.MustCompile(`^(roles|entitlements)\.value eq ` + text + `$`)
)

// valued are the multi-valued attributes of accounts.
var valued = []string{"roles", "entitlements"}

// was is what an account held from a moment on.
type was struct {
	at   time.Time
	held map[string][]string
}

// held returns the values that an account has of an attribute now.
func (u *account) held(attribute string) []string {
	if len(u.values) == 0 {
		return nil
	}
	return u.values[len(u.values)-1].held[attribute]
}

// Values returns the values of an attribute of an account, as they are stored, duplicates
// included.
func (s *Server) Values(id, attribute string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.account(id); u != nil {
		return slices.Clone(u.held(attribute))
	}
	return nil
}

// Holders returns who has the value, once for each time that it is stored.
func (s *Server) Holders(attribute, value string) (all []connector.PrincipalRef) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.users {
		for _, v := range u.held(attribute) {
			if v == value && !u.deleted {
				all = append(all, connector.PrincipalRef(u.id))
			}
		}
	}
	return all
}

// GiveValues makes values those of an attribute of an account, as an administrator of the
// server would.
func (s *Server) GiveValues(id, attribute string, values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.account(id); u != nil {
		s.keep(u, attribute, values)
	}
}

// keep stores values. The caller holds the lock.
func (s *Server) keep(u *account, attribute string, values []string) {
	held := map[string][]string{}
	for _, a := range valued {
		held[a] = u.held(a)
	}
	held[attribute] = values
	u.values = append(u.values, was{s.clock.Now(), held})
}

// seen returns the values as reads show them: as they were a while ago.
func (s *Server) seen(u *account, attribute string) []string {
	at := s.clock.Now().Add(-s.Lag)
	for _, w := range slices.Backward(u.values) {
		if !w.at.After(at) {
			return w.held[attribute]
		}
	}
	return nil
}

// showValues adds what the server shows of the attributes that are asked for.
func (s *Server) showValues(body object, u *account, asked string) {
	for _, a := range valued {
		values := s.seen(u, a)
		if !strings.Contains(asked, a) || s.OmitsList || s.OmitsEmpty && len(values) == 0 {
			continue
		}
		list := []object{}
		for i, v := range values {
			if !s.ShowsNobody && (s.ShowsFirst == 0 || i < s.ShowsFirst) {
				list = append(list, object{"value": v, "display": v})
			}
		}
		body[a] = list
	}
}

// valueFilter answers a filter on an account with a value; false where it is another filter.
func (s *Server) valueFilter(r *http.Request, filter string) (answer, bool) {
	parts, plain := byValue.FindStringSubmatch(filter), plainPath.FindStringSubmatch(filter)
	everybody := parts == nil && plain == nil
	if everybody {
		parts, plain = allByValue.FindStringSubmatch(filter), allPlainPath.FindStringSubmatch(filter)
	}
	switch {
	case parts == nil && plain == nil || s.IgnoresFilters:
		return answer{}, false
	case s.NoMemberFilters || s.NoPeopleFilters || parts != nil && s.PlainMemberFilters || plain != nil && !s.PlainMemberFilters:
		return refuse(http.StatusBadRequest, "invalidFilter"), true
	case parts == nil:
		parts = plain
	}

	found := []object{}
	for _, u := range s.users {
		has := s.PresentToAll || slices.Contains(s.seen(u, parts[1]), unquote(parts[2]))
		if has && (everybody || s.FirstTermOnly || u.id == unquote(parts[3])) && !u.deleted {
			found = append(found, s.person(u))
		}
	}
	return page(r.URL.Query(), found), true
}

func (s *Server) patchUser(r *http.Request) answer {
	var body struct{ Operations []change }
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil || len(body.Operations) == 0 {
		return refuse(http.StatusBadRequest, "invalidSyntax")
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.account(r.PathValue("id"))
	switch {
	case s.NoPatch:
		return refuse(http.StatusNotImplemented, "")
	case u == nil:
		return refuse(http.StatusNotFound, "")
	case s.bad(u.id) != 0:
		return refuse(s.bad(u.id), "")
	}

	// Computed on a copy of the whole account: a change that comes in between is lost.
	held := map[string][]string{}
	for _, a := range valued {
		held[a] = slices.Clone(u.held(a))
	}
	if s.Racing > 0 {
		s.mu.Unlock()
		err := s.clock.Sleep(r.Context(), s.Racing)
		s.mu.Lock()
		if err != nil {
			return refuse(http.StatusServiceUnavailable, "")
		}
	}

	for _, o := range body.Operations {
		if s.active(u, o) {
			continue
		}
		attribute, values := o.Path, o.names()
		if path := valuePath.FindStringSubmatch(o.Path); path != nil && o.Op == "remove" && !s.ValueListOnly {
			attribute, values = path[1], []string{unquote(path[2])}
		} else if !slices.Contains(valued, o.Path) || o.Op == "remove" && !s.ValueListOnly && !s.ValueEmpties {
			return refuse(http.StatusBadRequest, "invalidPath")
		} else if o.Op == "remove" && s.ValueEmpties {
			values = held[attribute]
		}
		status, scimType := 0, ""
		if held[attribute], status, scimType = s.changeValues(held[attribute], o.Op, values); status != 0 {
			return refuse(status, scimType)
		}
	}
	for _, a := range valued {
		s.keep(u, a, held[a])
	}
	return answer{status: http.StatusNoContent}
}

// changeValues adds or removes values; 0 is success.
func (s *Server) changeValues(have []string, op string, values []string) (left []string, status int, scimType string) {
	for _, v := range values {
		there := slices.Contains(have, v)
		switch {
		case op == "add" && there && s.RefusesTwice:
			return have, http.StatusConflict, "uniqueness"
		case op == "add" && (!there || s.StoresTwice):
			have = append(have, v)
		case op == "remove" && !there && s.MissesAbsent:
			return have, http.StatusBadRequest, "noTarget"
		case op == "remove":
			have = slices.DeleteFunc(have, func(h string) bool { return h == v })
		case op != "add":
			return have, http.StatusBadRequest, "invalidSyntax"
		}
	}
	return have, 0, ""
}
