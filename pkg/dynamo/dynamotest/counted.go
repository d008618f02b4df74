package dynamotest

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/dynamo"
	"leasehold/pkg/dynamo/engine"
	"leasehold/pkg/entitlement"
	"leasehold/pkg/names"
)

// Metered is New with a meter of its calls. A test that fills the table first resets it.
func Metered() (*Store, *Meter) {
	meter := NewMeter(dynamo.ItemSize)
	o := engine.Options{Table: "table", Share: true}
	meter.table = engine.New(Waiving(o))
	return dynamo.New(meter.Wrap(meter.table), o.Table, dynamo.Pausing(atOnce)), meter
}

// Damaged is New with items that can be spoiled.
type Damaged struct {
	*Store
	client  dynamo.Client
	noticed atomic.Int64
}

// NewDamaged returns the store on an empty table of which nothing is spoiled yet. Whoever
// notices hears of each item that cannot be read.
func NewDamaged(notices ...func(context.Context, error)) *Damaged {
	o := engine.Options{Table: "table"}
	d := &Damaged{client: engine.New(Waiving(o))}
	d.Store = dynamo.New(d.client, o.Table, dynamo.Pausing(atOnce), dynamo.Noticing(func(ctx context.Context, err error) {
		d.noticed.Add(1)
		for _, notice := range notices {
			notice(ctx, err)
		}
	}))
	return d
}

// Spoil makes an item one that a newer version of the service wrote.
func (d *Damaged) Spoil(t *testing.T, pk, sk string) {
	t.Helper()
	_, err := d.client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String("table"), Key: keyItem(pk, sk),
		UpdateExpression: aws.String("SET #z = :z"), ConditionExpression: aws.String("attribute_exists(#pk)"),
		ExpressionAttributeNames:  map[string]string{"#z": "z", "#pk": names.AttrPK},
		ExpressionAttributeValues: map[string]types.AttributeValue{":z": &types.AttributeValueMemberN{Value: "99"}}})
	if err != nil {
		t.Fatalf("%s, %s: %v", pk, sk, err)
	}
}

// SpoilAssignmentSlot makes a slot one that a newer version of the service wrote.
func (d *Damaged) SpoilAssignmentSlot(t *testing.T, pkg entitlement.PackageID, subject entitlement.UserID) {
	t.Helper()
	d.Spoil(t, "PKG#"+string(pkg), "ASG#"+string(subject))
}

// SpoilGrantSet makes what is on record of somebody at a target something that a newer version of
// the service wrote.
func (d *Damaged) SpoilGrantSet(t *testing.T, subject entitlement.UserID, at entitlement.ConnectorID) {
	t.Helper()
	d.Spoil(t, "SUB#"+string(subject), "GRANTS#"+string(at))
}

// PlantDue puts something of a kind that no version knows yet where it falls due, in each shard.
func (d *Damaged) PlantDue(t *testing.T, at time.Time) {
	t.Helper()
	for shard := range names.DueShards {
		it := keyItem("NEW#"+strconv.Itoa(shard), "THING")
		it[names.AttrI2P] = &types.AttributeValueMemberS{Value: "DUE#" + strconv.Itoa(shard)}
		it[names.AttrI2S] = &types.AttributeValueMemberS{Value: Stamp(at) + "#N#thing"}
		if _, err := d.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("table"), Item: it}); err != nil {
			t.Fatal(err)
		}
	}
}

func keyItem(pk, sk string) map[string]types.AttributeValue {
	return map[string]types.AttributeValue{names.AttrPK: &types.AttributeValueMemberS{Value: pk}, names.AttrSK: &types.AttributeValueMemberS{Value: sk}}
}

// Noticed returns how often an item was told of that cannot be read, since it was last asked.
func (d *Damaged) Noticed() int { return int(d.noticed.Swap(0)) }

// Plant puts a row of the first index, without anything behind it, straight into the table of
// Metered: a long history of them is there at once.
func (m *Meter) Plant(t *testing.T, pk, sk, partition, sort string) {
	t.Helper()
	m.plant(t, pk, sk, map[string]string{names.AttrI1P: partition, names.AttrI1S: sort})
}

func (m *Meter) plant(t *testing.T, pk, sk string, attributes map[string]string) {
	t.Helper()
	it := keyItem(pk, sk)
	for name, value := range attributes {
		it[name] = &types.AttributeValueMemberS{Value: value}
	}
	if _, err := m.table.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("table"), Item: it}); err != nil {
		t.Fatal(err)
	}
}

// Failing has n people's deliveries at a target fail for a reason since then, each a moment
// later than the one before, as far as an index tells it.
func (m *Meter) Failing(t *testing.T, at entitlement.ConnectorID, reason string, n int, since time.Time) {
	t.Helper()
	for i := range n {
		who := OldID(4, i)
		sort := Stamp(since.Add(time.Duration(i)*time.Millisecond)) + "#" + who
		m.plant(t, "SUB#"+who, "GRANTS#"+string(at), map[string]string{names.AttrI1P: "ERR#" + string(at) + "#" + reason, names.AttrI1S: sort,
			names.AttrI5P: "FAIL#" + strconv.Itoa(i%names.LateShards), names.AttrI5S: sort + "#" + reason})
	}
}

// ApproverSets has somebody be in n sets of approvers in which nothing waits, and
// which come before those in which something does.
func (m *Meter) ApproverSets(t *testing.T, who entitlement.UserID, n int) {
	t.Helper()
	for i := range n {
		set := fmt.Sprintf("%040x", i)
		m.Plant(t, "ASET#"+set, "U#"+string(who), "INBOX#U#"+string(who), "0#"+set)
	}
}

// Stamp is an instant as it stands in keys.
func Stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000000Z") }
