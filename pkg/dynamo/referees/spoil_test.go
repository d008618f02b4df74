package referees

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// spoil makes some actions wrong, and says in which way.
func (d *drawer) spoil(a *action) string {
	if !d.oneIn(10) {
		return ""
	}
	names := slices.Sorted(maps.Keys(spoils))
	for {
		name := pick(d, names...)
		if spoils[name](d, a) {
			return name
		}
	}
}

// put puts a value somewhere into an action: into its item, or where it compares or sets.
func (a *action) put(d *drawer, v value) bool {
	if a.kind == "Put" && d.oneIn(2) {
		a.item["a"] = v
		return true
	}
	placeholder, ok := first(a.values)
	if ok {
		a.values[placeholder] = v
	}
	return ok
}

func first[V any](m map[string]V) (string, bool) {
	if len(m) == 0 {
		return "", false
	}
	return slices.Min(slices.Collect(maps.Keys(m))), true
}

const noSuchTable = "no such table"

// spoils are the ways of being wrong, each of which reports that it fits the action.
var spoils = map[string]func(d *drawer, a *action) bool{
	"a name that is not used":    func(_ *drawer, a *action) bool { a.names["#unused"] = "a"; return true },
	"a value that is not used":   func(_ *drawer, a *action) bool { a.values[":unused"] = text("x"); return true },
	"a name that means nothing":  func(_ *drawer, a *action) bool { return lose(a.names) },
	"a value that means nothing": func(_ *drawer, a *action) bool { return lose(a.values) },
	"an empty set":               func(d *drawer, a *action) bool { return a.put(d, &types.AttributeValueMemberSS{Value: []string{}}) },
	"a set with repetitions": func(d *drawer, a *action) bool {
		return a.put(d, pick[value](d, &types.AttributeValueMemberSS{Value: []string{"x", "y", "x"}},
			&types.AttributeValueMemberNS{Value: []string{"1", "1.0"}}, &types.AttributeValueMemberBS{Value: [][]byte{[]byte("x"), []byte("x")}}))
	},
	"no number": func(d *drawer, a *action) bool {
		return a.put(d, number(pick(d, "", "x", "1x", "--1", "1e", " 1", ".", "1e9e9", "0x1", "NaN")))
	},
	"a number beyond the limits": func(d *drawer, a *action) bool {
		return a.put(d, number(pick(d, strings.Repeat("1", 39), "1e126", "-1e126", "1e-131", "1."+strings.Repeat("0", 37)+"1"+"1")))
	},
	"a null that is none": func(d *drawer, a *action) bool { return a.put(d, &types.AttributeValueMemberNULL{}) },
	"deep nesting": func(_ *drawer, a *action) bool {
		if a.kind == "Put" {
			a.item["a"] = nested(32)
		}
		return a.kind == "Put"
	},
	"deep nesting in an expression": func(_ *drawer, a *action) bool {
		placeholder, ok := first(a.values)
		if ok {
			a.values[placeholder] = nested(32)
		}
		return ok
	},
	"an attribute without a name": func(d *drawer, a *action) bool {
		return a.put(d, &types.AttributeValueMemberM{Value: item{"": text("x")}})
	},
	"an empty key":           func(d *drawer, a *action) bool { a.item[pick(d, "pk", "sk")] = text(""); return true },
	"a key that is a number": func(d *drawer, a *action) bool { a.item[pick(d, "pk", "sk")] = number("1"); return true },
	"a key that is missing":  func(d *drawer, a *action) bool { delete(a.item, pick(d, "pk", "sk")); return true },
	"a key that is too long": func(d *drawer, a *action) bool { a.item["sk"] = text(strings.Repeat("x", 1025)); return true },
	"more than the key": func(_ *drawer, a *action) bool {
		if a.kind != "Put" {
			a.item["a"] = text("x")
		}
		return a.kind != "Put"
	},
	"an index key of a number": func(d *drawer, a *action) bool { return a.indexed(d, number("1")) },
	"an empty index key":       func(d *drawer, a *action) bool { return a.indexed(d, text("")) },
	"an index key that is too long": func(d *drawer, a *action) bool {
		return a.indexed(d, text(strings.Repeat("x", 2049)))
	},
	"a large item": func(_ *drawer, a *action) bool {
		if a.kind == "Put" {
			a.item["b"] = text(strings.Repeat("x", 400<<10))
		}
		return a.kind == "Put"
	},
	"an item that an update makes large": func(_ *drawer, a *action) bool {
		return a.only("SET b = :b", item{":b": text(strings.Repeat("x", 400<<10-2))})
	},
	"a reserved word": func(d *drawer, a *action) bool {
		return a.and("attribute_exists(" + pick(d, "Name", "status", "TTL") + ")")
	},
	"parentheses too many": func(_ *drawer, a *action) bool { return a.and("((attribute_exists(a)))") },
	"a long expression":    func(_ *drawer, a *action) bool { return a.and("attribute_exists(a)" + strings.Repeat(" ", 4096)) },
	"too many operators": func(_ *drawer, a *action) bool {
		return a.and("("+strings.Repeat("a <> :many OR ", 151)+"b <> :many)", "many")
	},
	"an empty expression": func(_ *drawer, a *action) bool {
		if a.kind == "Update" {
			return false
		}
		a.cond, a.noCondition = "", true
		clear(a.names)
		clear(a.values)
		return true
	},
	"no such function": func(d *drawer, a *action) bool { return a.and(pick(d, "exists(a)", "ATTRIBUTE_EXISTS(a)", "size(a)")) },
	"no syntax": func(d *drawer, a *action) bool {
		return a.and(pick(d, "a = ", "a ==", "a = :", "(a <> #", "a ; b", "_a <> #x", "AND", "a"))
	},
	"an order of what has none": func(d *drawer, a *action) bool {
		return a.and("a "+pick(d, "<", ">=")+" :many", "many") && a.mean(":many", pick[value](d, &types.AttributeValueMemberBOOL{}, d.set()))
	},
	"an update of a key":           func(d *drawer, a *action) bool { return a.also(pick(d, "SET pk = :x", "REMOVE sk", "ADD pk :x"), d) },
	"an attribute changed twice":   func(d *drawer, a *action) bool { return a.also("SET zz = :x, zz = :x", d) },
	"a section twice":              func(d *drawer, a *action) bool { return a.also("SET zz = :x SET yy = :x", d) },
	"an addition of what is none":  func(d *drawer, a *action) bool { return a.also("ADD zz :x", d) },
	"a deletion of what is no set": func(d *drawer, a *action) bool { return a.also("DELETE zz :x", d) },
	noSuchTable:                    func(_ *drawer, a *action) bool { a.table = "nowhere"; return true },
}

