package dynamotest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"leasehold/pkg/names"
)

// CreateTable makes an empty table with the keys and indexes of the deployed one.
func (e *Emulator) CreateTable(ctx context.Context, name string) error {
	in := &dynamodb.CreateTableInput{TableName: &name, BillingMode: types.BillingModePayPerRequest, KeySchema: schema(names.AttrPK, names.AttrSK)}

	for _, a := range []string{names.AttrPK, names.AttrSK} {
		in.AttributeDefinitions = append(in.AttributeDefinitions, text(a))
	}

	defined := map[string]bool{}
	for _, index := range names.Indexes {
		for _, a := range []string{index.Partition, index.Sort} {
			if !defined[a] {
				in.AttributeDefinitions = append(in.AttributeDefinitions, text(a))
			}
			defined[a] = true
		}
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(index.ID),
			KeySchema: schema(index.Partition, index.Sort),
			Projection: &types.Projection{
				ProjectionType:   types.ProjectionTypeInclude,
				NonKeyAttributes: index.Projects,
			},
		})
	}

	client := e.Client()
	_, err := client.CreateTable(ctx, in)
	if _, there := errors.AsType[*types.ResourceInUseException](err); err != nil && !there { // made by a try whose answer was lost
		return fmt.Errorf("create table: %w", err)
	}

	return dynamodb.NewTableExistsWaiter(client).Wait(ctx, &dynamodb.DescribeTableInput{TableName: &name}, time.Minute)
}

func schema(partition, sort string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: aws.String(partition), KeyType: types.KeyTypeHash},
		{AttributeName: aws.String(sort), KeyType: types.KeyTypeRange},
	}
}

func text(name string) types.AttributeDefinition {
	return types.AttributeDefinition{AttributeName: aws.String(name), AttributeType: types.ScalarAttributeTypeS}
}
