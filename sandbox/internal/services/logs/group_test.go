//lint:file-ignore SA1019 The operations that the SDK deprecates are served, and tested.

package logs_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// Groups are made, described page by page, kept for days, and deleted with all they hold.
func TestGroups(t *testing.T) {
	w := open(t, sandbox.Options{})
	w.group("/app/one", func(in *cloudwatchlogs.CreateLogGroupInput) { in.Tags = map[string]string{"a": "1"} })
	w.group("/app/two", func(in *cloudwatchlogs.CreateLogGroupInput) {
		in.LogGroupClass = types.LogGroupClassInfrequentAccess
	})
	w.group("other")
	_, err := w.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("other")})
	w.refused(err, "ResourceAlreadyExistsException", "already exists")
	for name, in := range map[string]cloudwatchlogs.CreateLogGroupInput{
		"logGroupName":              {LogGroupName: aws.String("a:b")},
		"class DELIVERY":            {LogGroupName: aws.String("x"), LogGroupClass: types.LogGroupClassDelivery},
		"logGroupClass":             {LogGroupName: aws.String("x"), LogGroupClass: "FAST"},
		"deletionProtectionEnabled": {LogGroupName: aws.String("x"), DeletionProtectionEnabled: aws.Bool(true)},
		"Reserved":                  {LogGroupName: aws.String("x"), Tags: map[string]string{"aws:a": "b"}},
	} {
		_, err := w.logs.CreateLogGroup(ctx, &in)
		if name == "Reserved" {
			name = "aws:"
		}
		w.refused(err, "InvalidParameterException", name)
	}

	describe := func(in cloudwatchlogs.DescribeLogGroupsInput) (names []string) {
		t.Helper()
		for {
			out, err := w.logs.DescribeLogGroups(ctx, &in)
			w.must(err)
			for _, g := range out.LogGroups {
				names = append(names, *g.LogGroupName)
			}
			if in.NextToken = out.NextToken; out.NextToken == nil {
				return names
			}
		}
	}
	for want, in := range map[string]cloudwatchlogs.DescribeLogGroupsInput{
		"/app/one /app/two other": {Limit: aws.Int32(1)},
		"/app/one /app/two":       {LogGroupNamePrefix: aws.String("/app/")},
		"/app/two other":          {LogGroupNamePattern: aws.String("t")},
		"/app/two":                {LogGroupClass: types.LogGroupClassInfrequentAccess},
	} {
		if got := strings.Join(describe(in), " "); got != want {
			t.Errorf("described %q, want %q", got, want)
		}
	}
	_, err = w.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("a"), LogGroupNamePattern: aws.String("a")})
	w.refused(err, "InvalidParameterException", "mutually exclusive")
	_, err = w.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{Limit: aws.Int32(51)})
	w.refused(err, "InvalidParameterException", "between 1 and 50")

	_, err = w.logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("other"), RetentionInDays: aws.Int32(8)})
	w.refused(err, "InvalidParameterException", "retentionInDays")
	_, err = w.logs.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: aws.String("other"), RetentionInDays: aws.Int32(7)})
	w.must(err)
	if g := w.one("other"); *g.RetentionInDays != 7 || *g.Arn != arnOf("other")+":*" || *g.LogGroupArn != arnOf("other") || g.LogGroupClass != types.LogGroupClassStandard || *g.CreationTime == 0 || *g.StoredBytes != 0 {
		t.Errorf("group %+v", g)
	}
	_, err = w.logs.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: aws.String("other")})
	w.must(err)
	if g := w.one("other"); g.RetentionInDays != nil {
		t.Errorf("group %+v", g)
	}

	w.stream("other", "s")
	w.must(w.put("other", "s", "hello"))
	_, err = w.logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("other")})
	w.must(err)
	_, err = w.logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("other")})
	w.refused(err, "ResourceNotFoundException", "The specified log group does not exist.")
	w.group("other")
	w.stream("other", "s")
	if got, err := w.get("other", "s"); err != nil || len(got) != 0 {
		t.Errorf("a new group holds %q, %v", got, err)
	}
}

