// Command drift compares targets with what ought to be there.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"leasehold/pkg/app/drift"
	"leasehold/pkg/config"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

func main() {
	log := obs.Init(names.Drift)
	c, err := config.Load(os.LookupEnv, names.Drift)
	if err != nil {
		log.Error("configuration refused", obs.Err(err))
		os.Exit(1)
	}
	run, err := drift.New(c, log)
	if err != nil {
		log.Error("start refused", obs.Err(err))
		os.Exit(1)
	}
	lambda.Start(lambdaio.Schedule(run))
}
