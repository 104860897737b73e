package serviceref

// globalKeys are the condition keys that requests to any service may carry: the
// aws: keys, and the keys of single services that travel with the credentials
// of a role session (AWS: cross-service keys).
// Source: IAM User Guide, reference_policies_condition-keys; the keys of newer
// date than our reading of that page, and all types, are those of the data's
// source, except that aws:SourceVpcArn has type ARN here: its values are ARNs.
// aws:EpochTime is a Date that numeric operators may also be used on.
var globalKeys = newKeyList([]*Key{
	{Name: "aws:AssumedRoot", Type: "Bool"},
	{Name: "aws:CalledVia", Type: "String", Multi: true},
	{Name: "aws:CalledViaAWSMCP", Type: "String"},
	{Name: "aws:CalledViaFirst", Type: "String"},
	{Name: "aws:CalledViaLast", Type: "String"},
	{Name: "aws:ChatbotSourceArn", Type: "ARN"},
	{Name: "aws:CurrentTime", Type: "Date"},
	{Name: "aws:Ec2InstanceSourcePrivateIPv4", Type: "IPAddress"},
	{Name: "aws:Ec2InstanceSourceVpc", Type: "String"},
	{Name: "aws:EpochTime", Type: "Date"},
	{Name: "aws:FederatedProvider", Type: "String"},
	{Name: "aws:IsMcpServiceAction", Type: "Bool"},
	{Name: "aws:MultiFactorAuthAge", Type: "Numeric"},
	{Name: "aws:MultiFactorAuthPresent", Type: "Bool"},
	{Name: "aws:PrincipalAccount", Type: "String"},
	{Name: "aws:PrincipalArn", Type: "ARN"},
	{Name: "aws:PrincipalIsAWSService", Type: "Bool"},
	{Name: "aws:PrincipalOrgID", Type: "String"},
	{Name: "aws:PrincipalOrgPaths", Type: "String", Multi: true},
	{Name: "aws:PrincipalServiceName", Type: "String"},
	{Name: "aws:PrincipalServiceNamesList", Type: "String", Multi: true},
	{Name: "aws:PrincipalTag/${TagKey}", Type: "String"},
	{Name: "aws:PrincipalType", Type: "String"},
	{Name: "aws:referer", Type: "String"},
	{Name: "aws:RequestedRegion", Type: "String"},
	{Name: "aws:RequestTag/${TagKey}", Type: "String", perService: true},
	{Name: "aws:ResourceAccount", Type: "String"},
	{Name: "aws:ResourceOrgID", Type: "String"},
	{Name: "aws:ResourceOrgPaths", Type: "String", Multi: true},
	{Name: "aws:ResourceTag/${TagKey}", Type: "String", perService: true},
	{Name: "aws:SecureTransport", Type: "Bool"},
	{Name: "aws:SourceAccount", Type: "String"},
	{Name: "aws:SourceArn", Type: "ARN"},
	{Name: "aws:SourceIdentity", Type: "String"},
	{Name: "aws:SourceIp", Type: "IPAddress"},
	{Name: "aws:SourceOrgID", Type: "String"},
	{Name: "aws:SourceOrgPaths", Type: "String", Multi: true},
	{Name: "aws:SourceOwner", Type: "String"},
	{Name: "aws:SourceVpc", Type: "String"},
	{Name: "aws:SourceVpcArn", Type: "ARN"},
	{Name: "aws:SourceVpce", Type: "String"},
	{Name: "aws:TagKeys", Type: "String", Multi: true, perService: true},
	{Name: "aws:TokenIssueTime", Type: "Date"},
	{Name: "aws:UserAgent", Type: "String"},
	{Name: "aws:userid", Type: "String"},
	{Name: "aws:username", Type: "String"},
	{Name: "aws:ViaAWSMCPService", Type: "Bool"},
	{Name: "aws:ViaAWSService", Type: "Bool"},
	{Name: "aws:VpceAccount", Type: "String"},
	{Name: "aws:VpceOrgID", Type: "String"},
	{Name: "aws:VpceOrgPaths", Type: "String", Multi: true},
	{Name: "aws:VpcSourceIp", Type: "IPAddress"},
	{Name: "ec2:RoleDelivery", Type: "Numeric"},
	{Name: "ec2:SourceInstanceArn", Type: "ARN"},
	{Name: "glue:CredentialIssuingService", Type: "String"},
	{Name: "glue:RoleAssumedBy", Type: "String"},
	{Name: "identitystore:UserId", Type: "String"},
	{Name: "lambda:SourceFunctionArn", Type: "ARN"},
	{Name: "ssm:SourceInstanceArn", Type: "ARN"},
})

func init() {
	for _, k := range globalKeys.all {
		k.Global = true
	}
}

// GlobalKey finds a condition key that requests to any service may carry, in
// any case. aws:RequestTag, aws:ResourceTag and aws:TagKeys are among them,
// although only the actions that list them carry them (see Service.ActionKey).
func GlobalKey(name string) (*Key, bool) { return globalKeys.find(name) }

// GlobalKeys lists the global condition keys by name, templates included.
func GlobalKeys() []*Key { return globalKeys.all }
