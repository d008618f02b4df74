package engine

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// write is one action on one item, checked as far as it can be without the item.
type write struct {
	action  Action
	key     Key
	put     *record // of a put
	late    error   // what is wrong with that, if a transaction tells it as a reason
	sent    expression
	wantOld bool // where the condition fails

	old, next *record // once it was judged; they are the same where nothing changes
}

// prepare reads an action's expressions, under its key.
func (e *Engine) prepare(action Action, key Key, s sent, onFailure types.ReturnValuesOnConditionCheckFailure) (write, error) {
	w := write{action: action, key: key}
	var err error

	if w.sent, err = e.keeper().bind(s); err != nil {
		return w, err
	}

	switch onFailure {
	case "", types.ReturnValuesOnConditionCheckFailureNone:
	case types.ReturnValuesOnConditionCheckFailureAllOld:
		w.wantOld = true
	default:
		return w, invalid("Value %q at 'returnValuesOnConditionCheckFailure' failed to satisfy constraint", onFailure)
	}

	return w, nil
}

// preparePut is prepare for a whole item.
func (e *Engine) preparePut(it item, s sent, onFailure types.ReturnValuesOnConditionCheckFailure) (write, error) {
	key, err := keyOf(it)
	if err != nil {
		return write{}, err
	}

	w, err := e.prepare(Put, key, s, onFailure)
	if err != nil {
		return w, err
	}

	kept, err := e.keeper().item(it)
	if err != nil {
		return w, err
	}

	w.put, err = newRecord(key, kept)
	// A key of an index of the wrong type is found after the condition was judged, as by the
	// service: one that fails is told first.
	if m, ok := errors.AsType[mistyped](err); ok {
		w.late, err = m, nil
	}

	return w, err
}

// prepareKey is prepare for what names its item by the key alone.
func (e *Engine) prepareKey(action Action, it item, s sent, onFailure types.ReturnValuesOnConditionCheckFailure) (write, error) {
	key, err := justKey(it)
	if err != nil {
		return write{}, err
	}
	return e.prepare(action, key, s, onFailure)
}

// evaluate says what an action makes of its item, or why it cannot be.
func (e *Engine) evaluate(w *write) error {
	if w.late != nil {
		return w.late
	}

	w.old = e.table.find(w.key)
	var was item
	if w.old != nil {
		was = w.old.item
	}

	if !w.sent.holds(was, e.waived(w)) {
		if w.wantOld {
			return untrue{e.keeper().give(was)}
		}
		return untrue{}
	}

	switch w.action {
	case Put:
		w.next = w.put
	case Update:
		return w.update(was)
	case ConditionCheck:
		// A check leaves the item as it is, and so the next one is the old one.
		w.next = w.old
	}
	return nil
}

func (w *write) update(was item) error {
	it, err := w.sent.updated(w.key, was)
	if err != nil {
		return err
	}
	w.next, err = newRecord(w.key, it)
	return err
}

// waived returns which terms of an action's condition are not looked at; nil is none.
func (e *Engine) waived(w *write) func(*node) bool {
	if e.options.Waive == nil {
		return nil
	}
	return func(n *node) bool {
		return e.options.Waive(Condition{Action: w.action, Key: w.key, Text: w.sent.text(n)})
	}
}

// commit makes what was judged true, and says so to whoever wants to know.
func (e *Engine) commit(ctx context.Context, writes ...*write) {
	lag := e.options.Lag != nil

	var at time.Time
	if lag || e.options.Stale != nil {
		at = e.now()
	}

	var told []Write
	if e.options.Committed != nil {
		told = make([]Write, 0, len(writes))
	}

	for _, w := range writes {
		// A deletion of nothing writes nothing.
		if w.action == ConditionCheck || w.old == nil && w.next == nil {
			continue
		}

		e.table.set(w.key, w.next)
		// Rows follow the item, at once or as late as the options say.
		for i := range e.indexes {
			e.indexes[i].write(w.old, w.next, at, lag)
		}

		if e.options.Stale != nil {
			e.before[w.key] = past{w.old, at}
		}

		if e.options.Committed != nil {
			told = append(told, Write{Key: w.key, Before: e.shown(w.old), After: e.shown(w.next)})
		}
	}

	if e.options.Committed != nil {
		e.options.Committed(ctx, told)
	}
}

// shown is a record's item as it is handed out; nil for none.
func (e *Engine) shown(r *record) item {
	if r == nil {
		return nil
	}
	return e.keeper().give(r.item)
}

// single makes one action that is no transaction.
func (e *Engine) single(ctx context.Context, w *write) error {
	err := e.evaluate(w)
	if failed, ok := errors.AsType[untrue](err); ok {
		return failed.alone()
	}
	if m, ok := errors.AsType[mistyped](err); ok {
		return invalid("%s", m.Error())
	}
	if err == nil {
		e.commit(ctx, w)
	}
	return err
}
