package dynamo

import (
	"fmt"
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
	known      map[string]string // the placeholders, by their names
	values     item
	conditions []string
	clauses    map[string][]string // SET, REMOVE, ADD, DELETE
}

// clauseOrder is the fixed order in which clauses are written.
var clauseOrder = []string{"SET", "REMOVE", "ADD", "DELETE"}

func newExpression() *expression {
	return &expression{names: map[string]string{}, known: map[string]string{}, values: item{}, clauses: map[string][]string{}}
}

// attr names an attribute.
func (x *expression) attr(name string) string {
	if placeholder, ok := x.known[name]; ok {
		return placeholder
	}
	placeholder := "#n" + strconv.Itoa(len(x.names))
	x.names[placeholder], x.known[name] = name, placeholder
	return placeholder
}

func (x *expression) value(v types.AttributeValue) string {
	placeholder := ":v" + strconv.Itoa(len(x.values))
	x.values[placeholder] = v
	return placeholder
}

// require adds a condition; format takes attributes and values that are named already.
func (x *expression) require(format string, args ...any) {
	x.conditions = append(x.conditions, fmt.Sprintf(format, args...))
}

func (x *expression) absent()  { x.require("attribute_not_exists(%s)", x.attr(names.AttrPK)) }
func (x *expression) present() { x.require("attribute_exists(%s)", x.attr(names.AttrPK)) }

func (x *expression) equals(name string, v types.AttributeValue) {
	x.require("%s = %s", x.attr(name), x.value(v))
}

func (x *expression) lacks(name string) { x.require("attribute_not_exists(%s)", x.attr(name)) }

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
	x.clauses["SET"] = append(x.clauses["SET"], x.attr(name)+" = "+x.value(v))
}

// initial sets an attribute where there is none yet.
func (x *expression) initial(name string, v types.AttributeValue) {
	a := x.attr(name)
	x.clauses["SET"] = append(x.clauses["SET"], fmt.Sprintf("%s = if_not_exists(%s, %s)", a, a, x.value(v)))
}

func (x *expression) remove(name string) {
	x.clauses["REMOVE"] = append(x.clauses["REMOVE"], x.attr(name))
}

// add adds to a number or a set; take takes from a set, which vanishes with its last member.
func (x *expression) add(name string, v types.AttributeValue) {
	x.clauses["ADD"] = append(x.clauses["ADD"], x.attr(name)+" "+x.value(v))
}

func (x *expression) take(name string, v types.AttributeValue) {
	x.clauses["DELETE"] = append(x.clauses["DELETE"], x.attr(name)+" "+x.value(v))
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
	var all []string
	for _, clause := range clauseOrder {
		if parts := x.clauses[clause]; len(parts) > 0 {
			all = append(all, clause+" "+strings.Join(parts, ", "))
		}
	}
	return aws.String(strings.Join(all, " "))
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
