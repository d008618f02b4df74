// Command catalogs is the API function of the owners' side.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"leasehold/pkg/app/catalogs"
	"leasehold/pkg/config"
	"leasehold/pkg/lambdaio"
	"leasehold/pkg/names"
	"leasehold/pkg/obs"
)

func main() {
	log := obs.Init(names.Catalogs)
	c, err := config.Load(os.LookupEnv, names.Catalogs)
	if err != nil {
		log.Error("configuration refused", obs.Err(err))
		os.Exit(1)
	}
	api, err := catalogs.New(c, log)
	if err != nil {
		log.Error("start refused", obs.Err(err))
		os.Exit(1)
	}
	lambda.Start(lambdaio.HTTP(api))
}
