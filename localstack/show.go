package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"leasehold/localstack/items"
	"leasehold/pkg/names"
)

// showItem prints items of the table in words.
func showItem(ctx context.Context, arguments []string) error {
	client, table, err := openTable(ctx)
	if err != nil {
		return err
	}
	return items.Reader{Client: client, Table: table, Out: os.Stdout}.Show(ctx, arguments...)
}

// openTable reaches the table as the operator does, and says which one it is.
func openTable(ctx context.Context) (*dynamodb.Client, string, error) {
	at, err := reach()
	if err != nil {
		return nil, "", err
	}
	client := dynamodb.New(dynamodb.Options{Region: at.region, BaseEndpoint: at.endpoint, Credentials: at.credentials})
	table, err := tableOf(ctx, client, at.table)
	if err != nil {
		return nil, "", err
	}

	fmt.Println("Table", table, at.where+":")
	return client, table, nil
}

// tableOf returns the table that is named, or the only one that looks like the stack's.
// CloudFormation gives it a name that begins with the stack's.
func tableOf(ctx context.Context, client *dynamodb.Client, named string) (string, error) {
	if named != "" {
		return named, nil
	}

	var found []string
	pages := dynamodb.NewListTablesPaginator(client, &dynamodb.ListTablesInput{})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("find the table: %w", err)
		}
		for _, table := range page.TableNames {
			if strings.HasPrefix(table, names.StackName+"-") {
				found = append(found, table)
			}
		}
	}
	// Several stacks of one account: nobody should read the wrong one by chance.
	if len(found) != 1 {
		return "", fmt.Errorf("%d tables here are called %s-...; name one in %s", len(found), names.StackName, names.EnvTable)
	}

	return found[0], nil
}