func (w *world) one(name string) types.LogGroup {
	w.Helper()
	out, err := w.logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &name})
	w.must(err)
	return out.LogGroups[0]
}

// Tags are the same by ARN and by the old operations.
func TestTags(t *testing.T) {
	w := open(t, sandbox.Options{})
	w.group("g", func(in *cloudwatchlogs.CreateLogGroupInput) { in.Tags = map[string]string{"a": "1", "b": "2"} })
	arn, name := aws.String(arnOf("g")), aws.String("g")
	_, err := w.logs.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"b": "3"}})
	w.must(err)
	_, err = w.logs.TagLogGroup(ctx, &cloudwatchlogs.TagLogGroupInput{LogGroupName: name, Tags: map[string]string{"c": "4"}})
	w.must(err)
	_, err = w.logs.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}})
	w.must(err)
	want := map[string]string{"b": "3", "c": "4"}
	byARN, err := w.logs.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: arn})
	w.must(err)
	old, err := w.logs.ListTagsLogGroup(ctx, &cloudwatchlogs.ListTagsLogGroupInput{LogGroupName: name})
	w.must(err)
	if !maps.Equal(byARN.Tags, want) || !maps.Equal(old.Tags, want) {
		t.Errorf("tags %v, %v", byARN.Tags, old.Tags)
	}
	_, err = w.logs.UntagLogGroup(ctx, &cloudwatchlogs.UntagLogGroupInput{LogGroupName: name, Tags: []string{"b", "c"}})
	w.must(err)
	many := map[string]string{}
	for i := range 51 {
		many[fmt.Sprint(i)] = ""
	}
	for _, in := range []cloudwatchlogs.TagResourceInput{
		{ResourceArn: aws.String(arnOf("g") + ":*"), Tags: want}, {ResourceArn: aws.String(arnOf("absent")), Tags: want}, {ResourceArn: arn, Tags: many},
	} {
		if _, err := w.logs.TagResource(ctx, &in); err == nil {
			t.Errorf("%s takes %d tags", *in.ResourceArn, len(in.Tags))
		}
	}
	if got, err := w.logs.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: arn}); err != nil || len(got.Tags) != 0 {
		t.Errorf("tags %v, %v", got, err)
	}
}

