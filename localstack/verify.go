package main

import (
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/localstack/audit"
)

// verifyAudit verifies the chains of all events of the table.
func verifyAudit(ctx context.Context, _ []string) error {
	at, err := reach()
	if err != nil {
		return err
	}
	client := dynamodb.New(dynamodb.Options{Region: at.region, BaseEndpoint: at.endpoint, Credentials: at.credentials})
	table, err := tableOf(ctx, client, at.table)
	if err != nil {
		return err
	}

	fmt.Println("Table", table, at.where+":")
	return audit.Verifier{Client: client, Table: table, Out: os.Stdout}.Verify(ctx)
}
