package strict

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
)

// Object is a JSON object that is being read. The readers leave their target as it is
// where the member is absent; null makes it empty.
type Object struct {
	members  map[string]any
	taken    map[string]bool
	children []*Object
	path     string
	state    *state
}

// state is what all objects of one body share.
type state struct {
	errs   []error
	every  bool // all that is wrong is told, not the first thing alone
	coerce bool
}

// maxTold bounds how much of what is wrong is told at once.
const maxTold = 20

// Every has all that is wrong in the whole body told at once, as whoever fills in a long form
// wants it.
func (o *Object) Every() { o.state.every = true }

func root(members map[string]any) *Object {
	return &Object{members: members, taken: map[string]bool{}, state: &state{}}
}

// Coerce lets booleans and numbers be written as text, in the whole body: "true", "1".
func (o *Object) Coerce() { o.state.coerce = true }

// Done returns the first thing that was wrong, or all of it after Every, or else refuses a member that nobody
// asked for.
func (o *Object) Done() error {
	if len(o.state.errs) > 0 {
		return entitlement.AllFaults(o.state.errs...)
	}

	var unknown []string
	for name := range o.members {
		if !o.taken[name] && !isAnnotation(name) {
			unknown = append(unknown, o.at(name))
		}
	}

	// The first in order of names, so that the same body is refused in the same words.
	if len(unknown) > 0 {
		return entitlement.Errorf(entitlement.Invalid, "There is no member %s here.", clip(slices.Min(unknown)))
	}

	for _, child := range o.children {
		if err := child.Done(); err != nil {
			return err
		}
	}

	return nil
}

// annotations are what OData's own members tell of what was read. Clients send them back;
// they ask for nothing, as odata.bind and odata.delta would.
var annotations = []string{"odata.context", "odata.type", "odata.id", "odata.etag", "odata.editLink", "odata.readLink", "odata.navigationLink",
	"odata.associationLink", "odata.count", "odata.nextLink"}

func isAnnotation(name string) bool {
	_, annotation, ok := strings.Cut(name, "@")
	return ok && slices.Contains(annotations, annotation)
}

// Fail remembers that a member is wrong, where nothing was before it. The message
// goes on from the member's name.
func (o *Object) Fail(name, why string) {
	o.keep(entitlement.Errorf(entitlement.Invalid, "%s %s", clip(o.at(name)), why))
}

func (o *Object) keep(err error) {
	if len(o.state.errs) == 0 || o.state.every && len(o.state.errs) < maxTold {
		o.state.errs = append(o.state.errs, err)
	}
}

// at names a member for people.
func (o *Object) at(name string) string {
	if o.path == "" {
		return name
	}
	return o.path + "." + name
}

// Has reports that the member is there and not null.
func (o *Object) Has(name string) bool { return o.members[name] != nil }

// Unwrap puts in the object's place the one that is its only member.
func (o *Object) Unwrap(name string) {
	if inner, is := o.members[name].(map[string]any); is && len(o.members) == 1 {
		o.members = inner
	}
}

// Given reports that the member is there, if only as null.
func (o *Object) Given(name string) bool {
	_, ok := o.members[name]
	return ok
}

func (o *Object) take(name string) (any, bool) {
	v, ok := o.members[name]
	if ok {
		o.taken[name] = true
	}
	return v, ok
}

// Alias lets the member be called by another name too; both at once are refused.
func (o *Object) Alias(name, other string) {
	v, ok := o.take(other)
	if !ok {
		return
	}
	if _, both := o.members[name]; both {
		o.Fail(other, "is another name of "+name+"; send one of them.")
		return
	}
	o.members[name] = v
}

// Ignore takes members that the server sets: clients send back what they have read.
func (o *Object) Ignore(names ...string) {
	for _, name := range names {
		o.take(name)
	}
}

// Refuse refuses a member that asks for what is not there yet; null and what is empty
// or false ask for nothing.
func (o *Object) Refuse(names ...string) {
	for _, name := range names {
		v, ok := o.take(name)
		if ok && !o.asksNothing(v) {
			o.Fail(name, "asks for something that is not supported yet; leave it out.")
		}
	}
}

func (o *Object) asksNothing(v any) bool {
	list, isList := v.([]any)
	return v == nil || isList && len(list) == 0 || v == false || v == "" || o.state.coerce && v == "false"
}

// Text reads a text.
func (o *Object) Text(name string, to *string) {
	v, ok := o.take(name)
	if !ok {
		return
	}
	text, isText := v.(string)
	if v != nil && !isText {
		o.Fail(name, "must be a text.")
		return
	}
	*to = text
}

// Bool reads a boolean; null is false.
func (o *Object) Bool(name string, to *bool) {
	v, ok := o.take(name)
	if !ok {
		return
	}

	if text, isText := v.(string); isText && o.state.coerce {
		if parsed, err := strconv.ParseBool(strings.ToLower(text)); err == nil {
			v = parsed
		}
	}

	yes, isBool := v.(bool)
	if v != nil && !isBool {
		o.Fail(name, "must be true or false.")
		return
	}

	*to = yes
}

