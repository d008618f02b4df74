package memstore

import (
	"reflect"
	"sync"
	"time"
)

// clone returns a deep copy. It knows what domain types are made of: structs of
// exported members, slices, maps, pointers and plain values.
func clone[T any](v T) T {
	if p := partsOf(reflect.TypeFor[T]()); p.shared {
		p.part(reflect.ValueOf(&v).Elem())
	}
	return v
}

// parts says what of a type two copies would share. It is found once for each type,
// since a run of the simulator clones by the million.
type parts struct {
	shared bool
	part   func(reflect.Value) // gives a copied value parts of its own
}

var known sync.Map // reflect.Type -> parts

var timeType = reflect.TypeFor[time.Time]()

func partsOf(t reflect.Type) parts {
	if p, ok := known.Load(t); ok {
		return p.(parts)
	}
	p := findParts(t)
	known.Store(t, p)
	return p
}

func findParts(t reflect.Type) parts {
	switch t.Kind() {
	case reflect.Struct:
		if t == timeType { // its members are its own; it is a value
			return parts{}
		}
		return structParts(t)
	case reflect.Slice:
		of := partsOf(t.Elem())
		return parts{true, func(v reflect.Value) { partSlice(v, of) }}
	case reflect.Map:
		of := partsOf(t.Elem())
		return parts{true, func(v reflect.Value) { partMap(v, of) }}
	case reflect.Pointer:
		of := partsOf(t.Elem())
		return parts{true, func(v reflect.Value) { partPointer(v, of) }}
	default:
		return parts{}
	}
}

func structParts(t reflect.Type) parts {
	var members []func(reflect.Value)
	for i := range t.NumField() {
		if of := partsOf(t.Field(i).Type); of.shared {
			members = append(members, func(v reflect.Value) { of.part(v.Field(i)) })
		}
	}
	return parts{len(members) > 0, func(v reflect.Value) {
		for _, part := range members {
			part(v)
		}
	}}
}

func partSlice(v reflect.Value, of parts) {
	if v.IsNil() {
		return
	}
	own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(own, v)
	v.Set(own)
	if of.shared {
		for i := range own.Len() {
			of.part(own.Index(i))
		}
	}
}

func partMap(v reflect.Value, of parts) {
	if v.IsNil() {
		return
	}
	own := reflect.MakeMapWithSize(v.Type(), v.Len())
	for entries := v.MapRange(); entries.Next(); {
		entry := entries.Value()
		if of.shared {
			entry = reflect.New(v.Type().Elem()).Elem()
			entry.Set(entries.Value())
			of.part(entry)
		}
		own.SetMapIndex(entries.Key(), entry)
	}
	v.Set(own)
}

func partPointer(v reflect.Value, of parts) {
	if v.IsNil() {
		return
	}
	own := reflect.New(v.Type().Elem())
	own.Elem().Set(v.Elem())
	if of.shared {
		of.part(own.Elem())
	}
	v.Set(own)
}
