package scim

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"leasehold/pkg/connector"
	"leasehold/pkg/connector/outbound"
	"leasehold/pkg/entitlement"
)

// surveyTime bounds a look at a server: people wait for it.
const surveyTime = 8 * time.Second

// What a server was seen to show, and the filters that it was seen to heed.
const (
	showsGroups   = "groups"
	showsMembers  = "groups.members"
	showsPeople   = "users"
	showsGroupsOf = "users.groups"

	filterName     = "groups.displayName eq"
	filterContains = "groups.displayName co"
	filterMember   = "groups.members.value eq"
)

// nobodysName is a value that nothing at a server is called.
const nobodysName = "leasehold-asks-for-what-is-not-there"

var askSurvey = outbound.Operation{Op: "scim: look at server", What: "what it is"}

// survey is a look at a server on its way.
type survey struct {
	c     *Connector
	at    endpoints
	found entitlement.TargetCheck
}

// Survey reads what the server says of itself, and a sample of what it shows: the standard
// leaves so much open that only its answers tell.
func (c *Connector) Survey(ctx context.Context) entitlement.TargetCheck {
	ctx, cancel := context.WithTimeout(ctx, surveyTime)
	defer cancel()

	s := &survey{c: c, at: endpointsOf(nil), found: entitlement.TargetCheck{At: c.now(), Dialect: "SCIM 2.0"}}
	for _, step := range []func(context.Context) error{s.configuration, s.types, s.schema, s.groups, s.people} {
		// What stands for the whole target stops the look; what is found until then is kept.
		if err := step(ctx); err != nil {
			connector.Stopped(&s.found, explain(askSurvey, err))
			s.remember()
			break
		}
	}
	return s.found
}

func (s *survey) shows(what string)  { s.found.Shows = append(s.found.Shows, what) }
func (s *survey) heeds(which string) { s.found.Filters = append(s.found.Filters, which) }

// tolerable leaves out that the server declines a question, or knows nothing at its address:
// that is an answer too.
func tolerable(err error) error {
	if isMissing(err) || declined(err) != nil {
		return nil
	}
	return err
}

// configuration reads which parts of the protocol the server says that it has.
func (s *survey) configuration(ctx context.Context) error {
	type feature struct{ Supported bool }
	var self struct{ Patch, Bulk, Filter, Sort, Etag *feature }
	if err := s.c.getJSON(ctx, askServer, "/ServiceProviderConfig", nil, &self); err != nil {
		return tolerable(err)
	}
	for _, f := range []struct {
		name string
		has  *feature
	}{{"patch", self.Patch}, {"bulk", self.Bulk}, {"filter", self.Filter}, {"sort", self.Sort}, {"etag", self.Etag}} {
		if f.has != nil && f.has.Supported {
			s.found.Features = append(s.found.Features, f.name)
		}
	}
	return nil
}

// schema reads which role values the server names itself (canonicalValues of RFC 7643, 7).
func (s *survey) schema(ctx context.Context) error {
	var user struct {
		Attributes []struct {
			Name            string
			CanonicalValues []string
			SubAttributes   []struct {
				Name            string
				CanonicalValues []string
			}
		}
	}
	if err := s.c.getJSON(ctx, askSchema, "/Schemas/"+schemaUser, nil, &user); err != nil {
		return tolerable(err)
	}

	for _, at := range user.Attributes {
		for _, a := range applications {
			if !strings.EqualFold(at.Name, a.attribute) {
				continue
			}
			s.values(a, at.CanonicalValues...)
			// The values of a list of objects stand at the member "value" of each, not at the list.
			for _, sub := range at.SubAttributes {
				if strings.EqualFold(sub.Name, "value") {
					s.values(a, sub.CanonicalValues...)
				}
			}
		}
	}
	return nil
}

// values keeps values of an application that can be roles, as many as one may have.
func (s *survey) values(a application, values ...string) {
	at := slices.IndexFunc(s.found.Values, func(v entitlement.ApplicationValues) bool { return v.Resource == a.id() })
	if at < 0 {
		s.found.Values = append(s.found.Values, entitlement.ApplicationValues{Resource: a.id()})
		at = len(s.found.Values) - 1
	}
	kept := &s.found.Values[at].Values
	for _, v := range values {
		if len(*kept) < entitlement.MaxRoleValues && entitlement.RoleValue("value", v) == nil && !slices.Contains(*kept, v) {
			*kept = append(*kept, v)
		}
	}
	if len(*kept) == 0 {
		s.found.Values = slices.Delete(s.found.Values, at, at+1)
	}
}

