// Command infra is the CDK app: it turns pkg/names, the contract that the code
// reads too, into one CloudFormation stack, for AWS or for an emulator. The CDK
// command line starts it (cdk.json) and hands it the context that settings.go lists.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"
)

// dist is where `make build` puts each function's bootstrap.
const dist = "dist"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	defer jsii.Close()

	// Nothing about a stranger's account is reported to anybody.
	app := awscdk.NewApp(&awscdk.AppProps{AnalyticsReporting: jsii.Bool(false)})

	s, err := readSettings(func(key string) any { return app.Node().TryGetContext(jsii.String(key)) })
	if err != nil {
		return err
	}
	if err := s.checkCode(dist); err != nil {
		return err
	}

	newStack(app, s, dist)
	app.Synth(nil)
	return nil
}
