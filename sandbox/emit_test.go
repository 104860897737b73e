package sandbox_test

import (
	"compress/gzip"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// overheard makes a rule of the region that mails every event which has the pattern.
func overheard(t *testing.T, s *sandbox.Sandbox, region, pattern string) {
	t.Helper()
	cfg := s.Config(s.Credentials())
	cfg.Region = region
	topics, rules := sns.NewFromConfig(cfg), eventbridge.NewFromConfig(cfg)
	topic, err := topics.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("overheard")})
	if err != nil {
		t.Fatal(err)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sns:Publish","Resource":"` + *topic.TopicArn + `"}]}`
	if _, err = topics.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: topic.TopicArn, AttributeName: aws.String("Policy"), AttributeValue: &policy}); err != nil {
		t.Fatal(err)
	}
	if _, err = topics.Subscribe(ctx, &sns.SubscribeInput{TopicArn: topic.TopicArn, Protocol: aws.String("email"), Endpoint: aws.String("duty@example.com")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	answer, err := s.HTTPClient().Get(s.Mail()[0].Confirm)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if _, err = rules.PutRule(ctx, &eventbridge.PutRuleInput{Name: aws.String("overheard"), EventPattern: &pattern}); err != nil {
		t.Fatal(err)
	}
	if _, err = rules.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: aws.String("overheard"), Targets: []ebtypes.Target{{Id: aws.String("mail"), Arn: topic.TopicArn}}}); err != nil {
		t.Fatal(err)
	}
}

// heard are the events that were mailed since.
func heard(t *testing.T, s *sandbox.Sandbox) (list []string) {
	t.Helper()
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if failed := s.Undelivered(); len(failed) > 0 {
		t.Errorf("undelivered: %+v", failed)
	}
	for _, m := range s.Mail() {
		if body, _, _ := strings.Cut(m.Body, "\n"); strings.HasPrefix(body, "{") {
			list = append(list, body)
		}
	}
	return list
}