func lose[V any](m map[string]V) bool {
	name, ok := first(m)
	delete(m, name)
	return ok
}

func nested(levels int) value {
	v := text("x")
	for range levels {
		v = &types.AttributeValueMemberL{Value: []value{v}}
	}
	return v
}

// indexed gives an index key a value, in an item or by an update.
func (a *action) indexed(d *drawer, v value) bool {
	at := pick(d, indexKeys...)
	switch a.kind {
	case "Put":
		a.item[at] = v
		return true
	default:
		return a.only("SET "+at+" = :i", item{":i": v})
	}
}

// and adds a term to the condition, with a placeholder if that has one.
func (a *action) and(term string, placeholders ...string) bool {
	if a.cond != "" {
		term = a.cond + " AND " + term
	}
	a.cond = term
	for _, p := range placeholders {
		a.values[":"+p] = text("x")
	}
	return true
}

func (a *action) mean(placeholder string, v value) bool {
	a.values[placeholder] = v
	return true
}

// only makes an update of an action, and of nothing else.
func (a *action) only(update string, values item) bool {
	if a.kind != "Update" {
		return false
	}
	a.upd, a.cond, a.names, a.values = update, "", map[string]string{}, values
	return true
}

// also is only with a value that is none of those that an update adds.
func (a *action) also(update string, d *drawer) bool {
	values := item{}
	if strings.Contains(update, ":x") {
		values[":x"] = pick[value](d, text("x"), &types.AttributeValueMemberBOOL{})
	}
	return a.only(update, values)
}
