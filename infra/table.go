package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsdynamodb"
	"github.com/aws/jsii-runtime-go"

	"leasehold/pkg/names"
)

// addTable adds the one table. Everything is in it, so it can be restored to any
// second of the last weeks and outlives the stack.
func (h *stackBuilder) addTable() {
	table := awsdynamodb.NewTable(h.stack, jsii.String("Table"), &awsdynamodb.TableProps{
		PartitionKey:                     attribute(names.AttrPK),
		SortKey:                          attribute(names.AttrSK),
		BillingMode:                      awsdynamodb.BillingMode_PAY_PER_REQUEST,
		PointInTimeRecoverySpecification: &awsdynamodb.PointInTimeRecoverySpecification{PointInTimeRecoveryEnabled: jsii.Bool(true)},
		// The deployed table outlives a mistake; an emulator's goes with its stack.
		DeletionProtection:  jsii.Bool(!h.settings.emulator),
		TimeToLiveAttribute: jsii.String(names.AttrTTL),
		RemovalPolicy:       h.removal(),
	})

	for _, index := range names.Indexes {
		table.AddGlobalSecondaryIndex(&awsdynamodb.GlobalSecondaryIndexProps{
			IndexName:        jsii.String(index.ID),
			PartitionKey:     attribute(index.Partition),
			SortKey:          attribute(index.Sort),
			ProjectionType:   awsdynamodb.ProjectionType_INCLUDE,
			NonKeyAttributes: jsii.Strings(index.Projects...),
		})
	}
	h.table = table
}

func attribute(name string) *awsdynamodb.Attribute {
	return &awsdynamodb.Attribute{Name: jsii.String(name), Type: awsdynamodb.AttributeType_STRING}
}
