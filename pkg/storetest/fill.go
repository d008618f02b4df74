package storetest

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"leasehold/pkg/entitlement"
)

// filled returns a T in which every member is set to something that a store must
// bring back: new ids, text with the marks that keys and escapes are made of, and
// times to the nanosecond. A member that is added to a type is covered from then on.
// Meta stays zero, since it is the store's own business.
func filled[T any]() T {
	var v T
	n := 0
	fillValue(reflect.ValueOf(&v).Elem(), "", &n)
	return v
}

func fillValue(v reflect.Value, field string, n *int) {
	*n++

	switch v.Interface().(type) {
	case entitlement.Meta:
		return
	case time.Time:
		v.Set(reflect.ValueOf(instant(time.Duration(*n)*time.Hour + time.Duration(*n))))
		return
	case time.Duration:
		v.SetInt(int64(time.Duration(*n) * time.Minute))
		return
	}

	switch v.Kind() {
	case reflect.String:
		v.SetString(fillText(v.Type().Name(), field, *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint64:
		v.SetUint(uint64(*n))
	case reflect.Struct:
		for i := range v.NumField() {
			fillValue(v.Field(i), v.Type().Field(i).Name, n)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fillValue(v.Elem(), field, n)
	// Two elements, so that order and separators show.
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fillValue(v.Index(0), field, n)
		fillValue(v.Index(1), field, n)
	case reflect.Map:
		key, entry := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fillValue(key, field, n)
		fillValue(entry, field, n)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, entry)
	default:
		panic("no filling for " + v.Type().String())
	}
}

func fillText(typeName, field string, n int) string {
	if strings.HasSuffix(typeName, "ID") || field == "ID" {
		return newID[string]()
	}
	return fmt.Sprintf("Ünit#%d \"a/b\" %%41 <&>\n\t日本 ~", n)
}
