package guardduty

import (
	"strings"

	hub "github.com/aws/aws-sdk-go-v2/service/securityhub/types"
)

// classes are ASFF's taxonomy of threat purposes.
// Source: Security Hub User Guide "Types taxonomy for ASFF"; GuardDuty User Guide
// "Integrating with AWS Security Hub". Purposes that the guide's tables do not name
// are put where ATT&CK has the tactic of the same name.
var classes = map[string]string{
	"Backdoor": "TTPs/Command and Control", "Behavior": "Unusual Behaviors/VM", "CredentialAccess": "TTPs/Credential Access",
	"CryptoCurrency": "TTPs/Command and Control", "DefenseEvasion": "TTPs/Defense Evasion", "Discovery": "TTPs/Discovery",
	"Exfiltration": "TTPs/Exfiltration", "Impact": "TTPs/Impact", "InitialAccess": "TTPs/Initial Access", "PenTest": "TTPs/Discovery",
	"Persistence": "TTPs/Persistence", "Policy": "TTPs/Defense Evasion", "PrivilegeEscalation": "TTPs/Privilege Escalation",
	"Recon": "TTPs/Discovery", "Stealth": "TTPs/Defense Evasion", "Trojan": "TTPs/Command and Control", "UnauthorizedAccess": "TTPs/Initial Access",
}

// label is the band of a severity.
// Source: GuardDuty User Guide "Severity levels of GuardDuty findings".
func label(severity float64) hub.SeverityLabel {
	switch {
	case severity >= 9:
		return hub.SeverityLabelCritical
	case severity >= 7:
		return hub.SeverityLabelHigh
	case severity >= 4:
		return hub.SeverityLabelMedium
	}
	return hub.SeverityLabelLow
}

// asff is the finding as Security Hub takes it.
// Source: GuardDuty User Guide "Integrating with AWS Security Hub", typical finding.
func (f *finding) asff(d *detector) hub.AwsSecurityFinding {
	purpose, rest, _ := strings.Cut(*f.Type, ":")
	kind := classes[purpose] + "/" + purpose + ":" + strings.Replace(rest, "/", "-", 1)
	resource := hub.Resource{Partition: hub.PartitionAws, Region: &d.Region}
	switch {
	case f.Resource.InstanceDetails != nil:
		resource.Type, resource.Id = new("AwsEc2Instance"), new("arn:aws:ec2:"+d.Region+":"+d.Account+":instance/"+*f.Resource.InstanceDetails.InstanceId)
	case len(f.Resource.S3BucketDetails) > 0:
		resource.Type, resource.Id = new("AwsS3Bucket"), f.Resource.S3BucketDetails[0].Arn
	default:
		k := f.Resource.AccessKeyDetails
		resource.Type, resource.Id = new("AwsIamAccessKey"), new("AWS::IAM::AccessKey:"+*k.AccessKeyId)
		resource.Details = &hub.ResourceDetails{AwsIamAccessKey: &hub.AwsIamAccessKeyDetails{
			PrincipalId: k.PrincipalId, PrincipalName: k.UserName, PrincipalType: k.UserType, AccessKeyId: k.AccessKeyId,
		}}
	}
	return hub.AwsSecurityFinding{
		SchemaVersion: new("2018-10-08"), Id: f.Arn, GeneratorId: new(d.arn()), AwsAccountId: &d.Account, Types: []string{kind},
		FirstObservedAt: f.Service.EventFirstSeen, LastObservedAt: f.Service.EventLastSeen, CreatedAt: f.CreatedAt, UpdatedAt: f.UpdatedAt,
		Severity: &hub.Severity{Product: f.Severity, Label: label(*f.Severity)}, Title: f.Title, Description: f.Description,
		SourceUrl: new("https://" + d.Region + ".console.aws.amazon.com/guardduty/home?region=" + d.Region + "#/findings?macros=current&fId=" + *f.Id),
		ProductFields: map[string]string{
			"aws/guardduty/service/serviceName": "guardduty", "aws/guardduty/service/detectorId": d.ID, "aws/guardduty/service/archived": "false",
			"aws/guardduty/service/count": "1", "aws/guardduty/service/resourceRole": *f.Service.ResourceRole,
			"aws/guardduty/service/action/actionType": *f.Service.Action.ActionType, "aws/guardduty/service/additionalInfo/value": *f.Service.AdditionalInfo.Value,
		},
		Resources: []hub.Resource{resource}, RecordState: hub.RecordStateActive, Sample: new(true),
	}
}
