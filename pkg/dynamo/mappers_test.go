package dynamo

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"pgregory.net/rapid"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// anyOf draws a value in which every member may be anything that a caller can hand
// over. A list that is empty is nil, which is how a store gives it back.
func anyOf[T any](t *rapid.T) T {
	var v T
	draw(t, reflect.ValueOf(&v).Elem(), "value")
	return v
}

func draw(t *rapid.T, v reflect.Value, label string) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		if rapid.Bool().Draw(t, label+" set") {
			v.Set(reflect.ValueOf(anyInstant().Draw(t, label)))
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.OneOf(anyID(), rapid.StringN(0, 20, -1), rapid.StringMatching(`[0-9a-f]{64}`)).Draw(t, label))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, label))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, label))
	case reflect.Struct:
		for i := range v.NumField() {
			draw(t, v.Field(i), label+"."+v.Type().Field(i).Name)
		}
	case reflect.Pointer:
		if rapid.Bool().Draw(t, label+" set") {
			v.Set(reflect.New(v.Type().Elem()))
			draw(t, v.Elem(), label)
		}
	case reflect.Slice:
		for i := range rapid.IntRange(0, 3).Draw(t, label+" length") {
			v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
			draw(t, v.Index(i), fmt.Sprintf("%s[%d]", label, i))
		}
	case reflect.Map:
		for i := range rapid.IntRange(0, 3).Draw(t, label+" length") {
			key, entry := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			draw(t, key, fmt.Sprintf("%s key %d", label, i))
			draw(t, entry, fmt.Sprintf("%s entry %d", label, i))
			if v.IsNil() {
				v.Set(reflect.MakeMap(v.Type()))
			}
			v.SetMapIndex(key, entry)
		}
	default:
		panic("no values of " + v.Type().String())
	}
}

// roundTrip proves that an aggregate comes back from its item whole. settle takes away
// what is not the item's to keep.
func roundTrip[T any](s mapper[T], settle func(*T)) func(*testing.T) {
	return func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			v := anyOf[T](t)
			s.name(&v, s.key(v)) // ids that only the key holds
			s.meta(&v).Version, s.meta(&v).Erased = rapid.Int64Range(1, 1<<40).Draw(t, "version"), false
			if settle != nil {
				settle(&v)
			}
			got, err := s.read(s.write(v, s.meta(&v).Version))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, v) {
				t.Fatalf("got\n%#v\nwant\n%#v", got, v)
			}
		})
	}
}

func TestRoundTrips(t *testing.T) {
	t.Run("catalog", roundTrip(catalogMapper, nil))
	t.Run("resource", roundTrip(resourceMapper, nil))
	t.Run("settings", roundTrip(settingsMapper, nil))
	t.Run("organization", roundTrip(organizationMapper, nil))
	t.Run("extension", roundTrip(extensionMapper, nil))
	t.Run("package", roundTrip(packageMapper, nil))
	t.Run("scopes", roundTrip(scopesMapper, nil))
	t.Run("policy", roundTrip(policyMapper, nil))
	t.Run("connector", roundTrip(connectorMapper, nil))
	t.Run("breaker", roundTrip(breakerMapper, nil))
	t.Run("rate lease", roundTrip(rateMapper, nil))
	t.Run("use of an account", roundTrip(accountUseMapper, nil))
	t.Run("job", roundTrip(jobMapper, func(j *entitlement.Job) { j.Generation &= 1<<40 - 1 })) // a count
	t.Run("group", roundTrip(groupMapper, nil))
	t.Run("request", roundTrip(requestMapper, nil))
	t.Run("ended", roundTrip(endedMapper, nil))
	t.Run("user", roundTrip(userMapper, func(u *entitlement.User) { // a set has neither order nor repetitions
		slices.Sort(u.Groups)
		u.Groups = slices.Compact(u.Groups)
	}))
	t.Run("session", roundTrip(sessionMapper, nil))
	t.Run("impact change", roundTrip(impactChangeMapper, func(c *entitlement.ImpactChange) {
		c.Terms.ID, c.Terms.Meta = "", entitlement.Meta{Version: c.Terms.Version}
	}))
	t.Run("text beside a session", roundTrip(sessionFileMapper, func(s *entitlement.SessionFile) { s.Part &= 0xff }))
	t.Run("impact job", roundTrip(impactJobMapper, nil))
	t.Run("people of an impact job", roundTrip(impactPeopleMapper, func(p *entitlement.ImpactPeople) {
		p.Round, p.Number = p.Round&0xff, p.Number&0xff // counts
		p.Effect = entitlement.Loses
		for i := range p.People {
			p.People[i].Effect = p.Effect // that of all
		}
	}))
	t.Run("pace", roundTrip(paceMapper, nil))
	t.Run("walk through the paces", roundTrip(paceWalkMapper, nil))
	t.Run("absence", roundTrip(absenceMapper, func(a *entitlement.Absence) { // a set, as of a user
		slices.Sort(a.Groups)
		a.Groups = slices.Compact(a.Groups)
	}))
	t.Run("slot", roundTrip(assignmentSlotMapper, func(s *entitlement.AssignmentSlot) {
		if s.Assignment != nil {
			s.Assignment.Version, s.Assignment.Erased = 0, false // the slot's
		}
	}))
}

func TestEventRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anyOf[entitlement.Event](t)
		e.Aggregate, e.Number = entitlement.OfUser, rapid.Int64Range(1, 99_999_999).Draw(t, "number")
		key, _ := eventKey(e.Aggregate, e.ID, e.Number)
		got, err := readEvent(writeEvent(key, e, indexKeys{}))
		if err != nil || !reflect.DeepEqual(got, e) {
			t.Fatalf("got %v and\n%#v\nwant\n%#v", err, got, e)
		}
	})
}

func TestGrantSetRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := anyOf[entitlement.GrantSet](t)
		s.Token, s.Until = "", time.Time{} // a claim ends when the grant set is recorded
		grants := map[entitlement.RoleRef]entitlement.Grant{}
		for _, g := range s.Grants {
			if g.Role.Connector == "" || rapid.Bool().Draw(t, "own") {
				g.Role.Connector = s.Connector
			}
			grants[g.Role] = g
		}
		s.Grants = grants
		for i := range s.Under {
			if s.Under[i].Role.Connector == "" {
				s.Under[i].Role.Connector = s.Connector
			}
		}
		got, err := readGrantSet(writeGrantSet(s))
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Fatalf("got %v and\n%#v\nwant\n%#v", err, got, s)
		}
	})
}

func TestPackedPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, a := entitlement.PackageID(anyID().Draw(t, "p")), entitlement.AssignmentID(rapid.OneOf(anyID(), rapid.Just("")).Draw(t, "a"))
		gotP, gotA, ok := unpackPair[entitlement.PackageID, entitlement.AssignmentID](packWaiting(entitlement.Waiting{Package: p, Assignment: a}))
		if !ok || gotP != p || gotA != a {
			t.Fatalf("got %q and %q, want %q and %q", gotP, gotA, p, a)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		id := func(what string) string { return rapid.OneOf(anyID(), rapid.Just("")).Draw(t, what) }
		want := entitlement.Removing{Assignment: entitlement.AssignmentID(anyID().Draw(t, "a")), Package: entitlement.PackageID(id("p")), Request: entitlement.RequestID(id("r"))}
		if got, ok := unpackRemoving(packRemoving(want)); !ok || got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
	for _, bad := range [][]byte{nil, {5}, {16, 1}} {
		if _, ok := unpackRemoving(bad); ok {
			t.Errorf("%v was taken for what is being removed", bad)
		}
		if _, _, ok := unpackPair[entitlement.PackageID, entitlement.AssignmentID](bad); ok {
			t.Errorf("%v was taken for a pair", bad)
		}
	}
}

// samples are items of every kind that is read, with how it is read.
func samples() map[string]struct {
	item item
	read func(item) error
} {
	of := func(it item, read func(item) error) struct {
		item item
		read func(item) error
	} {
		return struct {
			item item
			read func(item) error
		}{it, read}
	}
	key, _ := eventKey(entitlement.OfUser, idU, 1)
	record := item{attrGeneration: numeral(3), attrLive: packedSet(entitlement.PackageID(idP)), attrWaiting: binarySet(packPair(entitlement.PackageID(idP), entitlement.AssignmentID(idQ)))}
	seal(record, subjectRecordKey(idU), tagSubjectRecord, 1)
	return map[string]struct {
		item item
		read func(item) error
	}{
		"catalog":   of(catalogMapper.write(entitlement.Catalog{ID: idC, DisplayName: "x", Published: true, Created: noon}, 1), reading(catalogMapper.read)),
		"resource":  of(resourceMapper.write(entitlement.Resource{ID: idR, Roles: []entitlement.ResourceRole{{ID: "x"}}, Scope: entitlement.ResourceScope{ID: "x"}}, 1), reading(resourceMapper.read)),
		"package":   of(packageMapper.write(entitlement.AccessPackage{ID: idP, Policies: []entitlement.PolicyID{idL}}, 1), reading(packageMapper.read)),
		"request":   of(requestMapper.write(entitlement.AssignmentRequest{ID: idQ, Type: entitlement.UserAdd, Fingerprint: hash}, 1), reading(requestMapper.read)),
		"slot":      of(assignmentSlotMapper.write(entitlement.AssignmentSlot{Package: idP, Subject: idU, Assignment: &entitlement.Assignment{ID: idQ}}, 1), reading(assignmentSlotMapper.read)),
		"user":      of(userMapper.write(entitlement.User{ID: idU, Groups: []entitlement.GroupID{idG}}, 1), reading(userMapper.read)),
		"event":     of(writeEvent(key, entitlement.Event{Kind: "x", Data: map[string]string{"a": "b"}}, indexKeys{}), reading(readEvent)),
		"grant set": of(writeGrantSet(entitlement.GrantSet{Subject: idU, Connector: idK, Principal: "x"}), reading(readGrantSet)),
		"record":    of(record, reading(readSubjectRecord)),
		"sentinel":  of(sentinel(userNameKey("x"), tagName, idU), reading(func(it item) (string, error) { return holderOf[string](it, tagName) })),
	}
}

