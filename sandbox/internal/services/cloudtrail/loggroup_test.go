package cloudtrail_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
)

const (
	groupARN = "arn:aws:logs:" + region + ":" + account + ":log-group:trail:*"
	roleARN  = "arn:aws:iam::" + account + ":role/trail-logs"
	stream   = account + "_CloudTrail_" + region
)

const (
	trustsTrail = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":"sts:AssumeRole","Condition":{"StringEquals":{"aws:SourceArn":"` + mainARN + `","aws:SourceAccount":"` + account + `"}}}]}`
	trustsOther = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"config.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	writes      = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":"arn:aws:logs:` + region + `:` + account + `:log-group:trail:log-stream:` + account + `_CloudTrail_` + region + `*"}]}`
	onlyPuts    = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"logs:PutLogEvents","Resource":"*"}]}`
)

func (w *world) logs() *cloudwatchlogs.Client {
	return cloudwatchlogs.NewFromConfig(w.sb.Config(w.sb.Credentials()))
}

// logGroup makes the group and the role of the trail main.
func (w *world) logGroup() {
	w.Helper()
	w.bucket(logs)
	_, err := w.logs().CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("trail")})
	w.must(err)
	_, err = w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("trail-logs"), AssumeRolePolicyDocument: aws.String(trustsTrail)})
	w.must(err)
	w.rolePolicy(writes)
}

func (w *world) rolePolicy(doc string) {
	w.Helper()
	_, err := w.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("trail-logs"), PolicyName: aws.String("logs"), PolicyDocument: &doc})
	w.must(err)
}

func toLogs(in *cloudtrail.CreateTrailInput) {
	in.CloudWatchLogsLogGroupArn, in.CloudWatchLogsRoleArn = aws.String(groupARN), aws.String(roleARN)
}

// sent are the events in the log group.
func (w *world) sent() (list []audit.Event) {
	w.Helper()
	out, err := w.logs().FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("trail")})
	w.must(err)
	for _, e := range out.Events {
		if *e.LogStreamName != stream {
			w.Errorf("an event in the stream %s", *e.LogStreamName)
		}
		var event audit.Event
		w.must(json.Unmarshal([]byte(*e.Message), &event))
		if *e.Timestamp%1000 != 0 || time.UnixMilli(*e.Timestamp).UTC().Format(time.RFC3339) != event.EventTime {
			w.Errorf("the event of %s is at %d", event.EventTime, *e.Timestamp)
		}
		list = append(list, event)
	}
	return list
}

func count(list []audit.Event, name string) (n int) {
	for _, e := range list {
		if e.EventName == name {
			n++
		}
	}
	return n
}

func (w *world) status() *cloudtrail.GetTrailStatusOutput {
	w.Helper()
	out, err := w.trail.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: aws.String("main")})
	w.must(err)
	return out
}

