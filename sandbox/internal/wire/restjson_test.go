package wire_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/accessanalyzer"
	analyzertypes "github.com/aws/aws-sdk-go-v2/service/accessanalyzer/types"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	guarddutytypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

var (
	guardDutyProtocol = wire.NewRESTJSON(wire.RESTJSON{Lower: true, Routes: []wire.Route{
		{Operation: "CreateDetector", Method: "POST", Path: "/detector"},
		{Operation: "ListDetectors", Method: "GET", Path: "/detector", Query: map[string]string{"maxResults": "MaxResults", "nextToken": "NextToken"}},
		{Operation: "GetDetector", Method: "GET", Path: "/detector/{DetectorId}"},
		{Operation: "UntagResource", Method: "DELETE", Path: "/tags/{ResourceArn}", Query: map[string]string{"tagKeys": "TagKeys"}, Status: 204},
	}})
	analyzerProtocol = wire.NewRESTJSON(wire.RESTJSON{Lower: true, ISOTimes: true, Routes: []wire.Route{
		{Operation: "CreateAnalyzer", Method: "PUT", Path: "/analyzer"},
		{Operation: "GetAnalyzer", Method: "GET", Path: "/analyzer/{AnalyzerName}"},
	}})
	hubProtocol = wire.NewRESTJSON(wire.RESTJSON{Routes: []wire.Route{
		{Operation: "EnableSecurityHub", Method: "POST", Path: "/accounts"},
		{Operation: "DescribeHub", Method: "GET", Path: "/accounts", Query: map[string]string{"HubArn": "HubArn"}},
		{Operation: "GetFindings", Method: "POST", Path: "/findings"},
		{Operation: "ListTagsForResource", Method: "GET", Path: "/tags/{ResourceArn}"},
	}})
)

// round sends in through a REST-JSON service's own client and compares what
// arrived and what came back.
func round[In, Out any](t *testing.T, p op.Protocol, in *In, out *Out, call func(aws.Config, *In) (*Out, error)) {
	t.Helper()
	got := new(In)
	l := &loop{protocol: p, in: got, out: out}
	back, err := call(config(l), in)
	if err != nil || l.err != nil {
		t.Errorf("%T: client %v, server %v", in, err, l.err)
		return
	}
	same := cmp.Options{
		cmpopts.IgnoreUnexported(*in, *out, guarddutytypes.DataSourceConfigurationsResult{}, guarddutytypes.CloudTrailConfigurationResult{}, guarddutytypes.DNSLogsConfigurationResult{},
			guarddutytypes.DataSourceConfigurations{}, guarddutytypes.S3LogsConfiguration{}, analyzertypes.AnalyzerSummary{}),
		cmpopts.EquateEmpty(),
		cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "ResultMetadata" }, cmp.Ignore()),
	}
	if d := cmp.Diff(in, got, same); d != "" {
		t.Errorf("%T: input -sent +decoded:\n%s", in, d)
	}
	if d := cmp.Diff(out, back, same); d != "" {
		t.Errorf("%T: output -encoded +received:\n%s", out, d)
	}
}

