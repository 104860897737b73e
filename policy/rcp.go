package policy

import "strings"

// rcpServices are the prefixes of the services that honour resource control
// policies.
//
// Source: Organizations User Guide, orgs_manage_policies_rcps (list of AWS
// services that support RCPs, 2026).
var rcpServices = [...]string{
	"s3", "sts", "kms", "sqs", "secretsmanager", "dynamodb", "logs", "ecr",
	"aoss", "appconfig", "appstream", "autoscaling", "autoscaling-plans", "budgets", "clouddirectory",
	"cloudfront", "cloudsearch", "cloudtrail-data", "codeartifact", "codebuild", "codecommit",
	"codepipeline", "cognito-identity", "cognito-idp", "comprehend", "comprehendmedical",
	"compute-optimizer", "cost-optimization-hub", "dax", "dsql", "ecr-public", "events", "firehose", "fis",
	"fms", "gamelift", "health", "inspector-scan", "kendra", "kinesisvideo", "memorydb", "networkmonitor",
	"notifications", "opensearch", "pca-connector-ad", "personalize", "polly", "pricing",
	"resource-groups", "rolesanywhere", "servicediscovery", "signin", "support", "swf", "textract",
	"timestream-influxdb", "transcribe", "transfer", "translate", "wafv2", "workspaces", "xray",
}

// underRCP reports whether resource control policies bind the request. For an
// action without resource types those of the caller's account do. They do not
// reach the trust policy of a service-linked role, nor kms:RetireGrant.
//
// Source: Organizations User Guide, orgs_manage_policies_rcps (RCP effects on
// permissions; resources and entities not restricted by RCPs); KMS Developer
// Guide, resource-control-policies.
func underRCP(r *Request) bool {
	if equalFold(r.Action, "kms:RetireGrant") {
		return false
	}
	if a, ok := splitARN(r.Resource); ok && strings.HasPrefix(a.resource, "role/aws-service-role/") {
		return false
	}
	for _, service := range rcpServices {
		if serviceIs(r.Action, service) {
			return true
		}
	}
	return false
}