// groups looks at a group: whether its members show, and which filters find it.
func (s *survey) groups(ctx context.Context) error {
	var sample list[listed]
	if err := s.c.getJSON(ctx, askAnyGroups, s.at.groups, url.Values{"attributes": {"id,displayName"}, "count": {"2"}}, &sample); err != nil {
		return tolerable(err)
	}
	if sample.TotalResults == nil {
		return askAnyGroups.NotUnderstood(200, errNoList)
	}
	s.shows(showsGroups)
	if s.at.noGroups {
		// It names none, and has some all the same.
		s.names(typeGroup, s.at.groups)
	}
	if len(sample.Resources) == 0 || !fitsPath(string(sample.Resources[0].ID)) {
		return nil
	}

	one := sample.Resources[0]
	var group attributes
	if err := s.c.getJSON(ctx, askGroup, s.at.groups+"/"+url.PathEscape(string(one.ID)), url.Values{"attributes": {"id,members"}}, &group); tolerable(err) != nil {
		return err
	}
	members, _ := attribute(group, "members").([]any)
	if len(members) > 0 {
		s.shows(showsMembers)
	}

	if one.DisplayName == "" {
		return nil // no filter can be tried by it
	}
	for _, f := range []struct{ name, filter string }{{filterName, "displayName eq " + quote(one.DisplayName)}, {filterContains, "displayName co " + quote(one.DisplayName)}} {
		if err := s.filter(ctx, f.name, s.at.groups, f.filter, string(one.ID)); err != nil {
			return err
		}
	}
	if len(members) > 0 {
		return s.filter(ctx, filterMember, s.at.groups, "members.value eq "+quote(valueOf(members[0])), string(one.ID))
	}
	return nil
}

// filter notes a filter as heeded where it finds what it should, and where the same filter on
// a value that nothing has finds nothing: a server that ignores filters shows something.
func (s *survey) filter(ctx context.Context, name, path, filter, want string) error {
	found, err := s.finds(ctx, path, filter)
	if err != nil || !slices.Contains(found, want) {
		return tolerable(err)
	}

	nobody := filter[:strings.Index(filter, `"`)] + quote(nobodysName)
	other, err := s.finds(ctx, path, nobody)
	if err == nil && len(other) == 0 {
		s.heeds(name)
	}
	return tolerable(err)
}

func (s *survey) finds(ctx context.Context, path, filter string) (ids []string, err error) {
	var answer list[groupID]
	err = s.c.getJSON(ctx, askSurvey, path, url.Values{"filter": {filter}, "attributes": {"id"}, "count": {"10"}}, &answer)
	for _, found := range answer.Resources {
		ids = append(ids, string(found.ID))
	}
	return ids, err
}

// people looks at accounts: what shows of them, which roles they have, and which of the
// connector's keys find one.
func (s *survey) people(ctx context.Context) error {
	shown := "id,userName,externalId,emails,roles,entitlements"
	var sample list[attributes]
	if err := s.c.getJSON(ctx, askSurvey, s.at.users, url.Values{"attributes": {shown}, "count": {"20"}}, &sample); err != nil {
		return tolerable(err)
	}
	if sample.TotalResults == nil {
		return askSurvey.NotUnderstood(200, errNoList)
	}
	s.shows(showsPeople)

	for _, account := range sample.Resources {
		for _, a := range applications {
			held, _ := attribute(account, a.attribute).([]any)
			if len(held) > 0 && !slices.Contains(s.found.Shows, "users."+a.attribute) {
				s.shows("users." + a.attribute)
			}
			for _, v := range held {
				s.values(a, valueOf(v))
			}
		}
	}
	if err := s.groupsOf(ctx, sample.Resources); err != nil {
		return err
	}
	return s.keys(ctx, sample.Resources)
}

// groupsOf looks whether accounts show their groups, by a few of a sample.
func (s *survey) groupsOf(ctx context.Context, sample []attributes) error {
	for _, account := range sample[:min(len(sample), firstAlone)] {
		who := textOf(attribute(account, "id"))
		if !fitsPath(who) {
			continue
		}
		var shown attributes
		if err := s.c.getJSON(ctx, askUser, s.at.users+"/"+url.PathEscape(who), url.Values{"attributes": {"id,groups"}}, &shown); err != nil {
			return tolerable(err)
		}
		if groups, _ := attribute(shown, "groups").([]any); len(groups) > 0 {
			s.shows(showsGroupsOf)
			return nil
		}
	}
	return nil
}

// keys asks for somebody of a sample by each of the connector's keys.
func (s *survey) keys(ctx context.Context, sample []attributes) error {
	for _, key := range s.c.keys {
		for _, account := range sample {
			value := textOf(attribute(account, lookups[key].attribute))
			if list, is := attribute(account, lookups[key].attribute).([]any); is && len(list) > 0 {
				value = valueOf(list[0])
			}
			if value == "" {
				continue
			}
			name := "users." + lookups[key].filter + " eq"
			if err := s.filter(ctx, name, s.at.users, lookups[key].filter+" eq "+quote(value), textOf(attribute(account, "id"))); err != nil {
				return err
			}
			break
		}
	}
	return nil
}
