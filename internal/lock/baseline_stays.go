package lock

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/strongroom-dev/strongroom/internal/awscall"
	"github.com/strongroom-dev/strongroom/internal/room"
)

func baselineStays() *Lock {
	l := &Lock{
		ID:       "baseline-stays",
		Claim:    "The automation role cannot turn off detection, alerts or the hardening, nor make or take a role that can.",
		Enforced: "modules/automation-iam/main.baseline.tf: NAME-baseline-guard and NAME-boundary; src/main.guard.tf",
		Without:  withoutGuard(room.Guard),
		Controls: []Attack{asApply("CreateRole, with the boundary", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			return w.makeRole(ctx, iam.NewFromConfig(cfg), aws.String(w.Room.BoundaryPolicyARN()))
		})},
		Attacks: onRoles(),
		TakeOff: detachGuard,
	}
	for _, c := range []struct {
		concern string
		attacks []Attack
	}{{room.ThreatDetection, onDetection()}, {room.AWSConfig, onConfig()}, {room.Alerts, onAlerts()}, {room.AccountHardening, onHardening()}} {
		for _, a := range c.attacks {
			l.Attacks = append(l.Attacks, where(c.concern, a))
		}
	}
	return l
}

// where makes an attack on what a room may have left out: then there is nothing to
// attack, and it says so.
func where(concern string, a Attack) Attack {
	do := a.Do
	a.Do = func(ctx context.Context, w *World) (Outcome, error) {
		if !w.Room.Baseline.Has(concern) {
			return Outcome{Answer: "not there", Refused: true, DecidedBy: "the spec leaves out " + concern}, nil
		}
		return do(ctx, w)
	}
	return a
}

func onDetection() []Attack {
	return []Attack{
		asApply("UpdateDetector: GuardDuty off", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			operator := guardduty.NewFromConfig(w.Config(&w.Operator))
			list, err := operator.ListDetectors(ctx, nil)
			if err != nil {
				return nil, nil, err
			}
			if len(list.DetectorIds) == 0 {
				return nil, nil, fmt.Errorf("there is no detector in %s", w.Region)
			}
			out, err := guardduty.NewFromConfig(cfg).UpdateDetector(ctx, &guardduty.UpdateDetectorInput{DetectorId: &list.DetectorIds[0], Enable: aws.Bool(false)})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := operator.UpdateDetector(ctx, &guardduty.UpdateDetectorInput{DetectorId: &list.DetectorIds[0], Enable: aws.Bool(true)})
				return err
			}, nil
		}),
	}
}

func onConfig() []Attack {
	return []Attack{
		asApply("StopConfigurationRecorder", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			name := &w.Room.Name
			out, err := configservice.NewFromConfig(cfg).StopConfigurationRecorder(ctx, &configservice.StopConfigurationRecorderInput{ConfigurationRecorderName: name})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := configservice.NewFromConfig(w.Config(&w.Operator)).StartConfigurationRecorder(ctx, &configservice.StartConfigurationRecorderInput{ConfigurationRecorderName: name})
				return err
			}, nil
		}),
	}
}

func onAlerts() []Attack {
	alarm := func(w *World) []string { return []string{w.Room.Name + "-root-sign-in"} }
	return []Attack{
		where(room.ThreatDetection, asApply("DisableRule of GuardDuty's findings", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			name := aws.String(w.Room.Name + "-guardduty")
			out, err := eventbridge.NewFromConfig(cfg).DisableRule(ctx, &eventbridge.DisableRuleInput{Name: name})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := eventbridge.NewFromConfig(w.Config(&w.Operator)).EnableRule(ctx, &eventbridge.EnableRuleInput{Name: name})
				return err
			}, nil
		})),
		where(room.AuditLogging, asApply("DisableAlarmActions of the tripwire on root", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			out, err := cloudwatch.NewFromConfig(cfg).DisableAlarmActions(ctx, &cloudwatch.DisableAlarmActionsInput{AlarmNames: alarm(w)})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := cloudwatch.NewFromConfig(w.Config(&w.Operator)).EnableAlarmActions(ctx, &cloudwatch.EnableAlarmActionsInput{AlarmNames: alarm(w)})
				return err
			}, nil
		})),
		asApply("SetTopicAttributes of the alerts' topic", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			topic := aws.String(w.Room.AlertsTopicARN(w.Region))
			out, err := sns.NewFromConfig(cfg).SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: topic, AttributeName: aws.String("DisplayName"), AttributeValue: aws.String("")})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, nothing, nil // it has none
		}),
	}
}

