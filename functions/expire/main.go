// Command expire does what the clock asks, once a minute.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"leasehold/pkg/app/expire"
	"leasehold/pkg/config"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

func main() {
	log := obs.Init(names.Expire)
	c, err := config.Load(os.LookupEnv, names.Expire)
	if err != nil {
		log.Error("configuration refused", obs.Err(err))
		os.Exit(1)
	}
	sweep, err := expire.New(c, log)
	if err != nil {
		log.Error("start refused", obs.Err(err))
		os.Exit(1)
	}
	lambda.Start(lambdaio.Schedule(sweep))
}