func TestEmittedEventsReachTheRules(t *testing.T) {
	s := start(t, sandbox.Options{})
	overheard(t, s, sandbox.DefaultRegion, `{"source":["aws.guardduty"],"detail":{"severity":[{"numeric":[">=",7]}]}}`)
	client, err := sandbox.Dial(s.ControlURL())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Emit("", "", []byte(`{"source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":{"severity":6.9}}`)); err != nil {
		t.Fatal(err)
	}
	whole := `{"version":"0","id":"one","detail-type":"GuardDuty Finding","source":"aws.guardduty","account":"111122223333","time":"2024-05-06T07:08:09Z","region":"eu-west-2","resources":["arn:x"],"detail":{"severity":8.50,"id":"\u0041"}}`
	if err := s.Emit("111122223333", "eu-west-2", []byte(whole)); err != nil {
		t.Fatal(err)
	}
	if err := client.Emit(ctx, sandbox.Handed{Document: []byte(`{"source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":{"severity":7}}`)}); err != nil {
		t.Fatal(err)
	}
	// Another region's bus, and another account's, have no such rule.
	if err := s.Emit("", "us-east-1", []byte(`{"source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":{"severity":9}}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.Emit("222233334444", "", []byte(`{"source":"aws.guardduty","detail-type":"GuardDuty Finding","detail":{"severity":9}}`)); err != nil {
		t.Fatal(err)
	}
	got := heard(t, s)
	if len(got) != 2 || got[0] != whole {
		t.Fatalf("heard %q, want first %s", got, whole)
	}
	var e struct {
		Version, ID, Account, Region, Time string
		Resources                          []string
	}
	if err := json.Unmarshal([]byte(got[1]), &e); err != nil || e.Version != "0" || e.ID == "" || e.Account != sandbox.DefaultAccount || e.Region != sandbox.DefaultRegion || e.Resources == nil {
		t.Errorf("what was filled in: %s, %v", got[1], err)
	}
	if _, err := time.Parse(time.RFC3339, e.Time); err != nil {
		t.Error(err)
	}
}

func TestEmitRefuses(t *testing.T) {
	s := start(t, sandbox.Options{})
	const good = `"source":"aws.x","detail-type":"X","detail":{}`
	for _, tt := range []struct{ account, region, event, want string }{
		{"", "", `{`, "is not JSON"},
		{"", "", `[]`, "is not a JSON object"},
		{"", "", `null`, "is not a JSON object"},
		{"", "", `{"detail-type":"X","detail":{}}`, "has no source"},
		{"", "", `{"source":"aws.x","detail":{}}`, "has no detail-type"},
		{"", "", `{"source":"aws.x","detail-type":"X"}`, "has no detail"},
		{"", "", `{"source":"aws.x","detail-type":"X","detail":null}`, "cannot be null"},
		{"", "", `{"source":"aws.x","detail-type":"X","detail":"{}"}`, "has a detail of the wrong type"},
		{"", "", `{"source":"app","detail-type":"X","detail":{}}`, `"app" is no AWS service's`},
		{"", "", `{"sauce":1,` + good + `}`, `has the member "sauce"`},
		{"", "", `{"source":"aws.y",` + good + `}`, `has the member "source" twice`},
		{"", "", `{"version":"1",` + good + `}`, `version is "1"`},
		{"", "", `{"time":"yesterday",` + good + `}`, `has the time "yesterday"`},
		{"111", "", `{` + good + `}`, `"111", which is not 12 digits`},
		{"", "mars", `{` + good + `}`, `"mars", which is no region's name`},
		{"222233334444", "", `{"account":"111122223333",` + good + `}`, `is for the account "222233334444"`},
		{"", "us-east-1", `{"region":"eu-west-2",` + good + `}`, `is for the region "us-east-1"`},
		{"", "", `{"source":"` + strings.Repeat("x", 256<<10) + `"}`, "is the most"},
	} {
		if err := s.Emit(tt.account, tt.region, []byte(tt.event)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.80s: %v, want %s", tt.event, err, tt.want)
		}
	}
}

// signIn is CloudTrail's record of a root user's sign-in, with members that the sandbox does
// not know.
const signIn = `{"eventVersion":"1.08","userIdentity":{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root","accountId":"111122223333","accessKeyId":""},` +
	`"eventTime":"2023-07-19T21:44:40Z","eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","awsRegion":"us-east-1","sourceIPAddress":"192.0.2.0","userAgent":"Mozilla/5.0",` +
	`"requestParameters":null,"responseElements":{"ConsoleLogin":"Success"},"additionalEventData":{"LoginTo":"https://console.aws.amazon.com/console/home?state=a&isauthcode=true","MobileVersion":"No","MFAUsed":"No"},` +
	`"eventID":"4217cc13-7328-4820-a90c-of8002e6064","readOnly":false,"eventType":"AwsConsoleSignIn","managementEvent":true,"recipientAccountId":"111122223333","eventCategory":"Management","unknownMember":1.50}`

func TestRecordsReachTrailsAndRules(t *testing.T) {
	s := start(t, sandbox.Options{})
	cfg := s.Config(s.Credentials())
	overheard(t, s, "us-east-1", `{"detail-type":["AWS Console Sign In via CloudTrail"],"detail":{"userIdentity":{"type":["Root"]}}}`)
	if err := s.Record("", "", []byte(signIn)); err != nil {
		t.Fatal(err)
	}
	if got := heard(t, s); len(got) != 0 {
		t.Errorf("without a trail EventBridge got %q", got)
	}

	buckets, trails := s3.NewFromConfig(cfg), cloudtrail.NewFromConfig(cfg)
	if _, err := buckets.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("trail-logs"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: sandbox.DefaultRegion}}); err != nil {
		t.Fatal(err)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"cloudtrail.amazonaws.com"},"Action":["s3:GetBucketAcl","s3:PutObject"],"Resource":["arn:aws:s3:::trail-logs","arn:aws:s3:::trail-logs/*"]}]}`
	if _, err := buckets.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String("trail-logs"), Policy: &policy}); err != nil {
		t.Fatal(err)
	}
	if _, err := trails.CreateTrail(ctx, &cloudtrail.CreateTrailInput{Name: aws.String("main"), S3BucketName: aws.String("trail-logs"), IsMultiRegionTrail: aws.Bool(true), EnableLogFileValidation: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	if _, err := trails.StartLogging(ctx, &cloudtrail.StartLoggingInput{Name: aws.String("main")}); err != nil {
		t.Fatal(err)
	}
	if err := s.Record("111122223333", "us-east-1", []byte(signIn)); err != nil {
		t.Fatal(err)
	}
	minimal := `{"userIdentity":{"type":"AWSService","invokedBy":"kms.amazonaws.com"},"eventSource":"kms.amazonaws.com","eventName":"RotateKey","eventType":"AwsServiceEvent","serviceEventDetails":{"keyId":"x"}}`
	if err := s.Record("", "us-east-1", []byte(minimal)); err != nil {
		t.Fatal(err)
	}
	got := heard(t, s)
	if len(got) != 1 || !strings.Contains(got[0], `"source":"aws.signin"`) || !strings.Contains(got[0], `"detail":`+signIn) {
		t.Errorf("EventBridge got %q", got)
	}
	if err := s.Advance(10 * time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := s.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	records := delivered(t, buckets, "/us-east-1/")
	if len(records) != 2 || records[0] != signIn {
		t.Fatalf("the trail delivered %q", records)
	}
	for _, want := range []string{`"serviceEventDetails":{"keyId":"x"}`, `"recipientAccountId":"111122223333"`, `"awsRegion":"us-east-1"`, `"managementEvent":true`, `"eventCategory":"Management"`, `"eventVersion":"1.11"`} {
		if !strings.Contains(records[1], want) {
			t.Errorf("%s has no %s", records[1], want)
		}
	}
	found := false
	for _, e := range s.Events() {
		found = found || e.EventName == "ConsoleLogin" && e.UserIdentity.Type == "Root"
	}
	if !found {
		t.Error("Events does not have the sign-in")
	}
}

// delivered are the records of the log files whose names contain part.
func delivered(t *testing.T, buckets *s3.Client, part string) (records []string) {
	t.Helper()
	list, err := buckets.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String("trail-logs")})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Contents {
		if !strings.Contains(*o.Key, "/CloudTrail"+part) {
			continue
		}
		object, err := buckets.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("trail-logs"), Key: o.Key})
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(object.Body)
		if err != nil {
			t.Fatal(err)
		}
		var file struct{ Records []json.RawMessage }
		if err := json.NewDecoder(z).Decode(&file); err != nil {
			t.Fatal(err)
		}
		_ = object.Body.Close()
		for _, r := range file.Records {
			if strings.Contains(string(r), `"ConsoleLogin"`) || strings.Contains(string(r), `"RotateKey"`) {
				records = append(records, string(r))
			}
		}
	}
	return records
}

func TestRecordRefuses(t *testing.T) {
	s := start(t, sandbox.Options{})
	const good = `"userIdentity":{"type":"Root"},"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","eventType":"AwsConsoleSignIn"`
	for _, tt := range []struct{ account, region, record, want string }{
		{"", "", `x`, "is not JSON"},
		{"", "", `"x"`, "is not a JSON object"},
		{"", "", `{"eventName":"A","eventName":"B"}`, `has the member "eventName" twice`},
		{"", "", `{"eventSource":"x.amazonaws.com","eventName":"X","eventType":"AwsApiCall"}`, "has no userIdentity"},
		{"", "", `{"userIdentity":{"type":"Root"},"eventName":"X","eventType":"AwsApiCall"}`, "has no eventSource"},
		{"", "", `{"userIdentity":{"type":"Root"},"eventSource":"x.amazonaws.com","eventType":"AwsApiCall"}`, "has no eventName"},
		{"", "", `{"userIdentity":{"type":"Root"},"eventSource":"x.amazonaws.com","eventName":"X"}`, "has no eventType"},
		{"", "", `{"userIdentity":{"type":"Rot"},"eventSource":"x.amazonaws.com","eventName":"X","eventType":"AwsApiCall"}`, `userIdentity.type is "Rot"`},
		{"", "", `{"userIdentity":{"type":"Root"},"eventSource":"x","eventName":"X","eventType":"AwsApiCall"}`, `eventSource is "x"`},
		{"", "", `{"userIdentity":{"type":"Root"},"eventSource":"x.amazonaws.com","eventName":"X","eventType":"AwsVpceEvent"}`, `eventType is "AwsVpceEvent"`},
		{"", "", `{"userIdentity":"Root","eventSource":"x.amazonaws.com","eventName":"X","eventType":"AwsApiCall"}`, "does not have CloudTrail's shape"},
		{"", "", `{"readOnly":"no",` + good + `}`, "does not have CloudTrail's shape"},
		{"", "", `{"eventCategory":"Insight",` + good + `}`, `eventCategory is "Insight"`},
		{"", "", `{"eventCategory":"Data","managementEvent":true,` + good + `}`, `managementEvent contradicts`},
		{"", "", `{"eventTime":"now",` + good + `}`, `has the eventTime "now"`},
		{"222233334444", "", `{"recipientAccountId":"111122223333",` + good + `}`, `is for the account "222233334444"`},
		{"", "us-east-1", `{"awsRegion":"eu-west-2",` + good + `}`, `is for the region "us-east-1"`},
	} {
		if err := s.Record(tt.account, tt.region, []byte(tt.record)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.100s: %v, want %s", tt.record, err, tt.want)
		}
	}
}
