package dynamo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/names"
)

// expression collects a condition and a relative update. Attributes are always named
// through placeholders, since hundreds of short words are reserved.
type expression struct {
	known      []string // names, by the number of their placeholder
	values     item
	conditions []string
	clauses    [clauses][]string

	few struct { // what most expressions need no more than
		known      [4]string
		conditions [2]string
	}
}

// The clauses of an update, in the fixed order in which they are written.
const (
	clauseSet = iota
	clauseRemove
	clauseAdd
	clauseDelete
	clauses
)

var clauseWords = [clauses]string{"SET ", "REMOVE ", "ADD ", "DELETE "}

func newExpression() *expression {
	x := &expression{values: item{}}
	x.known, x.conditions = x.few.known[:0], x.few.conditions[:0]
	return x
}

// attr names an attribute.
func (x *expression) attr(name string) string {
	n := slices.Index(x.known, name)
	if n < 0 {
		n = len(x.known)
		x.known = append(x.known, name)
	}
	return placeholder("#n", n)
}

func (x *expression) value(v types.AttributeValue) string {
	p := placeholder(":v", len(x.values))
	x.values[p] = v
	return p
}

// placeholder numbers attributes and values; most expressions have few of them.
func placeholder(of string, n int) string {
	if n < fewPlaceholders {
		if of == ":v" {
			return valuesFirst[n]
		}
		return namesFirst[n]
	}
	return of + strconv.Itoa(n)
}

const fewPlaceholders = 16

var namesFirst, valuesFirst = numbered("#n"), numbered(":v")

func numbered(of string) (all [fewPlaceholders]string) {
	for n := range all {
		all[n] = of + strconv.Itoa(n)
	}
	return all
}

// require adds a condition; format takes attributes and values that are named already.
func (x *expression) require(format string, args ...any) {
	x.demand(fmt.Sprintf(format, args...))
}

func (x *expression) demand(condition string) { x.conditions = append(x.conditions, condition) }

func (x *expression) present() { x.demand("attribute_exists(" + x.attr(names.AttrPK) + ")") }

func (x *expression) equals(name string, v types.AttributeValue) {
	x.demand(x.attr(name) + " = " + x.value(v))
}

func (x *expression) lacks(name string) { x.demand("attribute_not_exists(" + x.attr(name) + ")") }

// contains demands that a set has a member, without that it has none: an absent set
// has no members.
func (x *expression) contains(set string, member []byte) {
	x.require("contains(%s, %s)", x.attr(set), x.value(&types.AttributeValueMemberB{Value: member}))
}

func (x *expression) without(set string, member []byte) {
	x.require("NOT contains(%s, %s)", x.attr(set), x.value(&types.AttributeValueMemberB{Value: member}))
}

// sizeLimit demands that a set has at most the number of members.
func (x *expression) sizeLimit(set string, most int) {
	a := x.attr(set)
	x.require("(attribute_not_exists(%s) OR size(%s) <= %s)", a, a, x.value(numeral(int64(most))))
}

func (x *expression) set(name string, v types.AttributeValue) {
	x.clauses[clauseSet] = append(x.clauses[clauseSet], x.attr(name)+" = "+x.value(v))
}

// initial sets an attribute where there is none yet.
func (x *expression) initial(name string, v types.AttributeValue) {
	a := x.attr(name)
	x.clauses[clauseSet] = append(x.clauses[clauseSet], a+" = if_not_exists("+a+", "+x.value(v)+")")
}

func (x *expression) remove(name string) {
	x.clauses[clauseRemove] = append(x.clauses[clauseRemove], x.attr(name))
}

// add adds to a number or a set; take takes from a set, which vanishes with its last member.
func (x *expression) add(name string, v types.AttributeValue) {
	x.clauses[clauseAdd] = append(x.clauses[clauseAdd], x.attr(name)+" "+x.value(v))
}

func (x *expression) take(name string, v types.AttributeValue) {
	x.clauses[clauseDelete] = append(x.clauses[clauseDelete], x.attr(name)+" "+x.value(v))
}

// touch gives an item that is only ever changed by relative updates what every item has.
func (x *expression) touch(tag string) {
	x.initial(attrType, literal(tag))
	x.initial(attrSchema, numeral(schema))
	x.add(attrVersion, numeral(1))
}

// place moves an item within index 2.
func (x *expression) place(r indexKey) {
	x.set(names.AttrI2P, literal(r.partition))
	x.set(names.AttrI2S, literal(r.sort))
}

func (x *expression) condition() *string {
	if len(x.conditions) == 0 {
		return nil
	}
	return aws.String(strings.Join(x.conditions, " AND "))
}

func (x *expression) update() *string {
	var b strings.Builder
	for clause, parts := range x.clauses {
		for i, part := range parts {
			switch {
			// The clause's word comes before its first part, and a space before every clause but one.
			case i > 0:
				b.WriteString(", ")
			case b.Len() > 0:
				b.WriteByte(' ')
				fallthrough
			default:
				b.WriteString(clauseWords[clause])
			}
			b.WriteString(part)
		}
	}

	text := b.String()
	return &text
}

// bindings returns the placeholders' meanings; the service refuses empty maps.
func (x *expression) bindings() (map[string]string, item) {
	values := x.values
	if len(values) == 0 {
		values = nil
	}
	return x.names(), values
}

// names returns what the placeholders of attributes mean; nobody changes it.
func (x *expression) names() map[string]string {
	switch len(x.known) {
	case 0:
		return nil
	case 1:
		return pairs.of([2]string{x.known[0]})
	case 2:
		return pairs.of([2]string{x.known[0], x.known[1]})
	}
	return bound(x.known)
}

// bound returns the names under their placeholders.
func bound(known []string) map[string]string {
	all := make(map[string]string, len(known))
	for n, name := range known {
		all[placeholder("#n", n)] = name
	}
	return all
}

// pairs are the names of expressions of one or two attributes, which nearly all queries and
// conditions of a version are: each made once.
var pairs shared

type shared struct {
	mu    sync.RWMutex
	known map[[2]string]map[string]string
}

// maxShared bounds the memory of a process; beyond it, forgetting all is simplest.
const maxShared = 1000

func (s *shared) of(known [2]string) map[string]string {
	s.mu.RLock()
	all := s.known[known]
	s.mu.RUnlock()
	if all != nil {
		return all
	}

	n := len(known)
	if known[1] == "" {
		n = 1
	}
	all = bound(known[:n])
	// Two that make one at the same time make the same, and the later one stays.
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= maxShared {
		s.known = map[[2]string]map[string]string{}
	}

	s.known[known] = all
	return all
}
