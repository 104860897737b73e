package iam

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// linked are the services for which the sandbox makes service-linked roles,
// with the name that follows AWSServiceRoleFor.
// Source: IAM User Guide, reference_aws-services-that-work-with-iam, and the
// "using service-linked roles" page of each service.
var linked = map[string]string{
	"config.amazonaws.com": "Config", "guardduty.amazonaws.com": "AmazonGuardDuty", "securityhub.amazonaws.com": "SecurityHub",
	"access-analyzer.amazonaws.com": "AccessAnalyzer", "cloudtrail.amazonaws.com": "CloudTrail", "support.amazonaws.com": "Support",
	"trustedadvisor.amazonaws.com": "TrustedAdvisor", "autoscaling.amazonaws.com": "AutoScaling", "ecs.amazonaws.com": "ECS",
	"elasticloadbalancing.amazonaws.com": "ElasticLoadBalancing", "rds.amazonaws.com": "RDS", "organizations.amazonaws.com": "Organizations",
}

func (s *Service) serviceLinkedRows() []op.Row {
	return []op.Row{
		write("CreateServiceLinkedRole", "AWSServiceName! CustomSuffix Description",
			func(c *op.Call, in *iam.CreateServiceLinkedRoleInput) ([]op.Check, error) {
				e, err := linkedRole(c, str(in.AWSServiceName), in.CustomSuffix)
				if err != nil {
					return nil, err
				}
				return s.one(c, "CreateServiceLinkedRole", e.ARN(), nil, op.Single("iam:AWSServiceName", str(in.AWSServiceName))), nil
			}, s.createServiceLinkedRole),
		write("DeleteServiceLinkedRole", "RoleName!",
			func(c *op.Call, in *iam.DeleteServiceLinkedRoleInput) ([]op.Check, error) {
				var keys []op.Key
				if e := s.entity(c.Caller.Account, roleKind, str(in.RoleName)); e != nil && e.serviceLinked() {
					keys = append(keys, op.Single("iam:AWSServiceName", e.Role.Service))
				}
				return s.on(c, "DeleteServiceLinkedRole", roleKind, str(in.RoleName), keys...), nil
			}, s.deleteServiceLinkedRole),
		read("GetServiceLinkedRoleDeletionStatus", "DeletionTaskId!",
			func(c *op.Call, in *iam.GetServiceLinkedRoleDeletionStatusInput) ([]op.Check, error) {
				// Source: Service Authorization Reference, IAM: the resource is
				// the role, whose path and name are in the task's ID.
				name := strings.TrimPrefix(str(in.DeletionTaskId), "task/")
				if i := strings.LastIndexByte(name, '/'); i >= 0 {
					name = name[:i]
				}
				return s.one(c, "GetServiceLinkedRoleDeletionStatus", "arn:aws:iam::"+c.Caller.Account+":role/"+name, nil), nil
			},
			func(c *op.Call, in *iam.GetServiceLinkedRoleDeletionStatusInput) (*iam.GetServiceLinkedRoleDeletionStatusOutput, error) {
				// The sandbox deletes at once, so a task that it named is done
				// when the role is gone.
				parts := strings.Split(*in.DeletionTaskId, "/")
				if len(parts) != 5 || parts[0] != "task" || parts[1] != "aws-service-role" {
					return nil, badInput("%s is not a deletion task", *in.DeletionTaskId)
				}
				if s.byID(parts[4]) != nil {
					return nil, noSuch("The deletion task %s does not exist.", *in.DeletionTaskId)
				}
				return &iam.GetServiceLinkedRoleDeletionStatusOutput{Status: types.DeletionTaskStatusTypeSucceeded}, nil
			}),
	}
}

// linkedRole is the service-linked role of a service, not yet made.
func linkedRole(c *op.Call, service string, suffix *string) (*Entity, error) {
	name, ok := linked[service]
	if !ok {
		return nil, badInput("The service %s does not have a service-linked role that the sandbox knows.", service)
	}
	e := &Entity{Kind: roleKind, Account: c.Caller.Account, Name: "AWSServiceRoleFor" + name, Path: "/aws-service-role/" + service + "/"}
	if suffix != nil {
		if service != "autoscaling.amazonaws.com" {
			return nil, badInput("Custom suffix is not allowed for %s", service)
		}
		e.Name += "_" + *suffix
	}
	return e, nil
}

func (s *Service) createServiceLinkedRole(c *op.Call, in *iam.CreateServiceLinkedRoleInput) (*iam.CreateServiceLinkedRoleOutput, error) {
	e, err := linkedRole(c, *in.AWSServiceName, in.CustomSuffix)
	if err != nil {
		return nil, err
	}
	if s.entity(e.Account, roleKind, e.Name) != nil {
		// Source: IAM API_CreateServiceLinkedRole answers InvalidInput here.
		return nil, badInput("Service role name %s has been taken in this account, please try a different suffix.", e.Name)
	}
	trust, err := s.trust(e.ARN()+" trust policy", fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":"sts:AssumeRole"}]}`, *in.AWSServiceName))
	if err != nil {
		return nil, err
	}
	e.ID, e.Created = UniqueID(c.Rand, "AROA"), c.Now
	e.Role = &RolePart{Trust: trust, Description: str(in.Description), MaxSession: 3600, Service: *in.AWSServiceName}
	s.put(e)
	return &iam.CreateServiceLinkedRoleOutput{Role: s.role(e)}, nil
}

func (s *Service) deleteServiceLinkedRole(c *op.Call, in *iam.DeleteServiceLinkedRoleInput) (*iam.DeleteServiceLinkedRoleOutput, error) {
	e, err := s.must(c, roleKind, in.RoleName)
	if err != nil {
		return nil, err
	}
	if !e.serviceLinked() {
		return nil, badInput("The role %s is not a service-linked role", e.Name)
	}
	s.remove(e)
	return &iam.DeleteServiceLinkedRoleOutput{DeletionTaskId: aws.String("task" + e.Path + e.Name + "/" + e.ID)}, nil
}