func reading[T any](read func(item) (T, error)) func(item) error {
	return func(it item) error {
		_, err := read(it)
		return err
	}
}

// TestOtherSchemasAreParked proves that no item of a later or an earlier layout is ever misread.
func TestOtherSchemasAreParked(t *testing.T) {
	for name, s := range samples() {
		if err := s.read(s.item); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for v, attr := range map[types.AttributeValue]string{numeral(schema + 1): attrSchema, numeral(schema - 1): attrSchema, literal("OTHER"): attrType} {
			it := clone(s.item)
			it[attr] = v
			if err := s.read(it); err == nil || entitlement.KindOf(err) != entitlement.Internal {
				t.Errorf("%s with another %s: got %v, want an internal error", name, attr, err)
			}
		}
	}
}

// TestDamagedItemsAreRefused proves that an attribute of the wrong type is an error,
// never a panic and never a guess.
func TestDamagedItemsAreRefused(t *testing.T) {
	keys := keyAttributes()
	for name, s := range samples() {
		for attr := range s.item {
			if keys[attr] {
				continue
			}
			it := clone(s.item)
			it[attr] = &types.AttributeValueMemberNULL{Value: true}
			if err := s.read(it); err == nil || entitlement.KindOf(err) != entitlement.Internal {
				t.Errorf("%s with a damaged %s: got %v, want an internal error", name, attr, err)
			}
		}
	}
}

// keyAttributes are those that no reader takes from the item's contents, and the
// version, which is 0 where it is unreadable, so that no write meets it.
func keyAttributes() map[string]bool {
	return map[string]bool{"pk": true, "sk": true, "i1p": true, "i1s": true, "i2p": true, "i2s": true, "i3p": true, "i3s": true, "i4p": true, attrVersion: true}
}

func clone(it item) item {
	c := item{}
	for name, v := range it {
		c[name] = v
	}
	return c
}

const hash = "fe213a3f56ad76a24c8689a1306539294d18bc9efe213a3f56ad76a24c8689a1"

// TestS12_ARequestWithoutAKeyLiesAsItAlwaysDid proves that those that were stored before
// there were keys are read, and that one without a key is not a byte longer than they.
func TestS12_ARequestWithoutAKeyLiesAsItAlwaysDid(t *testing.T) {
	r := entitlement.AssignmentRequest{ID: idQ, Type: entitlement.UserAdd, State: entitlement.RequestDelivered, Package: idP, Policy: idL, Requestor: idU, Subject: idU}
	plain := requestMapper.write(r, 1)
	r.Fingerprint = hash
	keyed := requestMapper.write(r, 1)
	if _, there := plain["fp"]; there || ItemSize(keyed)-ItemSize(plain) != 2+32 {
		t.Errorf("got %v and %v", plain, keyed)
	}
	delete(keyed, "fp")
	if !reflect.DeepEqual(keyed, plain) {
		t.Errorf("got %v, want %v", keyed, plain)
	}
	if got, err := requestMapper.read(plain); err != nil || got.Fingerprint != "" || got.State != r.State {
		t.Errorf("got %+v, %v", got, err)
	}
}

// TestIDsAreSmall pins what lets a record hold its packages: 45 of them in a KB.
func TestIDsAreSmall(t *testing.T) {
	for text, want := range map[string]int{idU: 16, "": 1, "service": 8, hash: 32} {
		if got := len(pack(text)); got != want {
			t.Errorf("%q is packed in %d bytes, want %d", text, got, want)
		}
	}
}

// A slot that only remembers goes by itself once that counts no more; one that is occupied
// never does.
func TestA17_OnlyASlotThatNothingOccupiesExpires(t *testing.T) {
	last := time.Date(2026, 5, 1, 12, 0, 0, 500, time.UTC)
	s := entitlement.AssignmentSlot{Package: "p", Subject: "s", Setbacks: []time.Time{last.Add(-time.Minute), last}}
	if got := numberOf(assignmentSlotMapper.write(s, 2), names.AttrTTL); got != last.Add(entitlement.Cooling).Unix()+1 {
		t.Errorf("goes at %d", got)
	}
	held, open, empty := s, s, s
	held.Assignment, open.Open, empty.Setbacks = &entitlement.Assignment{}, "r", nil
	for _, s := range []entitlement.AssignmentSlot{held, open, empty} {
		if _, is := assignmentSlotMapper.write(s, 2)[names.AttrTTL]; is {
			t.Errorf("%+v goes by itself", s)
		}
	}
}
