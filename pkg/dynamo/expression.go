package dynamo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/names"
)

// expression collects a condition and a relative update. Attributes are always named
// through placeholders, since hundreds of short words are reserved.
type expression struct {
	names      map[string]string
	known      []string // names, by the number of their placeholder
	values     item
	conditions []string
	clauses    [clauses][]string
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
	return &expression{names: map[string]string{}, values: item{}}
}

// attr names an attribute.
func (x *expression) attr(name string) string {
	n := slices.Index(x.known, name)
	if n < 0 {
		n = len(x.known)
		x.known = append(x.known, name)
		x.names[placeholder("#n", n)] = name
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

func (x *expression) absent()  { x.lacks(names.AttrPK) }
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

// room demands that a set has at most the number of members.
func (x *expression) room(set string, most int) {
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
func (x *expression) place(r row) {
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
	attrs, values := x.names, x.values
	if len(attrs) == 0 {
		attrs = nil
	}
	if len(values) == 0 {
		values = nil
	}
	return attrs, values
}