func onHardening() []Attack {
	return []Attack{
		asApply("DisableEbsEncryptionByDefault", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			if err := awscall.EC2(ctx, cfg, "DisableEbsEncryptionByDefault", url.Values{}, nil); err != nil {
				return nil, nil, err
			}
			return &middleware.Metadata{}, func() error {
				return awscall.EC2(ctx, w.Config(&w.Operator), "EnableEbsEncryptionByDefault", url.Values{}, nil)
			}, nil
		}),
		asApply("PutPublicAccessBlock of the account: none", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			was, err := awscall.PublicAccessBlock(ctx, w.Config(&w.Operator), w.Account)
			if err != nil {
				return nil, nil, err
			}
			if err := awscall.SetPublicAccessBlock(ctx, cfg, w.Account, &awscall.PublicAccess{}); err != nil {
				return nil, nil, err
			}
			return &middleware.Metadata{}, func() error { return awscall.SetPublicAccessBlock(ctx, w.Config(&w.Operator), w.Account, was) }, nil
		}),
	}
}

// makeRole makes a role that the account's root principal may assume, and removes it.
func (w *World) makeRole(ctx context.Context, as *iam.Client, boundary *string) (*middleware.Metadata, func() error, error) {
	path, name := aws.String("/"+w.Room.Name+"/"), aws.String("rehearsal-made-by-ci")
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}}`, w.Account)
	out, err := as.CreateRole(ctx, &iam.CreateRoleInput{Path: path, RoleName: name, AssumeRolePolicyDocument: &trust, PermissionsBoundary: boundary})
	if err != nil {
		return nil, nil, err
	}
	return &out.ResultMetadata, func() error {
		_, err := w.operatorIAM().DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
		return err
	}, nil
}

// onRoles look for another role that the guard does not hold.
func onRoles() []Attack {
	return []Attack{
		asApply("CreateRole without the boundary", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			return w.makeRole(ctx, iam.NewFromConfig(cfg), nil)
		}),
		asApply("AssumeRole of an administrator's role that was there before", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			who, err := sts.NewFromConfig(w.Config(&w.Operator)).GetCallerIdentity(ctx, nil)
			if err != nil {
				return nil, nil, err
			}
			role, err := roleOf(aws.ToString(who.Arn))
			if err != nil {
				return nil, nil, err
			}
			out, err := sts.NewFromConfig(cfg).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String(sessionName)})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, nothing, nil
		}),
		asApply("DetachRolePolicy: the guard from itself", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			in := &iam.DetachRolePolicyInput{RoleName: aws.String(nameOf(w.ApplyRole)), PolicyArn: aws.String(w.Room.GuardPolicyARN())}
			out, err := iam.NewFromConfig(cfg).DetachRolePolicy(ctx, in)
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := w.operatorIAM().AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: in.RoleName, PolicyArn: in.PolicyArn})
				return err
			}, nil
		}),
		asApply("CreatePolicyVersion of the guard: nothing denied", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			arn := aws.String(w.Room.GuardPolicyARN())
			out, err := iam.NewFromConfig(cfg).CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{
				PolicyArn: arn, PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`),
			})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, func() error {
				_, err := w.operatorIAM().DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: arn, VersionId: out.PolicyVersion.VersionId})
				return err
			}, nil
		}),
		where(room.OperatorRole, asApply("UpdateAssumeRolePolicy of the operator's role", func(ctx context.Context, w *World, cfg aws.Config) (*middleware.Metadata, func() error, error) {
			name := &w.Room.Baseline.Operator.RoleName
			was, err := w.operatorIAM().GetRole(ctx, &iam.GetRoleInput{RoleName: name})
			if err != nil {
				return nil, nil, err
			}
			text, err := unescape(*was.Role.AssumeRolePolicyDocument)
			if err != nil {
				return nil, nil, err
			}
			out, err := iam.NewFromConfig(cfg).UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: name, PolicyDocument: &text})
			if err != nil {
				return nil, nil, err
			}
			return &out.ResultMetadata, nothing, nil // it is the same policy
		})),
	}
}
