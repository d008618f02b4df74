package connector

import (
	"context"

	"leasehold/pkg/entitlement"
)

// spendKey is the context's key of what hands out a target's limits.
type spendKey struct{}

// Limited returns a context in which calls of a connector wait for what spend hands out.
func Limited(ctx context.Context, spend func(context.Context, entitlement.Cost) error) context.Context {
	return context.WithValue(ctx, spendKey{}, spend)
}

// Spend is called by a connector before each call to a target with published limits, other than
// the writes of Apply, which its caller has paid for. It waits until the limits allow the call. An
// error says that there is no time to wait; the call must not be made. Where nobody counts, as
// when somebody picks a resource, it returns at once.
func Spend(ctx context.Context, c entitlement.Cost) error {
	if spend, limited := ctx.Value(spendKey{}).(func(context.Context, entitlement.Cost) error); limited {
		return spend(ctx, c)
	}
	return nil
}
