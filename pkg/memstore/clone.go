package memstore

import (
	"reflect"
	"time"
)

// clone returns a deep copy. It knows what domain types are made of: structs of
// exported members, slices, maps, pointers and plain values.
func clone[T any](v T) T {
	from := reflect.ValueOf(&v).Elem()
	to := reflect.New(from.Type()).Elem()
	cloneInto(to, from)
	return to.Interface().(T)
}

var timeType = reflect.TypeFor[time.Time]()

func cloneInto(to, from reflect.Value) {
	switch from.Kind() {
	case reflect.Struct:
		if from.Type() == timeType { // its members are its own; it is a value
			to.Set(from)
			return
		}
		for i := range from.NumField() {
			cloneInto(to.Field(i), from.Field(i))
		}
	case reflect.Slice:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeSlice(from.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			cloneInto(to.Index(i), from.Index(i))
		}
	case reflect.Map:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeMapWithSize(from.Type(), from.Len()))
		for entries := from.MapRange(); entries.Next(); {
			entry := reflect.New(from.Type().Elem()).Elem()
			cloneInto(entry, entries.Value())
			to.SetMapIndex(entries.Key(), entry)
		}
	case reflect.Pointer:
		if from.IsNil() {
			return
		}
		to.Set(reflect.New(from.Type().Elem()))
		cloneInto(to.Elem(), from.Elem())
	default:
		to.Set(from)
	}
}
