# aws-nuke deletes everything that no filter keeps, so each thing that bootstrap
# made has its filter, by the property that identifies it. Where a type has no
# properties the filter compares the line that aws-nuke prints ("ROLE -> POLICY").
# Source: aws-nuke v3 documentation, "Config" and "Filtering".
locals {
  filters = {
    S3Bucket                 = [for name in sort(var.protect.buckets) : { property = "Name", value = name }]
    S3Object                 = [for name in sort(var.protect.buckets) : { property = "Bucket", value = name }]
    KMSKey                   = [for id in sort(var.protect.kms_key_ids) : { property = "ID", value = id }]
    KMSAlias                 = [for name in sort(var.protect.kms_aliases) : { property = "Name", value = name }]
    IAMRole                  = [for name in sort(var.protect.role_names) : { property = "Name", value = name }]
    IAMRolePolicy            = [for name in sort(var.protect.role_names) : { type = "glob", value = "${name} -> *" }]
    IAMRolePolicyAttachment  = [for name in sort(var.protect.role_names) : { type = "glob", value = "${name} -> *" }]
    IAMPolicy                = [for arn in sort(var.protect.policy_arns) : { property = "ARN", value = arn }]
    IAMOpenIDConnectProvider = [for arn in sort(var.protect.oidc_providers) : { property = "Arn", value = arn }]
  }

  config = merge(
    {
      regions   = concat(["global"], sort(var.regions))
      blocklist = sort(var.blocklist)

      resource-types = { excludes = sort(setunion(["S3Object"], var.excluded_resource_types)) }

      presets = { bootstrap = { filters = { for type, filters in local.filters : type => filters if length(filters) > 0 } } }

      accounts = { (var.account_id) = { presets = ["bootstrap"] } }
    },
    length(var.blocklist_alias_keywords) == 0 ? {} : { blocklist-alias-keywords = sort(var.blocklist_alias_keywords) },
  )
}
