// Command deliver makes target systems match what people hold.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"leasehold/pkg/app/deliver"
	"leasehold/pkg/config"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

func main() {
	log := obs.Init(names.Deliver)
	c, err := config.Load(os.LookupEnv, names.Deliver)
	if err != nil {
		log.Error("configuration refused", obs.Err(err))
		os.Exit(1)
	}
	handle, queues, err := deliver.New(c, log)
	if err != nil {
		log.Error("start refused", obs.Err(err))
		os.Exit(1)
	}
	lambda.Start(lambdaio.SQS(handle, queues))
}