// Calls reach the log group within minutes, each once, and the metric filter there
// counts them.
func TestEventsReachTheLogGroup(t *testing.T) {
	w := open(t)
	w.logGroup()
	w.create(toLogs)
	_, err := w.logs().PutMetricFilter(ctx, &cloudwatchlogs.PutMetricFilterInput{
		LogGroupName: aws.String("trail"), FilterName: aws.String("root"), FilterPattern: aws.String(`{ $.userIdentity.type = "Root" && $.eventName = "CreateUser" }`),
		MetricTransformations: []logtypes.MetricTransformation{{MetricName: aws.String("root"), MetricNamespace: aws.String("Test"), MetricValue: aws.String("1")}},
	})
	w.must(err)
	_, err = w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("maker"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}]}`)})
	w.must(err)
	_, err = w.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("maker"), PolicyName: aws.String("p"), PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}`)})
	w.must(err)
	session, err := w.sb.Session("arn:aws:iam::"+account+":role/maker", "root")
	w.must(err)
	root := w.iam
	for name, c := range map[string]*iam.Client{"a": iam.NewFromConfig(w.sb.Config(session)), "b": root, "c": root} {
		_, err := c.CreateUser(ctx, &iam.CreateUserInput{UserName: &name})
		w.must(err)
	}
	if got := w.status(); got.LatestCloudWatchLogsDeliveryTime != nil || got.LatestCloudWatchLogsDeliveryError != nil {
		t.Errorf("before the first delivery: %v, %v", got.LatestCloudWatchLogsDeliveryTime, *got.LatestCloudWatchLogsDeliveryError)
	}
	w.pass(6 * time.Minute)
	if n := count(w.sent(), "CreateUser"); n != 3 {
		t.Errorf("%d of the calls were sent: %v", n, names(w.sent()))
	}
	if got := w.status(); got.LatestCloudWatchLogsDeliveryTime == nil || got.LatestCloudWatchLogsDeliveryError != nil {
		t.Errorf("after the first delivery: %+v", got)
	}
	if i := slices.IndexFunc(w.sb.Events(), func(e audit.Event) bool { return e.EventName == "CreateLogStream" }); i < 0 {
		t.Errorf("nobody made the stream")
	} else if e := w.sb.Events()[i]; e.UserIdentity.Type != "AssumedRole" || !strings.HasSuffix(e.UserIdentity.ARN, ":assumed-role/trail-logs/CLOUDWATCH_LOGS_DELIVERY_SESSION") ||
		e.UserIdentity.InvokedBy != "cloudtrail.amazonaws.com" || e.SourceIPAddress != "cloudtrail.amazonaws.com" {
		t.Errorf("the stream is made by %+v from %s", e.UserIdentity, e.SourceIPAddress)
	}
	metrics := cloudwatch.NewFromConfig(w.sb.Config(w.sb.Credentials()))
	now := w.sb.Now()
	sum, err := metrics.GetMetricStatistics(ctx, &cloudwatch.GetMetricStatisticsInput{
		Namespace: aws.String("Test"), MetricName: aws.String("root"), StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Minute)),
		Period: aws.Int32(3600), Statistics: []cwtypes.Statistic{cwtypes.StatisticSum},
	})
	w.must(err)
	total := 0.0
	for _, p := range sum.Datapoints {
		total += *p.Sum
	}
	if total != 2 {
		t.Errorf("the metric filter counted %v", total)
	}
	// An hour later: nothing is sent twice.
	w.pass(time.Hour)
	w.pass(6 * time.Minute)
	if n := count(w.sent(), "CreateUser"); n != 3 {
		t.Errorf("%d of the calls were sent by then", n)
	}
	if list := w.sent(); count(list, "PutLogEvents") != 0 || count(list, "CreateLogStream") != 1 || count(list, "AssumeRole") == 0 {
		t.Errorf("of the deliveries themselves were sent: %v", names(list))
	}
}

// A trail that could not send is not made, and a role cannot be given without leave.
func TestLogGroupIsChecked(t *testing.T) {
	w := open(t)
	w.logGroup()
	refused := func(code, words string, change func(*cloudtrail.CreateTrailInput)) {
		t.Helper()
		in := &cloudtrail.CreateTrailInput{Name: aws.String("main"), S3BucketName: aws.String(logs)}
		toLogs(in)
		change(in)
		_, err := w.trail.CreateTrail(ctx, in)
		w.refused(err, code, words)
	}
	group := func(arn string) func(*cloudtrail.CreateTrailInput) {
		return func(in *cloudtrail.CreateTrailInput) { in.CloudWatchLogsLogGroupArn = &arn }
	}
	role := func(arn string) func(*cloudtrail.CreateTrailInput) {
		return func(in *cloudtrail.CreateTrailInput) { in.CloudWatchLogsRoleArn = &arn }
	}
	const noGroup, noRole = "InvalidCloudWatchLogsLogGroupArnException", "InvalidCloudWatchLogsRoleArnException"
	refused(noGroup, "as well as a role", group(""))
	refused(noRole, "as well as a log group", role(""))
	for _, arn := range []string{strings.TrimSuffix(groupARN, ":*"), strings.Replace(groupARN, "trail", "other", 1), strings.Replace(groupARN, region, "us-east-1", 1), "trail"} {
		refused(noGroup, "cannot validate", group(arn))
	}
	refused(noRole, "cannot validate", role("arn:aws:iam::"+account+":role/other"))
	refused(noRole, "not valid", role("trail-logs"))

	w.rolePolicy(onlyPuts)
	refused(noRole, "Check the permissions for your role", func(*cloudtrail.CreateTrailInput) {})
	w.rolePolicy(strings.ReplaceAll(writes, "log-group:trail:", "log-group:trails:"))
	refused(noRole, "Check the permissions for your role", func(*cloudtrail.CreateTrailInput) {})
	w.rolePolicy(writes)
	w.trust(trustsOther)
	refused(noRole, "Check the trust relationships", func(*cloudtrail.CreateTrailInput) {})
	w.trust(strings.Replace(trustsTrail, ":trail/main", ":trail/other", 1))
	refused(noRole, "Check the trust relationships", func(*cloudtrail.CreateTrailInput) {})
	w.trust(trustsTrail)

	// One who may make trails, and pass no role.
	_, err := w.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("maker"), AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + account + `"},"Action":"sts:AssumeRole"}]}`)})
	w.must(err)
	may := func(passed string) {
		doc := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["cloudtrail:*","s3:*","logs:*"],"Resource":"*"},{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + roleARN + `","Condition":{"StringEquals":{"iam:PassedToService":"` + passed + `"}}}]}`
		_, err := w.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("maker"), PolicyName: aws.String("p"), PolicyDocument: &doc})
		w.must(err)
	}
	c, err := w.sb.Session("arn:aws:iam::"+account+":role/maker", "s")
	w.must(err)
	maker := cloudtrail.NewFromConfig(w.sb.Config(c))
	in := &cloudtrail.CreateTrailInput{Name: aws.String("main"), S3BucketName: aws.String(logs)}
	toLogs(in)
	may("config.amazonaws.com")
	_, err = maker.CreateTrail(ctx, in)
	w.refused(err, "AccessDeniedException", "iam:PassRole")
	may("cloudtrail.amazonaws.com")
	out, err := maker.CreateTrail(ctx, in)
	w.must(err)
	if *out.CloudWatchLogsLogGroupArn != groupARN || *out.CloudWatchLogsRoleArn != roleARN {
		t.Errorf("created %+v", out)
	}
}

