package logs

import (
	"maps"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/page"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// group is a log group.
type group struct {
	Name, Account, Region string
	Created               time.Time
	// Retention in days; 0: for ever.
	Retention int32 `json:",omitempty"`
	// Key is the ARN of the KMS key; empty: none.
	Key   string              `json:",omitempty"`
	Class types.LogGroupClass `json:",omitempty"`
	Tags  map[string]string   `json:",omitempty"`
	// Bytes are those of the events.
	Bytes int64
}

func groupARN(region, account, name string) string {
	return "arn:aws:logs:" + region + ":" + account + ":log-group:" + name
}

func (g *group) arn() string { return groupARN(g.Region, g.Account, g.Name) }
func (g *group) key() string { return place(g.Account, g.Region) + g.Name }

// resource is the group for IAM, but in the actions of TagResource and its like, which
// leave out what follows the name.
// Source: CloudWatch Logs API_LogGroup, arn: policies need the ARN that ends in ":*", but
// for those three. That AWS asks about "...:log-stream:" is from its refusals.
func (s *Service) resource(account, region, name string) op.Resource {
	r := op.Resource{ARN: groupARN(region, account, name) + ":log-stream:", Account: account, Policy: s.policy(account, region)}
	if g := s.groups.Get(place(account, region) + name); g != nil {
		r.Tags = g.Tags
	}
	return r
}

// named is the group's name out of a member that has one, or its ARN.
func named(c *op.Call, name, identifier *string) (string, error) {
	member, value := "logGroupName", text(name)
	if identifier != nil {
		if name != nil {
			return "", invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters.")
		}
		member, value = "logGroupIdentifier", *identifier
		if strings.HasPrefix(value, "arn:") {
			rest, ok := strings.CutPrefix(value, groupARN(c.Region, owner(c), ""))
			if !ok {
				return "", invalid("the sandbox does not implement log groups of other accounts or regions: %s", value)
			}
			value = rest
		}
	}
	if len(value) > 512 || !groupForm.MatchString(value) {
		return "", constraint(value, member, `Member must satisfy regular expression pattern: [\.\-_/#A-Za-z0-9]+`)
	}
	return value, nil
}

// onGroup is the check of an operation on one log group, there or not.
func onGroup[In any](s *Service, action string, name func(*In) (name, identifier *string)) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) {
		plain, identifier := name(in)
		n, err := named(c, plain, identifier)
		if err != nil {
			return nil, err
		}
		return []op.Check{{Action: "logs:" + action, Resource: s.resource(owner(c), c.Region, n)}}, nil
	}
}

// existing returns the group, which must be there.
func (s *Service) existing(c *op.Call, name, identifier *string) (*group, error) {
	n, err := named(c, name, identifier)
	if err != nil {
		return nil, err
	}
	if g := s.groups.Get(place(owner(c), c.Region) + n); g != nil {
		return g, nil
	}
	return nil, noGroup()
}

func noGroup() *op.Error {
	return fault("ResourceNotFoundException", "The specified log group does not exist.")
}

func (s *Service) groupRows() []op.Row {
	create := op.New("CreateLogGroup", "CloudWatch Logs API_CreateLogGroup", op.Write, s.checkCreate, s.create)
	create.Asks = "either of logs:TagResource and logs:TagLogGroup is enough for the tags of a new group"
	return []op.Row{
		create,
		op.New("DeleteLogGroup", "CloudWatch Logs API_DeleteLogGroup", op.Write,
			onGroup(s, "DeleteLogGroup", func(in *sdk.DeleteLogGroupInput) (_, _ *string) { return in.LogGroupName, nil }), s.delete),
		op.New("DescribeLogGroups", "CloudWatch Logs API_DescribeLogGroups", op.Read, onNone[sdk.DescribeLogGroupsInput]("DescribeLogGroups"), s.describe),
	}
}

