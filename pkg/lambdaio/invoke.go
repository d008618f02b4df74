package lambdaio

import (
	"context"
	"fmt"

	"leasehold/pkg/obs"
)

// Invoked serves other functions of ours, which wait for what h answers. One that panics is told
// to the caller as a failure of this function.
func Invoked[In, Out any](h func(context.Context, In) Out) func(context.Context, In) (Out, error) {
	return func(ctx context.Context, in In) (out Out, err error) {
		ctx = withInvocation(ctx)
		defer func() {
			if thrown := recover(); thrown != nil {
				logPanic(ctx, thrown)
				err = fmt.Errorf("the request %s was not answered", obs.RequestID(ctx))
			}
		}()
		return h(ctx, in), nil
	}
}
