package entitlement

import "errors"

// ErrUnreadable is among the causes of an error that says of one item that this code cannot
// read it: a newer version of the service wrote it, or it is damaged. Whoever reads a page
// leaves that item out and goes on with the rest (F37).
var ErrUnreadable = errors.New("this item cannot be read")

// Readable reads what ids name by read, but for those items that cannot be read: where one
// of many cannot, the halves are read by themselves. It is for lists that somebody looks
// at, and for looks at many things of which each is decided by itself; what is decided on
// all of them together must not miss one.
func Readable[ID, T any](ids []ID, read func([]ID) ([]T, error)) ([]T, error) {
	list, err := read(ids)
	if !errors.Is(err, ErrUnreadable) {
		return list, err
	}

	// One that cannot be read even by itself is what is left out.
	if len(ids) < 2 {
		return nil, nil
	}

	first, err := Readable(ids[:len(ids)/2], read)
	if err != nil {
		return nil, err
	}
	second, err := Readable(ids[len(ids)/2:], read)
	return append(first, second...), err
}

// UnreadGrantSets says at which targets it cannot be read what is on record of a person. What
// came with it is right, and all that can be read: what is to be done at other targets need
// not wait, and that nothing is left of something cannot be said.
type UnreadGrantSets struct {
	At  []ConnectorID
	Err error
}

func (e *UnreadGrantSets) Error() string { return e.Err.Error() }

// Unwrap returns why the first of them cannot be read.
func (e *UnreadGrantSets) Unwrap() error { return e.Err }
