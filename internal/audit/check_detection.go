package audit

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	analyzer "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	detector "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	hub "github.com/aws/aws-sdk-go-v2/service/securityhub/types"

	"github.com/strongroom-dev/strongroom/internal/room"
)

// baselineStays checks that detection is on, everywhere it should be, and what keeps
// the automation role from turning it off.
func baselineStays() *Check {
	return &Check{
		Lock:  "baseline-stays",
		Claim: "Detection is on in every region of the baseline; the automation role cannot turn it off, nor the alerts, nor undo the hardening.",
		Without: func(r *room.Room) string {
			if r.Baseline == nil {
				return "the spec has no baseline"
			}
			return ""
		},
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			b := a.Room.Baseline
			for _, region := range append([]string{a.Room.Region}, b.Regions...) {
				if b.Has(room.ThreatDetection) {
					if err := threats(ctx, a, f, region); err != nil {
						return err
					}
				}
				if b.Has(room.AWSConfig) {
					if err := recorder(ctx, a, f, region); err != nil {
						return err
					}
				}
			}
			if b.Has(room.AWSConfig) {
				if err := a.guarded(ctx, f, []string{"s3:PutBucketPolicy", "s3:DeleteBucket", "s3:DeleteObjectVersion"}, a.bucketARN(b.ConfigBucket)); err != nil {
					return err
				}
			}
			for _, g := range []struct {
				actions  []string
				resource string
				keys     []string
			}{
				{actions: []string{"guardduty:DeleteDetector", "guardduty:UpdateDetector", "guardduty:CreateFilter", "access-analyzer:DeleteAnalyzer"}, resource: a.arn("guardduty", a.Room.Region, "detector/any")},
				{actions: []string{"securityhub:DisableSecurityHub", "securityhub:BatchDisableStandards"}, resource: a.arn("securityhub", a.Room.Region, "hub/default")},
				{actions: []string{"config:StopConfigurationRecorder", "config:DeleteDeliveryChannel"}, resource: "*"},
				{actions: []string{"events:DeleteRule", "events:DisableRule", "events:RemoveTargets"}, resource: a.arn("events", a.Room.Region, "rule/"+a.Room.Name+"-guardduty")},
				{actions: []string{"cloudwatch:DeleteAlarms", "cloudwatch:DisableAlarmActions"}, resource: a.arn("cloudwatch", a.Room.Region, "alarm:"+a.Room.Name+"-root-sign-in")},
				{actions: []string{"sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Unsubscribe"}, resource: a.Room.AlertsTopicARN(a.Room.Region)},
				{actions: []string{"logs:DeleteMetricFilter", "logs:DeleteLogGroup"}, resource: a.arn("logs", a.Room.Region, "log-group:"+a.Room.LogGroup())},
				{actions: []string{"kms:DisableKey", "kms:ScheduleKeyDeletion", "kms:PutKeyPolicy"}, resource: a.arn("kms", a.Room.Region, "key/any"), keys: []string{"kms:ResourceAliases", "alias/" + a.Room.Name + "-audit"}},
				{actions: []string{"iam:UpdateAccountPasswordPolicy", "iam:DeleteAccountPasswordPolicy", "s3:PutAccountPublicAccessBlock", "ec2:DisableEbsEncryptionByDefault"}, resource: "*"},
				{actions: []string{"iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"}, resource: a.Room.OperatorRoleARN()},
				{actions: []string{"iam:CreateRole", "iam:PassRole", "sts:AssumeRole"}, resource: a.arn("iam", "", "role/another"), keys: []string{"aws:ResourceAccount", a.Room.Account}},
				{actions: []string{"iam:DetachRolePolicy"}, resource: a.arn("iam", "", "role/"+a.Room.ApplyRole())},
				{actions: []string{"iam:CreatePolicyVersion"}, resource: a.Room.GuardPolicyARN()},
			} {
				if err := a.guarded(ctx, f, g.actions, g.resource, g.keys...); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// threats checks GuardDuty, Security Hub and Access Analyzer of a region.
func threats(ctx context.Context, a *Account, f *Finder, region string) error {
	const module = "modules/baseline/threat-detection"
	cfg := a.In(region)
	gd := guardduty.NewFromConfig(cfg)
	list, err := gd.ListDetectors(ctx, nil)
	if err != nil {
		return err
	}
	on := false
	for _, id := range list.DetectorIds {
		out, err := gd.GetDetector(ctx, &guardduty.GetDetectorInput{DetectorId: &id})
		if err != nil {
			return err
		}
		on = on || out.Status == detector.DetectorStatusEnabled
	}
	if !on {
		f.Short(a.arn("guardduty", region, "detector"), "GuardDuty is off", module+": enable_guardduty")
	}
	sh := securityhub.NewFromConfig(cfg)
	_, err = sh.DescribeHub(ctx, nil)
	switch {
	case isCode(err, "InvalidAccessException", "ResourceNotFoundException"):
		f.Short(a.arn("securityhub", region, "hub/default"), "Security Hub is off", module+": enable_security_hub")
	case err != nil:
		return err
	default:
		if err := standards(ctx, a, f, sh, region); err != nil {
			return err
		}
	}
	pages := accessanalyzer.NewListAnalyzersPaginator(accessanalyzer.NewFromConfig(cfg), &accessanalyzer.ListAnalyzersInput{Type: analyzer.TypeAccount})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, x := range page.Analyzers {
			if x.Status == analyzer.AnalyzerStatusActive {
				return nil
			}
		}
	}
	f.Short(a.arn("access-analyzer", region, "analyzer/"+a.Room.Name), "no analyzer of external access is active", module+": enable_access_analyzer")
	return nil
}

// standards checks that Security Hub holds the account against FSBP and CIS.
func standards(ctx context.Context, a *Account, f *Finder, client *securityhub.Client, region string) error {
	missing := map[string]string{"aws-foundational-security-best-practices": "enable_fsbp", "cis-aws-foundations-benchmark": "cis_version"}
	pages := securityhub.NewGetEnabledStandardsPaginator(client, nil)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range page.StandardsSubscriptions {
			for name := range missing {
				if strings.Contains(aws.ToString(s.StandardsArn), "/"+name+"/") && s.StandardsStatus != hub.StandardsStatusFailed && s.StandardsStatus != hub.StandardsStatusDeleting {
					delete(missing, name)
				}
			}
		}
	}
	for _, name := range []string{"aws-foundational-security-best-practices", "cis-aws-foundations-benchmark"} {
		if input, ok := missing[name]; ok {
			f.Short(a.arn("securityhub", region, "hub/default"), "the standard "+name+" is not enabled", "modules/baseline/threat-detection: "+input)
		}
	}
	return nil
}

// recorder checks that Config records and delivers in a region.
func recorder(ctx context.Context, a *Account, f *Finder, region string) error {
	const module = "modules/baseline/aws-config"
	client := configservice.NewFromConfig(a.In(region))
	resource := a.arn("config", region, "recorder")
	out, err := client.DescribeConfigurationRecorderStatus(ctx, nil)
	if err != nil {
		return err
	}
	recording := false
	for _, s := range out.ConfigurationRecordersStatus {
		recording = recording || s.Recording
	}
	if !recording {
		f.Short(resource, fmt.Sprintf("Config records nothing: %d recorders, none of them on", len(out.ConfigurationRecordersStatus)), "apply "+module)
	}
	channels, err := client.DescribeDeliveryChannels(ctx, nil)
	if err != nil {
		return err
	}
	for _, c := range channels.DeliveryChannels {
		if aws.ToString(c.S3BucketName) == a.Room.Baseline.ConfigBucket {
			return nil
		}
	}
	f.Short(resource, "Config does not deliver to "+a.Room.Baseline.ConfigBucket, "apply "+module+": bucket, or delivery_bucket in further regions")
	return nil
}
