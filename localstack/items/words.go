package items

import (
	"cmp"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// write prints a value with each of its members on a line of its own, under the names that
// they have in the code. What is zero is left out.
func write(w io.Writer, indent string, value any) {
	v := reflect.ValueOf(value)
	if line, ok := word(v); ok {
		fmt.Fprintf(w, "%s%s\n", indent, line)
		return
	}
	writeMembers(w, indent, v)
}

// writeMembers prints the fields of a struct or the elements of a list or map.
func writeMembers(w io.Writer, indent string, v reflect.Value) {
	// Types are found by reflection: a new field is shown without a line here.
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		writeMembers(w, indent, v.Elem())

	case reflect.Struct:
		writeFields(w, indent, v)

	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			writeMember(w, indent, "-", v.Index(i))
		}

	case reflect.Map:
		writeMap(w, indent, v)
	}
}

func writeFields(w io.Writer, indent string, v reflect.Value) {
	width := 0
	fields := reflect.VisibleFields(v.Type())
	fields = slices.DeleteFunc(fields, func(f reflect.StructField) bool {
		isMeta := len(f.Index) > 1 && f.Name == "Version" // that of the item, which is said already
		return f.Anonymous || !f.IsExported() || isMeta || v.FieldByIndex(f.Index).IsZero()
	})
	for _, f := range fields {
		width = max(width, len(f.Name))
	}
	for _, f := range fields {
		writeMember(w, indent, f.Name+strings.Repeat(" ", width-len(f.Name)), v.FieldByIndex(f.Index))
	}
}

// writeMember prints what has a name: on its line where it is one word, else below it.
func writeMember(w io.Writer, indent, name string, v reflect.Value) {
	if line, ok := word(v); ok {
		fmt.Fprintf(w, "%s%s  %s\n", indent, name, line)
		return
	}
	fmt.Fprintf(w, "%s%s\n", indent, strings.TrimRight(name, " "))
	writeMembers(w, indent+"    ", v)
}

// writeMap prints the elements of a map in the order of their keys. A key that is no word
// stands within its element as well, as that of a grant does.
func writeMap(w io.Writer, indent string, v reflect.Value) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		return cmp.Compare(fmt.Sprint(a.Interface()), fmt.Sprint(b.Interface()))
	})
	for _, key := range keys {
		name, ok := word(key)
		if !ok {
			name = "-"
		}
		writeMember(w, indent, name, v.MapIndex(key))
	}
}

// word is a value that fits on a line, if it does.
func word(v reflect.Value) (string, bool) {
	switch value := v.Interface().(type) {
	case time.Time:
		return instant(value), true
	case time.Duration:
		return value.String(), true
	}

	switch v.Kind() {
	// Text may hold anything, so it is made plain before it goes to a terminal.
	case reflect.String:
		return plain(v.String()), true
	case reflect.Bool:
		return map[bool]string{true: "yes", false: "no"}[v.Bool()], true
	case reflect.Int, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10), true
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "none", true
		}
		return word(v.Elem())
	case reflect.Struct, reflect.Slice, reflect.Array, reflect.Map:
		return "", false
	}
	return fmt.Sprint(v.Interface()), true
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// plain is a text as it is, or quoted where it holds what a terminal would obey.
func plain(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
