package memstore

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// index is the view that finds items by other things than their ids. It lags behind
// the state by a number of commits; commands never decide by it.
type index struct {
	*view
	lag     int
	pending []step
}

// step is what one commit does to the index.
type step struct{ drops, adds []row }

func newIndex(lag int) *index { return &index{view: newView(), lag: lag} }

func (x *index) commit(s step) {
	x.pending = append(x.pending, s)
	x.catchUp(x.lag)
}

// catchUp applies the oldest steps until lag of them remain.
func (x *index) catchUp(lag int) {
	for len(x.pending) > lag {
		for _, r := range x.pending[0].drops {
			x.drop(r)
		}
		for _, r := range x.pending[0].adds {
			x.add(r)
		}
		x.pending = x.pending[1:]
	}
}

// The lists of the index that have no id in their name.
const (
	allCatalogs   = "catalogs"
	allPackages   = "packages"
	allPolicies   = "policies"
	allConnectors = "connectors"
	allUsers      = "users"
	allGroups     = "groups"
)

func packagesOf(c entitlement.CatalogID) string { return "packages of " + string(c) }
func incompatibleWith(p entitlement.PackageID) string {
	return "packages incompatible with " + string(p)
}
func resourcesOf(c entitlement.CatalogID) string   { return "resources of " + string(c) }
func requestsFor(p entitlement.PackageID) string   { return "requests for " + string(p) }
func requestsOf(subject entitlement.UserID) string { return "requests of " + string(subject) }
func requestsBy(u entitlement.UserID) string       { return "requests by " + string(u) }
func holdersOf(p entitlement.PackageID) string     { return "holders of " + string(p) }
func membersOf(g entitlement.GroupID) string       { return "members of " + string(g) }
func inboxOf(kind entitlement.SubjectKind, id string) string {
	return "inbox of " + string(kind) + " " + id
}
func policiesFor(kind entitlement.SubjectKind, id string) string {
	return "policies for " + string(kind) + " " + id
}
func failingAt(at entitlement.ConnectorID, reason string) string {
	return fmt.Sprintf("failing at %q for %q", at, reason)
}
func dueList(shard int) string  { return fmt.Sprint("due ", shard) }
func lateList(shard int) string { return fmt.Sprint("late ", shard) }
func owedList(shard int) string { return fmt.Sprint("owed ", shard) }

// everybody stands for the targets of a policy that names nobody in particular.
const everybody entitlement.SubjectKind = "everybody"

// byName sorts by name in lower case, then by id.
func byName(list, name, id string, ref any) row {
	return row{list: list, sort: strings.ToLower(name) + "\x00" + id, ref: ref}
}

// byTime sorts by time, then by id.
func byTime(list string, at time.Time, id string, ref any) row {
	return row{list: list, sort: place(at) + id, ref: ref}
}

// place is a time as bytes that sort as times do.
func place(at time.Time) string {
	var b [12]byte
	binary.BigEndian.PutUint64(b[:], uint64(at.Unix())^1<<63) // so that times before 1970 come first
	binary.BigEndian.PutUint32(b[8:], uint32(at.Nanosecond()))
	return string(b[:])
}

// lastPlace is behind every row of the time.
func lastPlace(at time.Time) string { return place(at) + "\xff" }

func shardOf(id string, shards int) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % uint32(shards))
}

func dueRow(id string, ref entitlement.DueRef) row {
	return byTime(dueList(shardOf(id, names.DueShards)), ref.At, id, ref)
}

func lateRow(id string, l entitlement.Late) row {
	return byTime(lateList(shardOf(id, names.LateShards)), l.Since, id, l)
}

func owedRow(subject entitlement.UserID, look time.Time) row {
	return byTime(owedList(shardOf(string(subject), names.OweShards)), look, string(subject), subject)
}
