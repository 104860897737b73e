// Package credentials tells which link of the AWS credential chain would be used
// here, which others it shadows, and what the same stack would use in CI.
//
// Chain answers for one environment; Explain for an environment, a command and the
// stacks below a directory, with the traps that were found.
//
// It reads the shared config and credentials files with the SDK's own code and
// nothing else: no request is sent, no credential_process is run, no token is read,
// and no metadata service is asked. What would be asked is said instead. Secrets are
// never kept; of a key ID the last four characters are.
//
// Source: AWS SDK for Go v2, package config, resolveCredentialChain and
// resolveCredsFromProfile; the AWS provider and the S3 backend add their own
// arguments with hashicorp/aws-sdk-go-base v2, GetAwsConfig; the AWS CLI's order is
// botocore's create_credential_resolver. The tests compare with the real SDK.
package credentials
