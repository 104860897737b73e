package lock

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"github.com/strongroom-dev/strongroom/internal/awscall"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// Regions are those that the fence is tried in: all that AWS opens to every
// account, and some that it opens on request.
// Source: AWS Regions and Availability Zones User Guide, "AWS Regions".
var Regions = []string{
	"af-south-1", "ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
	"ca-central-1", "eu-central-1", "eu-north-1", "eu-south-1", "eu-west-1", "eu-west-2", "eu-west-3", "me-south-1", "sa-east-1",
	"us-east-1", "us-east-2", "us-west-1", "us-west-2",
}

// call is a harmless request to a service that has regions.
type call struct {
	service, operation string
	// denied is the code of a refusal where it is not AccessDenied.
	denied string
	do     func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error)
}

// meta hands on the metadata of an answer.
func meta[T any](out *T, err error, of func(*T) *middleware.Metadata) (*middleware.Metadata, error) {
	if err != nil {
		return nil, err
	}
	return of(out), nil
}

// regional are requests that only read, one a service.
func regional() []call {
	return []call{
		{"Access Analyzer", "ListAnalyzers", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := accessanalyzer.NewFromConfig(cfg).ListAnalyzers(ctx, &accessanalyzer.ListAnalyzersInput{})
			return meta(out, err, func(o *accessanalyzer.ListAnalyzersOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
		{"CloudTrail", "DescribeTrails", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(ctx, nil)
			return meta(out, err, func(o *cloudtrail.DescribeTrailsOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
		{"CloudWatch Logs", "DescribeLogGroups", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := cloudwatchlogs.NewFromConfig(cfg).DescribeLogGroups(ctx, nil)
			return meta(out, err, func(o *cloudwatchlogs.DescribeLogGroupsOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
		{"Config", "DescribeConfigurationRecorders", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := configservice.NewFromConfig(cfg).DescribeConfigurationRecorders(ctx, nil)
			return meta(out, err, func(o *configservice.DescribeConfigurationRecordersOutput) *middleware.Metadata {
				return &o.ResultMetadata
			})
		}},
		{"EC2", "GetEbsEncryptionByDefault", "UnauthorizedOperation", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			return &middleware.Metadata{}, awscall.EC2(ctx, cfg, "GetEbsEncryptionByDefault", url.Values{}, nil)
		}},
		{"EventBridge", "ListRules", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := eventbridge.NewFromConfig(cfg).ListRules(ctx, nil)
			return meta(out, err, func(o *eventbridge.ListRulesOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
		{"GuardDuty", "ListDetectors", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := guardduty.NewFromConfig(cfg).ListDetectors(ctx, nil)
			return meta(out, err, func(o *guardduty.ListDetectorsOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
		{"KMS", "ListKeys", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := kms.NewFromConfig(cfg).ListKeys(ctx, nil)
			return meta(out, err, func(o *kms.ListKeysOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
		{"Security Hub", "GetEnabledStandards", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := securityhub.NewFromConfig(cfg).GetEnabledStandards(ctx, nil)
			return meta(out, err, func(o *securityhub.GetEnabledStandardsOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
		{"SNS", "ListTopics", "AuthorizationError", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := sns.NewFromConfig(cfg).ListTopics(ctx, nil)
			return meta(out, err, func(o *sns.ListTopicsOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
		{"SSM", "DescribeParameters", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := ssm.NewFromConfig(cfg).DescribeParameters(ctx, nil)
			return meta(out, err, func(o *ssm.DescribeParametersOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
	}
}

// global are requests to services, or to parts of them, that have no region.
func global() []call {
	return []call{
		{"IAM", "ListRoles", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := iam.NewFromConfig(cfg).ListRoles(ctx, nil)
			return meta(out, err, func(o *iam.ListRolesOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
		{"S3", "ListBuckets", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := s3.NewFromConfig(cfg).ListBuckets(ctx, nil)
			return meta(out, err, func(o *s3.ListBucketsOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
		{"STS", "GetCallerIdentity", "", func(ctx context.Context, cfg aws.Config) (*middleware.Metadata, error) {
			out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
			return meta(out, err, func(o *sts.GetCallerIdentityOutput) *middleware.Metadata { return &o.ResultMetadata })
		}},
	}
}

// served are the services without a region that the sandbox does not serve: IAM's
// simulator is asked about them, which decides by the role's own policies.
var served = []string{
	"cloudfront:CreateDistribution", "route53:ChangeResourceRecordSets", "route53domains:RegisterDomain", "organizations:DescribeOrganization",
	"support:CreateCase", "health:DescribeEvents", "budgets:ModifyBudget", "ce:GetCostAndUsage", "account:ListRegions", "shield:CreateProtection",
	"globalaccelerator:CreateAccelerator", "trustedadvisor:ListChecks", "waf:CreateWebACL",
}

// elsewhere are actions of services that the sandbox does not serve, tried in
// every region by the simulator.
var elsewhere = []string{
	"ec2:RunInstances", "lambda:CreateFunction", "rds:CreateDBInstance", "dynamodb:CreateTable", "ecs:CreateCluster", "sqs:CreateQueue",
	"secretsmanager:CreateSecret", "kms:CreateKey", "s3:CreateBucket", "acm:RequestCertificate", "wafv2:CreateWebACL", "cloudformation:CreateStack",
}

// asOperator signs in as operator, with a code, and hands over the session.
func asOperator(do func(ctx context.Context, w *World, creds *aws.Credentials) (Outcome, error)) func(context.Context, *World) (Outcome, error) {
	return asPerson(insider, func(ctx context.Context, w *World, p *Person, key *aws.Credentials) (Outcome, error) {
		code, err := w.Code(ctx, p)
		if err != nil {
			return Outcome{}, err
		}
		creds, o, err := w.becomeOperator(ctx, key, p.Serial, code)
		if err != nil {
			return o, err
		}
		if creds == nil {
			return Outcome{}, fmt.Errorf("the operator is refused with a code of this moment: %s", o.DecidedBy)
		}
		return do(ctx, w, creds)
	})
}

// everywhere makes a request in each of the regions and says in how many it was
// refused. All must be, or, as a control, none.
func (w *World) everywhere(regions []string, try func(region string) (Outcome, error)) (Outcome, error) {
	var through []string
	var last Outcome
	for _, region := range regions {
		o, err := try(region)
		if err != nil {
			return Outcome{}, fmt.Errorf("%s: %w", region, err)
		}
		if !o.Refused {
			through = append(through, region)
		}
		if o.DecidedBy != "" {
			last = o
		}
	}
	if len(through) > 0 {
		return Outcome{Answer: "allowed in " + strings.Join(through, ", "), DecidedBy: last.DecidedBy}, nil
	}
	return Outcome{Answer: fmt.Sprintf("%s in %d of %d regions", last.Answer, len(regions), len(regions)), Refused: true, DecidedBy: last.DecidedBy}, nil
}

// outside are the regions that the operator is fenced out of, inside the others.
func (w *World) outside() (list []string) {
	for _, region := range Regions {
		if !slices.Contains(w.Room.Baseline.Operator.AllowedRegions, region) {
			list = append(list, region)
		}
	}
	return list
}

// request makes a call in a region.
func (w *World) request(ctx context.Context, c call, creds *aws.Credentials, region string) (Outcome, error) {
	cfg := w.Config(creds)
	cfg.Region = region
	meta, err := c.do(ctx, cfg)
	if o, ok := gotPast(err); ok {
		return o, nil
	}
	codes := accessDenied
	if c.denied != "" {
		codes = []string{c.denied}
	}
	return w.judge(err, meta, codes...)
}

// simulate asks IAM whether the operator may act in a region.
func (w *World) simulate(ctx context.Context, action, region string) (Outcome, error) {
	out, err := w.operatorIAM().SimulatePrincipalPolicy(ctx, &iam.SimulatePrincipalPolicyInput{
		PolicySourceArn: aws.String(w.Room.OperatorRoleARN()), ActionNames: []string{action},
		ContextEntries: []types.ContextEntry{{ContextKeyName: aws.String("aws:RequestedRegion"), ContextKeyType: types.ContextKeyTypeEnumString, ContextKeyValues: []string{region}}},
	})
	if err != nil {
		return Outcome{}, err
	}
	r := out.EvaluationResults[0]
	o := Outcome{Answer: string(r.EvalDecision), Refused: r.EvalDecision != types.PolicyEvaluationDecisionTypeAllowed, DecidedBy: "no statement allows it"}
	if len(r.MatchedStatements) > 0 {
		o.DecidedBy = aws.ToString(r.MatchedStatements[0].SourcePolicyId)
	}
	return o, nil
}

func operatorFence() *Lock {
	l := &Lock{
		ID:       "operator-fence",
		Claim:    "The operator acts in the allowed regions only; services without a region still work.",
		Enforced: "modules/baseline/operator-role/main.fence.tf: DenyOtherRegions, and global_services.json",
		Without:  without(room.OperatorRole),
		TakeOff: func(ctx context.Context, w *World) (func() error, error) {
			client, role, name := w.operatorIAM(), w.Room.Baseline.Operator.RoleName, aws.String("region-fence")
			got, err := client.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: &role, PolicyName: name})
			if err != nil {
				return nil, err
			}
			text, err := unescape(*got.PolicyDocument)
			if err != nil {
				return nil, err
			}
			_, err = client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: name})
			return func() error {
				_, err := w.operatorIAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: name, PolicyDocument: &text})
				return err
			}, err
		},
	}
	all := func(calls []call, regions func(w *World) []string) func(context.Context, *World) (Outcome, error) {
		return asOperator(func(ctx context.Context, w *World, creds *aws.Credentials) (Outcome, error) {
			for _, c := range calls {
				for _, region := range regions(w) {
					if o, err := w.request(ctx, c, creds, region); err != nil || o.Refused {
						o.Answer = c.service + " in " + region + ": " + o.Answer
						return o, err
					}
				}
			}
			return Outcome{Answer: "allowed"}, nil
		})
	}
	allowed := func(w *World) []string { return w.Room.Baseline.Operator.AllowedRegions }
	l.Controls = []Attack{
		{By: "the operator", Request: "a request to each service in the allowed regions", Do: all(regional(), allowed)},
		{By: "the operator", Request: "IAM, STS and S3's list of buckets in us-east-1, where services without a region answer", Do: all(global(), func(*World) []string { return []string{"us-east-1"} })},
		{By: "the operator, simulated", Request: "CloudFront, Route 53, Organizations and " + fmt.Sprint(len(served)-3) + " more services without a region", Do: func(ctx context.Context, w *World) (Outcome, error) {
			for _, action := range served {
				if o, err := w.simulate(ctx, action, "us-east-1"); err != nil || o.Refused {
					o.Answer = action + ": " + o.Answer
					return o, err
				}
			}
			return Outcome{Answer: "allowed"}, nil
		}},
	}
	for _, c := range regional() {
		l.Attacks = append(l.Attacks, Attack{
			By: "the operator", Request: c.service + ": " + c.operation + " in every other region",
			Do: asOperator(func(ctx context.Context, w *World, creds *aws.Credentials) (Outcome, error) {
				return w.everywhere(w.outside(), func(region string) (Outcome, error) { return w.request(ctx, c, creds, region) })
			}),
		})
	}
	for _, action := range elsewhere {
		l.Attacks = append(l.Attacks, Attack{
			By: "the operator, simulated", Request: action + " in every other region",
			Do: func(ctx context.Context, w *World) (Outcome, error) {
				return w.everywhere(w.outside(), func(region string) (Outcome, error) { return w.simulate(ctx, action, region) })
			},
		})
	}
	return l
}
