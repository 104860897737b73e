package wire_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/smithy-go/encoding/cbor"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

var cborProtocol = wire.NewCBOR("GraniteServiceVersion20100801", map[string]string{"MissingParameter": "MissingRequiredParameterException"})

func cborCall(body []byte) *op.Call {
	r := httptest.NewRequest(http.MethodPost, "/service/GraniteServiceVersion20100801/operation/PutMetricAlarm", nil)
	r.Header.Set("Content-Type", "application/cbor")
	return &op.Call{HTTP: r, Body: body, ID: "a-request"}
}

// What the SDK's client sends is what the handler gets, and the other way round.
func TestCBORThroughTheSDK(t *testing.T) {
	at := time.Date(2026, 3, 1, 12, 0, 0, 250e6, time.UTC)
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("n"), MetricData: []types.MetricDatum{{
		MetricName: aws.String("ü"), Timestamp: &at, Value: aws.Float64(-1.5), StorageResolution: aws.Int32(60), Unit: types.StandardUnitBytes,
		Values: []float64{1, 2.5}, Counts: []float64{}, Dimensions: []types.Dimension{{Name: aws.String("d"), Value: aws.String("")}},
	}}}
	got := &cloudwatch.PutMetricDataInput{}
	l := &loop{protocol: cborProtocol, in: got, out: (*cloudwatch.PutMetricDataOutput)(nil)}
	client := cloudwatch.New(cloudwatch.Options{Region: "eu-west-2", HTTPClient: l, Credentials: aws.AnonymousCredentials{}, DisableRequestCompression: true})
	if _, err := client.PutMetricData(t.Context(), in); err != nil || l.err != nil || l.operation != "PutMetricData" {
		t.Fatalf("%v, %v, %q", err, l.err, l.operation)
	}
	unexported := cmpopts.IgnoreUnexported(cloudwatch.PutMetricDataInput{}, types.MetricDatum{}, types.Dimension{}, cloudwatch.DescribeAlarmsOutput{}, types.MetricAlarm{})
	if d := cmp.Diff(in, got, unexported); d != "" {
		t.Error(d)
	}
	want := &cloudwatch.DescribeAlarmsOutput{NextToken: aws.String("t"), CompositeAlarms: []types.CompositeAlarm{}, MetricAlarms: []types.MetricAlarm{{
		AlarmName: aws.String("a"), ActionsEnabled: aws.Bool(false), OKActions: []string{}, AlarmActions: []string{"x", "", "y"}, Period: aws.Int32(60), Threshold: aws.Float64(-3), StateUpdatedTimestamp: &at}}}
	l = &loop{protocol: cborProtocol, in: &cloudwatch.DescribeAlarmsInput{}, out: want}
	client = cloudwatch.New(cloudwatch.Options{Region: "eu-west-2", HTTPClient: l, Credentials: aws.AnonymousCredentials{}})
	out, err := client.DescribeAlarms(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, out, unexported, cmpopts.IgnoreFields(cloudwatch.DescribeAlarmsOutput{}, "ResultMetadata"), cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}

func TestCBORIsRefusedByName(t *testing.T) {
	for want, body := range map[string]cbor.Value{
		`unknown member "Colour"`:                       cbor.Map{"Colour": cbor.String("red")},
		`unknown member "Dimensions[].Colour"`:          cbor.Map{"Dimensions": cbor.List{cbor.Map{"Colour": cbor.String("red")}}},
		`the member "AlarmName" is not text`:            cbor.Map{"AlarmName": cbor.Uint(1)},
		`the member "Period" is not a whole number`:     cbor.Map{"Period": cbor.Uint(1 << 40)},
		`the member "Threshold" is not a number`:        cbor.Map{"Threshold": cbor.String("1")},
		`the member "ActionsEnabled" is not true`:       cbor.Map{"ActionsEnabled": cbor.String("true")},
		`the member "AlarmActions" is not a list`:       cbor.Map{"AlarmActions": cbor.Map{}},
		`not implement the member "EvaluationCriteria"`: cbor.Map{"EvaluationCriteria": cbor.Map{}},
		`the member "" is not a structure`:              cbor.List{},
	} {
		err := cborProtocol.Decode(cborCall(cbor.Encode(body)), "PutMetricAlarm", &cloudwatch.PutMetricAlarmInput{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if err := cborProtocol.Decode(cborCall([]byte{0xa1}), "PutMetricAlarm", &cloudwatch.PutMetricAlarmInput{}); err == nil {
		t.Error("half a body is taken")
	}
	in := &cloudwatch.PutMetricAlarmInput{}
	if err := cborProtocol.Decode(cborCall(cbor.Encode(cbor.Map{"AlarmName": &cbor.Nil{}, "Period": cbor.NegInt(5)})), "PutMetricAlarm", in); err != nil || in.AlarmName != nil || *in.Period != -5 {
		t.Errorf("%+v, %v", in, err)
	}
	other := cborCall(nil)
	other.HTTP.URL.Path = "/service/Other/operation/PutMetricAlarm"
	if _, err := cborProtocol.Operation(other); err == nil {
		t.Error("another service's path is taken")
	}
}

func FuzzCBOR(f *testing.F) {
	f.Add(cbor.Encode(cbor.Map{"AlarmName": cbor.String("a"), "Dimensions": cbor.List{cbor.Map{"Name": cbor.String("d")}}, "Threshold": cbor.Float64(1)}))
	f.Add([]byte{0xbf, 0x66, 'P', 'e', 'r', 'i', 'o', 'd', 0x18, 60, 0xff})
	f.Fuzz(func(t *testing.T, body []byte) {
		in := &cloudwatch.PutMetricAlarmInput{}
		if cborProtocol.Decode(cborCall(body), "PutMetricAlarm", in) != nil {
			return
		}
		w := httptest.NewRecorder()
		if err := cborProtocol.Encode(w, cborCall(nil), "PutMetricAlarm", in); err != nil {
			t.Fatal(err)
		}
		again := &cloudwatch.PutMetricAlarmInput{}
		if err := cborProtocol.Decode(cborCall(w.Body.Bytes()), "PutMetricAlarm", again); err != nil {
			t.Fatalf("what was encoded is refused: %v", err)
		}
	})
}