// Int reads a whole number; null is 0.
func (o *Object) Int(name string, to *int) {
	v, ok := o.take(name)
	if !ok {
		return
	}

	if text, isText := v.(string); isText && o.state.coerce {
		v = number(text)
	}

	n, isNumber := v.(number)
	parsed, err := strconv.ParseInt(string(n), 10, 32)
	if v != nil && (!isNumber || err != nil) {
		o.Fail(name, "must be a whole number.")
		return
	}

	*to = int(parsed)
}

// Time reads an RFC 3339 instant; null is the zero time.
func (o *Object) Time(name string, to *time.Time) {
	parsed(o, name, to, entitlement.ParseTime)
}

// Duration reads an ISO 8601 duration; null is 0.
func (o *Object) Duration(name string, to *time.Duration) {
	parsed(o, name, to, entitlement.ParseDuration)
}

// ID reads a UUID; null is "".
func ID[T ~string](o *Object, name string, to *T) {
	parsed(o, name, to, entitlement.ParseID[T])
}

// Enum reads one of the words, in any case, as it is spelled among them.
func Enum[T ~string](o *Object, name string, to *T, words ...T) {
	parsed(o, name, to, func(what, text string) (T, error) {
		for _, word := range words {
			if strings.EqualFold(string(word), text) {
				return word, nil
			}
		}
		return "", entitlement.Errorf(entitlement.Invalid, "%s must be one of %s.", what, joined(words))
	})
}

func joined[T ~string](words []T) string {
	var b strings.Builder
	for i, word := range words {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(word))
	}
	return b.String()
}

// parsed reads a text that parse gives a meaning; null is the zero value.
func parsed[T any](o *Object, name string, to *T, parse func(what, text string) (T, error)) {
	if _, ok := o.members[name]; !ok {
		return
	}

	var text string

	// Text keeps its own complaint; what it refused is not to be parsed.
	before := len(o.state.errs)
	o.Text(name, &text)
	if len(o.state.errs) != before {
		return
	}

	var v T
	if o.Has(name) {
		var err error
		if v, err = parse(clip(o.at(name)), text); err != nil {
			o.keep(err)
			return
		}
	}

	*to = v
}

// Object reads an object; an absent or null one is empty and has no members.
func (o *Object) Object(name string) *Object {
	v, _ := o.take(name)
	members, ok := v.(map[string]any)
	if v != nil && !ok {
		o.Fail(name, "must be an object.")
	}
	return o.child(members, o.at(name))
}

func (o *Object) child(members map[string]any, path string) *Object {
	if members == nil {
		members = map[string]any{}
	}
	c := &Object{members: members, taken: map[string]bool{}, path: path, state: o.state}
	o.children = append(o.children, c)
	return c
}

// Objects reads a list of objects; null is an empty one.
func (o *Object) Objects(name string) []*Object {
	var list []*Object
	for i, v := range o.list(name) {
		at := o.at(name) + "[" + strconv.Itoa(i) + "]"
		members, ok := v.(map[string]any)
		if !ok {
			o.keep(entitlement.Errorf(entitlement.Invalid, "%s must be an object.", clip(at)))
		}
		list = append(list, o.child(members, at))
	}
	return list
}

// Texts reads a list of texts into to; null is an empty one.
func (o *Object) Texts(name string, to *[]string) {
	if _, ok := o.members[name]; !ok {
		return
	}
	*to = nil
	for i, v := range o.list(name) {
		text, ok := v.(string)
		if !ok {
			o.Fail(name+"["+strconv.Itoa(i)+"]", "must be a text.")
			return
		}
		*to = append(*to, text)
	}
}

func (o *Object) list(name string) []any {
	v, _ := o.take(name)
	list, ok := v.([]any)
	if v != nil && !ok {
		o.Fail(name, "must be a list.")
	}
	return list
}

// Type reads @odata.type without the marks before the name: "singleUser". Absent, it is "".
func (o *Object) Type() string {
	var text string
	o.Text("@odata.type", &text)
	return text[strings.LastIndexAny(text, ".#")+1:]
}

// IDs reads a list of UUIDs into to; null is an empty one.
func IDs[T ~string](o *Object, name string, to *[]T) {
	texts := make([]string, len(*to))
	for i, id := range *to {
		texts[i] = string(id)
	}

	o.Texts(name, &texts)

	ids := make([]T, len(texts))
	for i, text := range texts {
		var err error
		if ids[i], err = entitlement.ParseID[T](clip(o.at(name+"["+strconv.Itoa(i)+"]")), text); err != nil {
			o.keep(err)
			return
		}
	}

	*to = ids
}
