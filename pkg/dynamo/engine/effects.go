package engine

import (
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

const (
	maxToken  = 36
	tokenLife = 10 * time.Minute
)

// effects are the transactions that took effect lately, by the client's token.
type effects struct {
	known map[string]*effect
	order []*effect // oldest first
}

// effect is a transaction that took effect.
type effect struct {
	token  string
	writes []*write
	at     time.Time
}

// again reports a transaction that took effect already. One of another content under the
// same token is refused.
func (t *effects) again(token *string, writes []*write, now func() time.Time) (bool, error) {
	if token == nil {
		return false, nil
	}

	for at := now(); len(t.order) > 0 && at.Sub(t.order[0].at) >= tokenLife; {
		// The service forgets a token after ten minutes, and the same call then counts anew.
		delete(t.known, t.order[0].token)
		t.order = t.order[1:]
	}

	known := t.known[*token]
	if known == nil {
		return false, nil
	}
	if !slices.EqualFunc(known.writes, writes, sameWrite) {
		return false, &types.IdempotentParameterMismatchException{Message: aws.String("Request token already in use for another request with a different payload")}
	}

	return true, nil
}

func (t *effects) remember(token *string, writes []*write, now func() time.Time) {
	if token == nil {
		return
	}
	done := &effect{*token, writes, now()}
	t.known[done.token] = done
	t.order = append(t.order, done)
}

// sameWrite reports two actions that were sent alike.
func sameWrite(a, b *write) bool {
	same := a.action == b.action && a.key == b.key && a.wantOld == b.wantOld && a.sent.from == b.sent.from &&
		slices.Equal(a.sent.named, b.sent.named) && slices.EqualFunc(a.sent.values, b.sent.values, equal)
	return same && (a.put == nil || maps.EqualFunc(a.put.item, b.put.item, equal))
}
