// Command portal is the function of the pages.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"leasehold/pkg/app/portal"
	"leasehold/pkg/config"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

func main() {
	log := obs.Init(names.Portal)
	c, err := config.Load(os.LookupEnv, names.Portal)
	if err != nil {
		log.Error("configuration refused", obs.Err(err))
		os.Exit(1)
	}
	pages, err := portal.New(c, log)
	if err != nil {
		log.Error("start refused", obs.Err(err))
		os.Exit(1)
	}
	lambda.Start(lambdaio.HTTP(pages))
}