func (w *world) trust(doc string) {
	w.Helper()
	_, err := w.iam.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("trail-logs"), PolicyDocument: &doc})
	w.must(err)
}

// What stops a trail's sending is told by its status, and what waited is sent when it
// may be again; a trail that is told to stop sending stops.
func TestLogGroupFailures(t *testing.T) {
	w := open(t)
	w.logGroup()
	w.create(toLogs)
	w.rolePolicy(onlyPuts)
	_, err := w.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("a")})
	w.must(err)
	w.pass(6 * time.Minute)
	if got := w.status(); got.LatestCloudWatchLogsDeliveryError == nil || *got.LatestCloudWatchLogsDeliveryError != "AccessDeniedException" || got.LatestCloudWatchLogsDeliveryTime != nil {
		t.Errorf("the role may not make the stream: %+v", got)
	}
	w.rolePolicy(writes)
	w.pass(6 * time.Minute)
	if got := w.status(); got.LatestCloudWatchLogsDeliveryError != nil || count(w.sent(), "CreateUser") != 1 {
		t.Errorf("the role may again: %+v, %v", got, names(w.sent()))
	}
	_, err = w.logs().DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String("trail")})
	w.must(err)
	w.pass(6 * time.Minute)
	if got := w.status(); got.LatestCloudWatchLogsDeliveryError == nil || *got.LatestCloudWatchLogsDeliveryError != "ResourceNotFoundException" {
		t.Errorf("the group is gone: %+v", got)
	}
	// A change of something else does not need the group.
	_, err = w.trail.UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: aws.String("main"), EnableLogFileValidation: aws.Bool(false)})
	w.must(err)
	_, err = w.logs().CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("trail")})
	w.must(err)
	_, err = w.trail.UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: aws.String("main"), CloudWatchLogsLogGroupArn: aws.String(""), CloudWatchLogsRoleArn: aws.String("")})
	w.must(err)
	got, err := w.trail.GetTrail(ctx, &cloudtrail.GetTrailInput{Name: aws.String("main")})
	w.must(err)
	if got.Trail.CloudWatchLogsLogGroupArn != nil || got.Trail.CloudWatchLogsRoleArn != nil {
		t.Errorf("trail %+v", got.Trail)
	}
	w.pass(time.Hour)
	if list := w.sent(); len(list) != 0 {
		t.Errorf("a trail without a log group sent %v", names(list))
	}
	_, err = w.trail.UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: aws.String("main"), CloudWatchLogsLogGroupArn: aws.String(groupARN)})
	w.refused(err, "InvalidCloudWatchLogsRoleArnException", "as well as a log group")
	_, err = w.trail.UpdateTrail(ctx, &cloudtrail.UpdateTrailInput{Name: aws.String("main"), CloudWatchLogsLogGroupArn: aws.String(groupARN), CloudWatchLogsRoleArn: aws.String(roleARN)})
	w.must(err)
	_, err = w.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("another"), CreateBucketConfiguration: nil})
	_ = err // refused or not, it is a call that the trail records
	w.pass(6 * time.Minute)
	if list := w.sent(); count(list, "CreateBucket") != 1 {
		t.Errorf("sent %v", names(list))
	}
}
