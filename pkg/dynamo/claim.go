package dynamo

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/entitlement"
)

// intents is how many intended roles one update can carry, by the length of its expression.
const intents = 50

// intention is a role that a claim means to grant, or to take away.
type intention struct {
	role   entitlement.RoleRef
	remove bool
}

func intentionsOf(c entitlement.Claim) []intention {
	all := make([]intention, 0, len(c.Intend)+len(c.Remove))
	for _, role := range c.Intend {
		all = append(all, intention{role: role})
	}
	for _, role := range c.Remove {
		all = append(all, intention{role: role, remove: true})
	}
	return all
}

// Claim takes a subject's grant set at a connector until the lease ends, in one
// conditional update that also enters the roles it intends. More roles than fit follow
// under the claim, before it is handed out.
func (db *DB) Claim(ctx context.Context, c entitlement.Claim) (entitlement.GrantSet, error) {
	x := newExpression()
	token, until := x.attr(attrToken), x.attr(attrUntil)
	x.require("(attribute_not_exists(%s) OR %s <= %s)", token, until, x.value(instant(c.Now)))
	x.set(attrToken, literal(c.Token))
	x.set(attrUntil, instant(c.Until))
	x.touch(tagGrantSet)
	if c.Account {
		x.initial(attrMaking, literal(c.Token))
	}

	all := intentionsOf(c)
	it, err := db.intend(ctx, c, x, all[:min(len(all), intents)])
	if err != nil {
		return entitlement.GrantSet{}, err
	}

	// By now the claim is ours, so what follows is conditional on the token alone. A crash between
	// the calls leaves a claim that signs too little, and that nobody works under.
	for from := intents; from < len(all); from += intents {
		x := newExpression()
		x.equals(attrToken, literal(c.Token))
		if it, err = db.intend(ctx, c, x, all[from:min(len(all), from+intents)]); err != nil {
			return entitlement.GrantSet{}, err
		}
	}

	return readGrantSet(it)
}

// intend adds roles to be granted that the grant set does not know to an update of it, signs
// each of the roles where nobody has, makes the update, and returns the grant set as it then
// is.
func (db *DB) intend(ctx context.Context, c entitlement.Claim, x *expression, roles []intention) (item, error) {
	for _, i := range roles {
		if i.remove {
			x.initial(removalName(i.role), literal(c.Token))
			continue
		}
		g := entitlement.Grant{Role: i.role, Presence: entitlement.PresenceUnknown}
		x.initial(grantName(i.role), &types.AttributeValueMemberM{Value: writing(&g, grantFields(c.Connector))})
		x.initial(intentName(i.role), literal(c.Token))
	}

	in := db.single(grantSetKey(c.Subject, c.Connector), x)
	in.ReturnValues = types.ReturnValueAllNew
	// Where the answer to a first try was lost, the second one fails on our own claim: the item
	// that the failure brings says whose it is.
	in.ReturnValuesOnConditionCheckFailure = types.ReturnValuesOnConditionCheckFailureAllOld

	out, err := db.client.UpdateItem(ctx, in)
	if lost, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		if madeBy(c, lost.Item) {
			return lost.Item, nil
		}
		return nil, entitlement.StaleError(entitlement.PartClaim)
	}

	if err != nil {
		return nil, failed(ctx, "claim", err)
	}
	return out.Attributes, nil
}

// madeBy reports that a grant set is under this very claim: an earlier try of the same
// call went through, and only its answer was lost.
func madeBy(c entitlement.Claim, it item) bool {
	var until time.Time
	f := &fields{item: it, reading: true}
	when(f, attrUntil, &until)
	return textOf(it, attrToken) == c.Token && until.Equal(c.Until)
}

// Holding reports for each fence, in order, whether its claim and generation still hold.
// What it answers was read after the last pause, if there was any: right after it somebody
// writes to a target.
func (db *DB) Holding(ctx context.Context, fences []entitlement.Fence) ([]bool, error) {
	var keys []Key
	for _, f := range fences {
		keys = append(keys, subjectRecordKey(f.Subject), grantSetKey(f.Subject, f.Connector))
	}

	// Record and grant set are read in one go: a claim that held before the generation moved on
	// proves nothing.
	all, err := db.atOnce(ctx, keys...)
	if err != nil {
		return nil, err
	}

	holds := make([]bool, len(fences))
	for i, f := range fences {
		record, grantSet := all[subjectRecordKey(f.Subject)], all[grantSetKey(f.Subject, f.Connector)]
		holds[i] = f.Token != "" && textOf(grantSet, attrToken) == f.Token && numberOf(record, attrGeneration) == f.Generation
	}

	return holds, nil
}
