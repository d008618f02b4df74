package authz

import (
	"cmp"
	"context"
	"sync"
)

// Beside reads what an action opens, while ask finds out whether the caller may do it by a role:
// what takes a role to be shown takes no round of reads more. A refusal calls the reading off, and
// comes before whatever became of it. Where it takes no role to answer, nothing is read for
// whoever may not.
func Beside[T any](ctx context.Context, c Caller, a Action, ask func(context.Context) error, read func(context.Context) (T, error)) (T, error) {
	var v, none T
	err := beside(ctx, c, a, ask, func(ctx context.Context) (err error) { v, err = read(ctx); return err })
	if err != nil {
		return none, err
	}
	return v, nil
}

// beside is Beside without a type, so that there is one of it.
func beside(ctx context.Context, c Caller, a Action, ask, read func(context.Context) error) error {
	if Allow(c, a, Object{}).Allowed || !c.MayByRole(a) {
		if err := ask(ctx); err != nil {
			return err
		}
		return read(ctx)
	}

	within, callOff := context.WithCancel(ctx)
	defer callOff()
	var asking sync.WaitGroup
	var refusal error
	asking.Go(func() {
		if refusal = ask(ctx); refusal != nil {
			callOff()
		}
	})

	err := read(within)
	asking.Wait()
	return cmp.Or(refusal, err)
}
