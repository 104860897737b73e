package policycheck

import "github.com/strongroom-dev/strongroom/policy"

// holders are the attributes of resources that hold policies. A block's
// attribute is written BLOCK.ATTRIBUTE.
// Source: the documentation of the AWS provider, the resources named.
var holders = map[string]map[string]policy.Kind{
	"aws_iam_role":                                   {"assume_role_policy": policy.Trust, "inline_policy.policy": policy.Identity},
	"aws_iam_policy":                                 {"policy": policy.Identity},
	"aws_iam_role_policy":                            {"policy": policy.Identity},
	"aws_iam_user_policy":                            {"policy": policy.Identity},
	"aws_iam_group_policy":                           {"policy": policy.Identity},
	"aws_ssoadmin_permission_set_inline_policy":      {"inline_policy": policy.Identity},
	"aws_kms_key":                                    {"policy": policy.Key},
	"aws_kms_key_policy":                             {"policy": policy.Key},
	"aws_kms_external_key":                           {"policy": policy.Key},
	"aws_kms_replica_key":                            {"policy": policy.Key},
	"aws_kms_replica_external_key":                   {"policy": policy.Key},
	"aws_vpc_endpoint":                               {"policy": policy.Endpoint},
	"aws_vpc_endpoint_policy":                        {"policy": policy.Endpoint},
	"aws_s3_bucket":                                  {"policy": policy.Resource},
	"aws_s3_bucket_policy":                           {"policy": policy.Resource},
	"aws_s3_access_point":                            {"policy": policy.Resource},
	"aws_s3control_access_point_policy":              {"policy": policy.Resource},
	"aws_s3control_bucket_policy":                    {"policy": policy.Resource},
	"aws_sqs_queue":                                  {"policy": policy.Resource},
	"aws_sqs_queue_policy":                           {"policy": policy.Resource},
	"aws_sns_topic":                                  {"policy": policy.Resource},
	"aws_sns_topic_policy":                           {"policy": policy.Resource},
	"aws_secretsmanager_secret":                      {"policy": policy.Resource},
	"aws_secretsmanager_secret_policy":               {"policy": policy.Resource},
	"aws_ecr_repository_policy":                      {"policy": policy.Resource},
	"aws_ecr_registry_policy":                        {"policy": policy.Resource},
	"aws_ecrpublic_repository_policy":                {"policy": policy.Resource},
	"aws_backup_vault_policy":                        {"policy": policy.Resource},
	"aws_glacier_vault":                              {"access_policy": policy.Resource},
	"aws_elasticsearch_domain":                       {"access_policies": policy.Resource},
	"aws_elasticsearch_domain_policy":                {"access_policies": policy.Resource},
	"aws_opensearch_domain":                          {"access_policies": policy.Resource},
	"aws_opensearch_domain_policy":                   {"access_policies": policy.Resource},
	"aws_efs_file_system_policy":                     {"policy": policy.Resource},
	"aws_cloudwatch_log_resource_policy":             {"policy_document": policy.Resource},
	"aws_cloudwatch_log_destination_policy":          {"access_policy": policy.Resource},
	"aws_cloudwatch_event_bus_policy":                {"policy": policy.Resource},
	"aws_glue_resource_policy":                       {"policy": policy.Resource},
	"aws_codeartifact_domain_permissions_policy":     {"policy_document": policy.Resource},
	"aws_codeartifact_repository_permissions_policy": {"policy_document": policy.Resource},
	"aws_codebuild_resource_policy":                  {"policy": policy.Resource},
	"aws_api_gateway_rest_api":                       {"policy": policy.Resource},
	"aws_api_gateway_rest_api_policy":                {"policy": policy.Resource},
	"aws_dynamodb_resource_policy":                   {"policy": policy.Resource},
	"aws_kinesis_resource_policy":                    {"policy": policy.Resource},
	"aws_media_store_container_policy":               {"policy": policy.Resource},
	"aws_sesv2_email_identity_policy":                {"policy": policy.Resource},
	"aws_ses_identity_policy":                        {"policy": policy.Resource},
	"aws_organizations_policy":                       {"content": policy.SCP},
	"aws_organizations_resource_policy":              {"content": policy.Resource},
}

// heldKind is the kind of policy that an attribute of a resource holds. typ is
// the attribute type of an aws_organizations_policy. ok is false for attributes
// that hold no IAM policy, or of which it is not known.
func heldKind(resource, attribute, typ string) (policy.Kind, bool) {
	kind, ok := holders[resource][attribute]
	if resource == "aws_organizations_policy" {
		switch typ {
		case "", "SERVICE_CONTROL_POLICY":
		case "RESOURCE_CONTROL_POLICY":
			kind = policy.RCP
		default:
			return 0, false // tag policies and their like have another language
		}
	}
	return kind, ok
}

// attributeNames are the names that hold policies in resources that are not in
// the table, if what they hold has statements.
var attributeNames = []string{"policy", "assume_role_policy", "inline_policy", "access_policy", "access_policies", "policy_document", "resource_policy", "key_policy", "bucket_policy", "repository_policy"}
