package cloudtrail

import (
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
)

// LogGroups is what trails need of CloudWatch Logs.
type LogGroups interface {
	// StreamResource is a stream, there or not; ok is false if its group is not there.
	StreamResource(account, region, group, stream string) (r op.Resource, ok bool)
}

// Roles is what trails need of IAM.
type Roles interface {
	// RoleByARN finds a role; nil: there is none.
	RoleByARN(arn string) *iam.Entity
}

// sessionName is what CloudTrail's sessions of a trail's role are called.
const sessionName = "CLOUDWATCH_LOGS_DELIVERY_SESSION"

// logStream is where a trail's events go: that of its home region takes those of all.
// Source: CloudTrail User Guide "Role policy document for CloudTrail to use CloudWatch
// Logs for monitoring", log-stream names. AWS may make more, with numbers.
func (t *trail) logStream() string { return t.Account + "_CloudTrail_" + t.Region }

// logGroupName is the name in the ARN of the trail's log group; ok is false if that is
// not one in the trail's account and region. It ends in ":*".
// Source: CloudTrail API_CreateTrail, CloudWatchLogsLogGroupArn. That the group is in the
// trail's own region, and the ending wanted, is what users report.
func (t *trail) logGroupName() (name string, ok bool) {
	name, ok = strings.CutPrefix(t.LogGroup, "arn:aws:logs:"+t.Region+":"+t.Account+":log-group:")
	name, star := strings.CutSuffix(name, ":*")
	return name, ok && star && name != ""
}

// checkLogs is what must be there before a trail sends to CloudWatch Logs.
// Source: CloudTrail API_CreateTrail, Errors. The messages are from users' reports.
func (s *Service) checkLogs(t *trail) error {
	noGroup := func(why string) error { return fail("InvalidCloudWatchLogsLogGroupArnException", "%s", why) }
	noRole := func(why string) error { return fail("InvalidCloudWatchLogsRoleArnException", "%s", why) }
	switch {
	case t.LogGroup == "" && t.LogRole == "":
		return nil
	case t.LogRole == "":
		return noRole("You must specify a role ARN as well as a log group.")
	case t.LogGroup == "":
		return noGroup("You must specify a log group as well as a role ARN.")
	}
	name, ok := t.logGroupName()
	if ok {
		_, ok = s.groups.StreamResource(t.Account, t.Region, name, t.logStream())
	}
	if !ok {
		return noGroup("CloudTrail cannot validate the specified log group ARN.")
	}
	if role := s.roles.RoleByARN(t.LogRole); role == nil || role.Account != t.Account {
		return noRole("CloudTrail cannot validate the specified role ARN.")
	}
	return nil
}

// passRole is the check of a request that gives CloudTrail a role.
// Source: CloudTrail User Guide "Granting custom permissions for CloudTrail users".
func passRole(arn string) (op.Check, error) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[0] != "arn" || part[2] != "iam" || !strings.HasPrefix(part[5], "role/") {
		return op.Check{}, fail("InvalidCloudWatchLogsRoleArnException", "The role ARN %s is not valid.", arn)
	}
	return op.Check{Action: "iam:PassRole", Resource: op.Resource{ARN: arn, Account: part[4]},
		Context: []op.Key{op.Single("iam:PassedToService", principal)}}, nil
}

// logChecks are what CloudTrail itself must be allowed to send to the log group: to
// assume the role, and with it to make the stream and to write. checkLogs has found
// nothing wrong with the trail.
func (s *Service) logChecks(c *op.Call, t *trail) []op.Check {
	name, _ := t.logGroupName()
	stream, _ := s.groups.StreamResource(t.Account, t.Region, name, t.logStream())
	role := s.roles.RoleByARN(t.LogRole)
	checks := []op.Check{{
		Action: "sts:AssumeRole", Caller: t.service(),
		Resource: op.Resource{ARN: t.LogRole, Account: role.Account, Policy: role.Role.Trust.Policy(), Tags: role.TagMap()},
		Context:  []op.Key{op.Single("sts:RoleSessionName", sessionName)},
		OnDeny:   fail("InvalidCloudWatchLogsRoleArnException", "Access denied. Check the trust relationships for your role."),
	}}
	session := &op.Caller{
		Principal: policy.Principal{Type: policy.AssumedRole, ARN: "arn:aws:sts::" + t.Account + ":assumed-role/" + role.Name + "/" + sessionName,
			Account: t.Account, RoleARN: t.LogRole, ID: role.ID},
		Account: t.Account,
		Session: &op.Session{Issued: c.Now, Expires: c.Now, Name: sessionName, Source: "AssumeRole", Issuer: t.LogRole, IssuerID: role.ID},
	}
	for _, action := range []string{"logs:CreateLogStream", "logs:PutLogEvents"} {
		checks = append(checks, op.Check{Action: action, Resource: stream, Caller: session,
			OnDeny: fail("InvalidCloudWatchLogsRoleArnException", "Access denied. Check the permissions for your role.")})
	}
	return checks
}