func TestRESTJSONWithTheSDKsOwnClients(t *testing.T) {
	ctx := context.Background()
	round(t, guardDutyProtocol,
		&guardduty.CreateDetectorInput{Enable: aws.Bool(true), ClientToken: aws.String("t"), Tags: map[string]string{"a": "b/c", "d": ""},
			//lint:ignore SA1019 the provider still sends it
			DataSources: &guarddutytypes.DataSourceConfigurations{S3Logs: &guarddutytypes.S3LogsConfiguration{Enable: aws.Bool(false)}}},
		&guardduty.CreateDetectorOutput{DetectorId: aws.String("12ab")},
		func(cfg aws.Config, in *guardduty.CreateDetectorInput) (*guardduty.CreateDetectorOutput, error) {
			return guardduty.NewFromConfig(cfg).CreateDetector(ctx, in)
		})
	round(t, guardDutyProtocol, &guardduty.GetDetectorInput{DetectorId: aws.String("a/b c%")},
		&guardduty.GetDetectorOutput{ServiceRole: aws.String("arn"), Status: guarddutytypes.DetectorStatusEnabled, CreatedAt: aws.String("2026-01-01T00:00:00Z"),
			//lint:ignore SA1019 the provider still reads it
			DataSources: &guarddutytypes.DataSourceConfigurationsResult{CloudTrail: &guarddutytypes.CloudTrailConfigurationResult{Status: "ENABLED"}, DNSLogs: &guarddutytypes.DNSLogsConfigurationResult{Status: "ENABLED"}}},
		func(cfg aws.Config, in *guardduty.GetDetectorInput) (*guardduty.GetDetectorOutput, error) {
			return guardduty.NewFromConfig(cfg).GetDetector(ctx, in)
		})
	round(t, guardDutyProtocol, &guardduty.ListDetectorsInput{MaxResults: aws.Int32(5), NextToken: aws.String("a&b")}, &guardduty.ListDetectorsOutput{DetectorIds: []string{"x"}},
		func(cfg aws.Config, in *guardduty.ListDetectorsInput) (*guardduty.ListDetectorsOutput, error) {
			return guardduty.NewFromConfig(cfg).ListDetectors(ctx, in)
		})
	round(t, guardDutyProtocol, &guardduty.UntagResourceInput{ResourceArn: aws.String("arn:aws:guardduty:eu-west-2:111122223333:detector/12ab"), TagKeys: []string{"a", "b c"}}, &guardduty.UntagResourceOutput{},
		func(cfg aws.Config, in *guardduty.UntagResourceInput) (*guardduty.UntagResourceOutput, error) {
			return guardduty.NewFromConfig(cfg).UntagResource(ctx, in)
		})
	round(t, analyzerProtocol, &accessanalyzer.GetAnalyzerInput{AnalyzerName: aws.String("a")},
		&accessanalyzer.GetAnalyzerOutput{Analyzer: &analyzertypes.AnalyzerSummary{Arn: aws.String("arn"), Name: aws.String("a"), Status: "ACTIVE", Type: "ACCOUNT",
			CreatedAt: aws.Time(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))}},
		func(cfg aws.Config, in *accessanalyzer.GetAnalyzerInput) (*accessanalyzer.GetAnalyzerOutput, error) {
			return accessanalyzer.NewFromConfig(cfg).GetAnalyzer(ctx, in)
		})
	round(t, hubProtocol, &securityhub.EnableSecurityHubInput{EnableDefaultStandards: aws.Bool(false), Tags: map[string]string{"k": "v"}}, &securityhub.EnableSecurityHubOutput{},
		func(cfg aws.Config, in *securityhub.EnableSecurityHubInput) (*securityhub.EnableSecurityHubOutput, error) {
			return securityhub.NewFromConfig(cfg).EnableSecurityHub(ctx, in)
		})
	round(t, hubProtocol, &securityhub.DescribeHubInput{HubArn: aws.String("arn:aws:x")}, &securityhub.DescribeHubOutput{HubArn: aws.String("arn"), AutoEnableControls: aws.Bool(true)},
		func(cfg aws.Config, in *securityhub.DescribeHubInput) (*securityhub.DescribeHubOutput, error) {
			return securityhub.NewFromConfig(cfg).DescribeHub(ctx, in)
		})
}

func TestRESTJSONErrorsReachTheSDK(t *testing.T) {
	fault := op.Errorf(400, "BadRequestException", "The request is rejected because the input detectorId is not owned by the current account.")
	_, err := guardduty.NewFromConfig(config(&loop{protocol: guardDutyProtocol, in: &guardduty.GetDetectorInput{}, fault: fault})).
		GetDetector(context.Background(), &guardduty.GetDetectorInput{DetectorId: aws.String("x")})
	var typed *guarddutytypes.BadRequestException
	if !errors.As(err, &typed) || typed.ErrorMessage() != fault.Message {
		t.Errorf("error arrives as %v", err)
	}
}