func (s *Service) checkCreate(c *op.Call, in *sdk.CreateLogGroupInput) ([]op.Check, error) {
	name, err := named(c, in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	checks := []op.Check{{Action: "logs:CreateLogGroup", Resource: s.resource(owner(c), c.Region, name), Context: tags.RequestKeys(in.Tags)}}
	return s.withKey(c, checks, &group{Name: name, Account: owner(c), Region: c.Region}, in.KmsKeyId)
}

func (s *Service) create(c *op.Call, in *sdk.CreateLogGroupInput) (*sdk.CreateLogGroupOutput, error) {
	g := &group{Name: *in.LogGroupName, Account: owner(c), Region: c.Region, Created: c.Now, Class: in.LogGroupClass, Tags: maps.Clone(in.Tags)}
	if err := refuse(map[string]bool{"deletionProtectionEnabled": yes(in.DeletionProtectionEnabled)}); err != nil {
		return nil, err
	}
	switch g.Class {
	case "":
		g.Class = types.LogGroupClassStandard
	case types.LogGroupClassStandard, types.LogGroupClassInfrequentAccess:
	case types.LogGroupClassDelivery:
		return nil, invalid("the sandbox does not implement log groups of the class DELIVERY")
	default:
		return nil, constraint(string(g.Class), "logGroupClass", "Member must satisfy enum value set: [INFREQUENT_ACCESS, STANDARD, DELIVERY]")
	}
	if s.groups.Get(g.key()) != nil {
		return nil, fault("ResourceAlreadyExistsException", "The specified log group already exists")
	}
	if err := s.mayTag(c, g); err != nil {
		return nil, err
	}
	if err := s.setKey(c, g, in.KmsKeyId); err != nil {
		return nil, err
	}
	s.groups.Put(g.key(), g)
	return &sdk.CreateLogGroupOutput{}, nil
}

// mayTag asks for the tags of a new group.
// Source: CloudWatch Logs API_CreateLogGroup, tags: "you must have either the
// logs:TagResource or logs:TagLogGroup permission".
func (s *Service) mayTag(c *op.Call, g *group) error {
	if len(g.Tags) == 0 {
		return nil
	}
	keys := tags.RequestKeys(g.Tags)
	r := s.resource(g.Account, g.Region, g.Name)
	bare := r
	bare.ARN = g.arn()
	err := c.Ask(op.Check{Action: "logs:TagResource", Resource: bare, Context: keys})
	if err == nil || c.Ask(op.Check{Action: "logs:TagLogGroup", Resource: r, Context: keys}) == nil {
		return nil
	}
	return err
}

// delete takes the group away with its streams, events and filters.
func (s *Service) delete(c *op.Call, in *sdk.DeleteLogGroupInput) (*sdk.DeleteLogGroupOutput, error) {
	g, err := s.existing(c, in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	wipe(s.events, g.key()+":")
	wipe(s.streams, g.key()+":")
	wipe(s.filters, g.key()+":")
	s.groups.Delete(g.key())
	return &sdk.DeleteLogGroupOutput{}, nil
}

func (s *Service) describe(c *op.Call, in *sdk.DescribeLogGroupsInput) (*sdk.DescribeLogGroupsOutput, error) {
	err := refuse(map[string]bool{"accountIdentifiers": in.AccountIdentifiers != nil, "includeLinkedAccounts": yes(in.IncludeLinkedAccounts), "logGroupIdentifiers": in.LogGroupIdentifiers != nil})
	if err != nil {
		return nil, err
	}
	if in.LogGroupNamePattern != nil && in.LogGroupNamePrefix != nil {
		return nil, invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
	}
	n, err := listed(in.Limit, 50)
	if err != nil {
		return nil, err
	}
	all := []types.LogGroup{}
	for _, g := range s.groups.Prefix(place(owner(c), c.Region) + text(in.LogGroupNamePrefix)) {
		if strings.Contains(g.Name, text(in.LogGroupNamePattern)) && (in.LogGroupClass == "" || in.LogGroupClass == g.Class) {
			all = append(all, s.view(g))
		}
	}
	out := &sdk.DescribeLogGroupsOutput{}
	out.LogGroups, out.NextToken = page.Cut(all, func(g types.LogGroup) string { return *g.LogGroupName }, n, in.NextToken)
	return out, nil
}

func (s *Service) view(g *group) types.LogGroup {
	filters := int32(0)
	for range s.filters.Prefix(g.key() + ":") {
		filters++
	}
	out := types.LogGroup{
		Arn: new(g.arn() + ":*"), LogGroupArn: new(g.arn()), LogGroupName: &g.Name, CreationTime: millis(g.Created), KmsKeyId: optional(g.Key),
		LogGroupClass: g.Class, MetricFilterCount: &filters, StoredBytes: &g.Bytes,
	}
	if g.Retention > 0 {
		out.RetentionInDays = &g.Retention
	}
	return out
}