// as returns a client of a role that may do what the statement says.
func (w *world) as(name, statement string) *cloudwatchlogs.Client {
	w.Helper()
	_, err := w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}]}`)})
	w.must(err)
	_, err = w.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statement + `]}`)})
	w.must(err)
	c, err := w.sb.Session("arn:aws:iam::"+account+":role/"+name, "s")
	w.must(err)
	return cloudwatchlogs.NewFromConfig(w.sb.Config(c))
}

func allows(resource string, actions ...string) string {
	return `{"Effect":"Allow","Action":["` + strings.Join(actions, `","`) + `"],"Resource":"` + resource + `"}`
}

// Each action is asked about on the resource that AWS's policies name: a group with its
// ":*", a group without it for tags, a stream.
func TestVerdicts(t *testing.T) {
	w := open(t, sandbox.Options{})
	w.group("g", func(in *cloudwatchlogs.CreateLogGroupInput) { in.Tags = map[string]string{"team": "a"} })
	w.group("h")
	w.stream("g", "s")
	w.stream("g", "t")
	g, s, tt := aws.String("g"), aws.String("s"), aws.String("t")
	every := map[string]func(c *cloudwatchlogs.Client) error{
		"logs:PutRetentionPolicy": func(c *cloudwatchlogs.Client) error {
			_, err := c.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: g, RetentionInDays: aws.Int32(1)})
			return err
		},
		"logs:DeleteRetentionPolicy": func(c *cloudwatchlogs.Client) error {
			_, err := c.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: g})
			return err
		},
		"logs:DescribeLogStreams": func(c *cloudwatchlogs.Client) error {
			_, err := c.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: g})
			return err
		},
		"logs:FilterLogEvents": func(c *cloudwatchlogs.Client) error {
			_, err := c.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: g})
			return err
		},
		"logs:DescribeMetricFilters": func(c *cloudwatchlogs.Client) error {
			_, err := c.DescribeMetricFilters(ctx, &cloudwatchlogs.DescribeMetricFiltersInput{LogGroupName: g})
			return err
		},
		"logs:DisassociateKmsKey": func(c *cloudwatchlogs.Client) error {
			_, err := c.DisassociateKmsKey(ctx, &cloudwatchlogs.DisassociateKmsKeyInput{LogGroupName: g})
			return err
		},
		"logs:ListTagsLogGroup": func(c *cloudwatchlogs.Client) error {
			_, err := c.ListTagsLogGroup(ctx, &cloudwatchlogs.ListTagsLogGroupInput{LogGroupName: g})
			return err
		},
	}
	actions := slices.Sorted(maps.Keys(every))
	group := w.as("group", allows(arnOf("g")+":*", actions...))
	bare := w.as("bare", allows(arnOf("g"), actions...))
	for action, call := range every {
		if err := call(group); err != nil {
			t.Errorf("%s on the group's ARN with :* is refused: %v", action, err)
		}
		w.refused(call(bare), "AccessDeniedException", action, arnOf("g")+":log-stream:")
	}

	tagger := w.as("tagger", allows(arnOf("g"), "logs:ListTagsForResource", "logs:TagResource")+","+allows("*", "logs:CreateLogGroup"))
	_, err := tagger.ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String(arnOf("g"))})
	w.must(err)
	_, err = w.as("tagger-star", allows(arnOf("g")+":*", "logs:ListTagsForResource")).ListTagsForResource(ctx, &cloudwatchlogs.ListTagsForResourceInput{ResourceArn: aws.String(arnOf("g"))})
	w.refused(err, "AccessDeniedException", "logs:ListTagsForResource")

	writer := w.as("writer", allows(arnOf("g")+":log-stream:s", "logs:PutLogEvents", "logs:GetLogEvents"))
	put := func(c *cloudwatchlogs.Client, stream *string) error {
		_, err := c.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: g, LogStreamName: stream, LogEvents: []types.InputLogEvent{{Message: aws.String("m"), Timestamp: aws.Int64(w.sb.Now().UnixMilli())}}})
		return err
	}
	w.must(put(writer, s))
	w.refused(put(writer, tt), "AccessDeniedException", "log-stream:t")
	_, err = writer.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{LogGroupIdentifier: aws.String(arnOf("g")), LogStreamName: s})
	w.must(err)

	// Describing all groups is about none; tags decide where there are any.
	_, err = w.as("lister", allows("arn:aws:logs:"+region+":"+account+":log-group:*", "logs:DescribeLogGroups")).DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{})
	w.must(err)
	team := w.as("team", `{"Effect":"Allow","Action":"logs:DescribeLogStreams","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/team":"a"}}}`)
	_, err = team.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: g})
	w.must(err)
	_, err = team.DescribeLogStreams(ctx, &cloudwatchlogs.DescribeLogStreamsInput{LogGroupName: aws.String("h")})
	w.refused(err, "AccessDeniedException", "logs:DescribeLogStreams")

	// A new group's tags need leave of their own, by either of two names.
	tagged := func(c *cloudwatchlogs.Client, name string) error {
		_, err := c.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name, Tags: map[string]string{"a": "b"}})
		return err
	}
	w.refused(tagged(tagger, "new"), "AccessDeniedException", "logs:TagResource")
	w.must(tagged(w.as("new", allows(arnOf("new"), "logs:TagResource")+","+allows("*", "logs:CreateLogGroup")), "new"))
	w.must(tagged(w.as("old", allows(arnOf("newer")+":*", "logs:TagLogGroup")+","+allows("*", "logs:CreateLogGroup")), "newer"))
}
