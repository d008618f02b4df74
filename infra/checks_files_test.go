package main

import (
	"fmt"

	"leasehold/pkg/names"
)

// checkFiles complains about a bucket that anybody could read, that is not encrypted, or that
// keeps what people took away.
func checkFiles(t template) (complaints []string) {
	ids := t.ofType("AWS::S3::Bucket")
	if len(ids) != 1 {
		return []string{fmt.Sprintf("there are %d buckets, want one", len(ids))}
	}
	bucket := t.Resources[ids[0]]

	for _, setting := range []string{"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"} {
		if bucket.at("PublicAccessBlockConfiguration", setting) != true {
			complaints = append(complaints, "the bucket can be public: "+setting)
		}
	}
	if len(listOf(bucket.at("BucketEncryption", "ServerSideEncryptionConfiguration"))) == 0 {
		complaints = append(complaints, "the bucket is not encrypted")
	}

	forgets := false
	for _, rule := range listOf(bucket.at("LifecycleConfiguration", "Rules")) {
		whole := at(rule, "Prefix") == nil && at(rule, "TagFilters") == nil
		forgets = forgets || whole && at(rule, "Status") == "Enabled" && at(rule, "ExpirationInDays") == float64(exportDays) &&
			at(rule, "AbortIncompleteMultipartUpload", "DaysAfterInitiation") == float64(exportDays)
	}
	if !forgets {
		complaints = append(complaints, fmt.Sprintf("the bucket does not forget files and uploads after %d days", exportDays))
	}

	for _, f := range t.functions() {
		told := t.Resources[t.function(f.ID)].at("Environment", "Variables", string(names.EnvBucket)) != nil
		if told != (f.Uses.Files != 0) {
			complaints = append(complaints, fmt.Sprintf("%s is told of the bucket: %t", f.ID, told))
		}
	}
	return complaints
}
