package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/jsii-runtime-go"
)

// exportDays is how long a file that somebody took away is kept, and what is known of it.
const exportDays = 1

// addFiles adds the bucket of exports. Nobody reads it but through a link that a function
// signs, and everything in it goes by itself: uploads that were never finished too.
func (h *stackBuilder) addFiles() {
	h.files = awss3.NewBucket(h.stack, jsii.String("Exports"), &awss3.BucketProps{
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		ObjectOwnership:   awss3.ObjectOwnership_BUCKET_OWNER_ENFORCED,
		// Emulators speak plain HTTP, and may obey this policy.
		EnforceSSL:    jsii.Bool(!h.settings.emulator),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Id:                                  jsii.String("forget"),
			Expiration:                          awscdk.Duration_Days(jsii.Number(exportDays)),
			AbortIncompleteMultipartUploadAfter: awscdk.Duration_Days(jsii.Number(exportDays)),
		}},
	})
}
