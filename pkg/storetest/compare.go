package storetest

import (
	"fmt"
	"reflect"
	"time"
)

// diff returns where got and want differ first, or "". Times are compared as
// instants, and a nil list or map equals an empty one: a store may lose the
// difference, and nothing depends on it.
func diff(got, want any) string {
	return diffValue("", reflect.ValueOf(got), reflect.ValueOf(want))
}

func diffValue(path string, got, want reflect.Value) string {
	if got.IsValid() != want.IsValid() || got.IsValid() && got.Type() != want.Type() {
		return fmt.Sprintf("%s: got %v, want %v", path, got, want)
	}

	if !got.IsValid() {
		return ""
	}
	// Equal instants may differ in location and in a monotonic reading.
	if at, ok := got.Interface().(time.Time); ok {
		if !at.Equal(want.Interface().(time.Time)) {
			return fmt.Sprintf("%s: got %v, want %v", path, got, want)
		}
		return ""
	}

	switch got.Kind() {
	case reflect.Struct:
		return diffStruct(path, got, want)
	case reflect.Slice:
		return diffSlice(path, got, want)
	case reflect.Map:
		return diffMap(path, got, want)
	case reflect.Pointer, reflect.Interface:
		if got.IsNil() || want.IsNil() {
			if got.IsNil() != want.IsNil() {
				return fmt.Sprintf("%s: got %v, want %v", path, got, want)
			}
			return ""
		}

		return diffValue(path, got.Elem(), want.Elem())
	}

	if !got.Equal(want) {
		return fmt.Sprintf("%s: got %v, want %v", path, got, want)
	}
	return ""
}

func diffStruct(path string, got, want reflect.Value) string {
	for i := range got.NumField() {
		if d := diffValue(path+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i)); d != "" {
			return d
		}
	}
	return ""
}

func diffSlice(path string, got, want reflect.Value) string {
	if got.Len() != want.Len() {
		return fmt.Sprintf("%s: got %d elements, want %d: got %v, want %v", path, got.Len(), want.Len(), got, want)
	}
	for i := range got.Len() {
		if d := diffValue(fmt.Sprintf("%s[%d]", path, i), got.Index(i), want.Index(i)); d != "" {
			return d
		}
	}
	return ""
}

func diffMap(path string, got, want reflect.Value) string {
	if got.Len() != want.Len() {
		return fmt.Sprintf("%s: got %d entries, want %d", path, got.Len(), want.Len())
	}

	for _, key := range want.MapKeys() {
		entry := got.MapIndex(key)
		if !entry.IsValid() {
			return fmt.Sprintf("%s[%v]: missing", path, key)
		}
		if d := diffValue(fmt.Sprintf("%s[%v]", path, key), entry, want.MapIndex(key)); d != "" {
			return d
		}
	}
	return ""
}
