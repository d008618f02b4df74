package dynamo

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Failing lists subjects whose delivery at a target fails for a reason, longest first.
// The index entries lie on the grant sets and say all that is asked, so nothing else
// is read.
func (db *DB) Failing(ctx context.Context, at entitlement.ConnectorID, reason string, page entitlement.Page) (entitlement.Paged[entitlement.Failing], error) {
	return within(ctx, db, failingQuery(at, reason), page, func(it item) (entitlement.Failing, error) {
		return failingAt(textOf(it, names.AttrI1S)), nil
	})
}

// maxCounted bounds the pages of 1 MB that one count reads (S21): some fifty thousand people.
const maxCounted = 10

// CountFailing counts them; of very many a part.
func (db *DB) CountFailing(ctx context.Context, at entitlement.ConnectorID, reason string) (int, error) {
	in := db.query(failingQuery(at, reason), nil, 0)
	in.Select = types.SelectCount

	n := 0
	// Bounded, since it is for a page that people look at: beyond that "many" is enough.
	for range maxCounted {
		out, err := db.client.Query(ctx, in)
		if err != nil {
			return 0, failed(ctx, "count", err)
		}
		n += int(out.Count)
		if in.ExclusiveStartKey = out.LastEvaluatedKey; len(in.ExclusiveStartKey) == 0 {
			break
		}
	}

	return n, nil
}

func failingQuery(at entitlement.ConnectorID, reason string) tableQuery {
	return tableQuery{index: index1, partition: failingIndexKey(at, reason, firstStamp, "").partition}
}

// Breaker returns what is remembered of a target; version 0 where nothing is.
func (db *DB) Breaker(ctx context.Context, id entitlement.ConnectorID) (entitlement.Breaker, error) {
	b, err := one(ctx, db, breakerMapper, breakerKey(id))
	if entitlement.KindOf(err) == entitlement.NotFound {
		return entitlement.Breaker{Connector: id}, nil
	}
	return b, err
}

// RateLease returns up to when a target's limits have been handed out; version 0 where they
// never were.
func (db *DB) RateLease(ctx context.Context, id entitlement.ConnectorID) (entitlement.RateLease, error) {
	l, err := one(ctx, db, rateMapper, rateKey(id))
	if entitlement.KindOf(err) == entitlement.NotFound {
		return entitlement.RateLease{Connector: id}, nil
	}
	return l, err
}

// AccountUse returns who uses an account at a target; version 0 where nobody ever did.
func (db *DB) AccountUse(ctx context.Context, at entitlement.ConnectorID, ref string) (entitlement.AccountUse, error) {
	a, err := one(ctx, db, accountUseMapper, accountUseKey(at, ref))
	if entitlement.KindOf(err) == entitlement.NotFound {
		return entitlement.AccountUse{Connector: at, Ref: ref}, nil
	}
	return a, err
}

// TargetResource returns what is remembered of a resource at a target; version 0 where
// nothing is.
func (db *DB) TargetResource(ctx context.Context, at entitlement.ConnectorID, resource string) (entitlement.TargetResource, error) {
	r, err := one(ctx, db, targetResourceMapper, targetResourceKey(at, resource))
	if entitlement.KindOf(err) == entitlement.NotFound {
		return entitlement.TargetResource{Connector: at, Resource: resource}, nil
	}
	return r, err
}