func TestRESTJSONRefusesByName(t *testing.T) {
	for _, tt := range []struct{ method, path, body, want string }{
		{"GET", "/detectors", "", "does not implement GET /detectors"},
		{"PUT", "/detector", "", "does not implement PUT /detector"},
		{"GET", "/detector/", "", "does not implement"},
		{"GET", "/detector/a/b", "", "does not implement"},
		{"GET", "/detector?colour=red", "", `unknown parameter "colour"`},
		{"GET", "/detector?maxResults=ten", "", "not a whole number"},
		{"GET", "/detector?maxResults=1&maxResults=2", "", "appears 2 times"},
		{"POST", "/detector", `{"Enable":true}`, `unknown member "Enable"`},
		{"POST", "/detector", `{"enable":true,"enable":true}`, "appears twice"},
		{"POST", "/detector", `{"enable":"yes"}`, "not true or false"},
		{"GET", "/detector/a", `{"detectorId":"b"}`, "given twice"},
	} {
		c := &op.Call{HTTP: httptest.NewRequest(tt.method, tt.path, nil), Body: []byte(tt.body)}
		name, err := guardDutyProtocol.Operation(c)
		if err == nil {
			err = guardDutyProtocol.Decode(c, name, map[string]any{
				"CreateDetector": &guardduty.CreateDetectorInput{}, "ListDetectors": &guardduty.ListDetectorsInput{}, "GetDetector": &guardduty.GetDetectorInput{},
			}[name])
		}
		var e *op.Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, tt.want) {
			t.Errorf("%s %s %s: %v, want %q", tt.method, tt.path, tt.body, err, tt.want)
		}
	}
	c := &op.Call{Body: []byte(`{"analyzerName":"a","type":"ACCOUNT","configuration":{"unusedAccess":{}}}`), HTTP: httptest.NewRequest("PUT", "/analyzer", nil)}
	if err := analyzerProtocol.Decode(c, "CreateAnalyzer", &accessanalyzer.CreateAnalyzerInput{}); err == nil || !strings.Contains(err.Error(), `does not implement the member "configuration"`) {
		t.Errorf("a union decodes: %v", err)
	}
}

// The operation with more of its own words in the path is the one that is meant.
func TestRESTJSONPrefersWordsToLabels(t *testing.T) {
	p := wire.NewRESTJSON(wire.RESTJSON{Routes: []wire.Route{
		{Operation: "Any", Method: "GET", Path: "/a/{Name}"}, {Operation: "Own", Method: "GET", Path: "/a/own"}, {Operation: "Rest", Method: "GET", Path: "/tags/{Arn+}"},
	}})
	for path, want := range map[string]string{"/a/x": "Any", "/a/own": "Own", "/tags/arn:a/b/c": "Rest"} {
		if got, err := p.Operation(&op.Call{HTTP: httptest.NewRequest("GET", path, nil)}); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", path, got, err, want)
		}
	}
}

func TestEC2AnswersInItsOwnForm(t *testing.T) {
	p := wire.NewEC2("2016-11-15", "http://ec2.amazonaws.com/doc/2016-11-15/")
	c := &op.Call{ID: "a-request", Body: []byte("Action=GetEbsDefaultKmsKeyId&Version=2016-11-15&DryRun=false"), HTTP: httptest.NewRequest("POST", "/", nil)}
	in := &struct{ DryRun *bool }{}
	name, err := p.Operation(c)
	if err == nil {
		err = p.Decode(c, name, in)
	}
	if err != nil || name != "GetEbsDefaultKmsKeyId" || in.DryRun == nil || *in.DryRun {
		t.Fatalf("decoded %s %+v, %v", name, in, err)
	}
	w := httptest.NewRecorder()
	if err := p.Encode(w, c, name, &struct{ KmsKeyId *string }{aws.String("alias/aws/ebs")}); err != nil {
		t.Fatal(err)
	}
	want := `<GetEbsDefaultKmsKeyIdResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>a-request</requestId><kmsKeyId>alias/aws/ebs</kmsKeyId></GetEbsDefaultKmsKeyIdResponse>`
	if w.Body.String() != want {
		t.Errorf("answered %s\nwant     %s", w.Body, want)
	}
	w = httptest.NewRecorder()
	p.EncodeError(w, c, name, op.Errorf(403, "UnauthorizedOperation", "You are not authorized to perform this operation."))
	if want := "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized to perform this operation.</Message></Error></Errors><RequestID>a-request</RequestID></Response>"; w.Body.String() != want || w.Code != 403 {
		t.Errorf("refused with %d %s", w.Code, w.Body)
	}
}

func TestMarshalWritesWhatABodyHas(t *testing.T) {
	x := guarddutytypes.Finding{AccountId: aws.String("1"), Severity: aws.Float64(6.9), Service: &guarddutytypes.Service{Archived: aws.Bool(false)}}
	if got, want := string(wire.RESTJSON{Lower: true}.Marshal(x)), `{"accountId":"1","severity":6.9,"service":{"archived":false}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := string(wire.RESTJSON{}.Marshal(x)), `{"AccountId":"1","Severity":6.9,"Service":{"Archived":false}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
