package main

import (
	"context"
	"os"

	"leasehold/localstack/audit"
)

// verifyAudit verifies the chains of all events of the table.
func verifyAudit(ctx context.Context, _ []string) error {
	client, table, err := openTable(ctx)
	if err != nil {
		return err
	}
	return audit.Verifier{Client: client, Table: table, Out: os.Stdout}.Verify(ctx)
}
