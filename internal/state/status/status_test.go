package status_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
	"github.com/strongroom-dev/strongroom/internal/state/status"
	"github.com/strongroom-dev/strongroom/internal/state/trail"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// reader asks as somebody.
func reader(w *statetest.World, as aws.Config) *status.Reader {
	bucket := state.NewBucket(w.Room, as)
	places := &state.Places{Room: w.Room, Bucket: bucket, Getenv: func(string) string { return "" }}
	return &status.Reader{
		Places: places, NoTrail: "no trail here", Since: w.Sandbox.Now().Add(-time.Hour),
		Checker: &verify.Checker{Room: w.Room, Owner: bucket, Profiles: func(_ context.Context, environment string) ([]aws.Config, error) {
			return []aws.Config{w.Principals[environment]}, nil
		}},
	}
}

func row(t *testing.T, w *statetest.World, r *status.Reader, workspace string) *status.Row {
	t.Helper()
	target := w.Target("development")
	target.Workspace = workspace
	got, err := r.Row(t.Context(), w.Environment("development"), target, verify.UnderKey(w.Keys["development"]))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func table(t *testing.T, w *statetest.World, rows ...*status.Row) string {
	t.Helper()
	var b bytes.Buffer
	if err := status.Table(&b, rows, w.Sandbox.Now()); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestRow(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "")
	key := w.Keys["development"]
	if r := row(t, w, reader(w, w.Owner), "default"); r.Exists != "no" || len(r.Drift) != 0 || r.Lock.Held != "no" || *r.Versions.Kept != 0 || r.Contents.Serial != nil {
		t.Errorf("nothing there: %+v", r)
	}
	w.Put("development", statetest.State(1, 1), "")
	w.Put("development", statetest.State(2, 3), key)
	w.Put("env:/blue/development", statetest.State(7, 0), "")
	lock := &tfstate.LockInfo{ID: "7f3c", Operation: "OperationTypeApply", Who: "ann@laptop", Created: w.Sandbox.Now().Add(-3 * time.Hour)}
	if err := state.NewBucket(w.Room, w.Owner).Store(w.Target("development"), "").Lock(t.Context(), lock); err != nil {
		t.Fatal(err)
	}
	asks := reader(w, w.Owner)
	asks.KeysOfVersions = true
	r := row(t, w, asks, "default")
	if r.Exists != "yes" || *r.Contents.Serial != 2 || *r.Contents.Resources != 3 || r.Contents.Lineage != statetest.Lineage || *r.Size != int64(len(statetest.State(2, 3))) || r.Modified == nil ||
		r.Encryption.KeyARN != key || r.Encryption.Algorithm != "aws:kms" || r.Lock.Held != "yes" || r.Lock.Who != "ann@laptop" || r.Lock.ID != "7f3c" || !r.Lock.Since.Equal(lock.Created) ||
		r.Principal.Reads != verify.OK || r.Principal.Decided || len(r.Drift) != 0 || len(r.Doubts) != 0 || r.Writer.Unknown != "no trail here" {
		t.Errorf("%+v", r)
	}
	if got := fmt.Sprint(*r.Versions.Kept, r.Versions.Under); got != fmt.Sprintf("2 [{SSE-KMS under %s 1} {SSE-S3 1}]", key) {
		t.Errorf("versions: %s", got)
	}
	blue := row(t, w, asks, "blue")
	if *blue.Contents.Serial != 7 || len(blue.Drift) < 1 || !strings.Contains(blue.Drift[0], "it is SSE-S3, and has to be SSE-KMS under "+key) || blue.Where != "s3://"+statetest.Bucket+"/env:/blue/development" {
		t.Errorf("a workspace: %+v", blue)
	}
	text := table(t, w, r, blue)
	lines := strings.Split(text, "\n")
	for _, column := range []string{"SERIAL", "LOCK", "PRINCIPAL", "AS THE SPEC SAYS"} {
		at := strings.Index(lines[0], column)
		for _, line := range lines[1:3] {
			if at < 2 || line[at-1] != ' ' || line[at] == ' ' {
				t.Errorf("%s does not line up:\n%s", column, text)
			}
		}
	}
	for _, want := range []string{"ann@laptop, 3 h", "SSE-KMS key/", "strongroom state unlock --env development", "reads", "NO", "not known: who wrote it: no trail here"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

// What one may not see is unknown, with the reason, and no error.
func TestRowWithoutRights(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "")
	w.Put("development", statetest.State(2, 3), w.Keys["development"])
	asks := reader(w, w.Reader)
	asks.Checker.Profiles = nil
	r := row(t, w, asks, "default")
	if r.Exists != "yes" || r.Contents.Serial != nil || !strings.Contains(r.Contents.Unknown, "kms:Decrypt") || r.Encryption.KeyARN != w.Keys["development"] || r.Versions.Kept != nil || r.Versions.Unknown == "" || len(r.Doubts) == 0 || len(r.Drift) != 0 {
		t.Errorf("a reader: %+v", r)
	}
	if text := table(t, w, r); !strings.Contains(text, "  ?  ") || !strings.Contains(text, "not known: versions: AccessDenied") {
		t.Errorf("%s", text)
	}
	r = row(t, w, reader(w, w.Principals["production"]), "default")
	if r.Exists != "unknown" || r.Why == "" || r.Lock.Held != "unknown" || r.Lock.Unknown == "" {
		t.Errorf("a stranger: %+v", r)
	}
}

func TestWriter(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "")
	w.Put("development", statetest.State(2, 3), w.Keys["development"])
	logs := cloudwatchlogs.NewFromConfig(w.Owner)
	asks := func() *status.Reader {
		r := reader(w, w.Owner)
		r.Trail = &trail.Log{Client: logs, Group: "states-audit", Bucket: statetest.Bucket}
		return r
	}
	if r := row(t, w, asks(), "default"); r.Writer.Unknown != "there is no log group states-audit" {
		t.Errorf("%+v", r.Writer)
	}
	group, stream := aws.String("states-audit"), aws.String("s")
	if _, err := logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: group}); err != nil {
		t.Fatal(err)
	}
	if _, err := logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream}); err != nil {
		t.Fatal(err)
	}
	if r := row(t, w, asks(), "default"); !strings.HasPrefix(r.Writer.Unknown, "the log group states-audit has no write of it since ") {
		t.Errorf("%+v", r.Writer)
	}
	now := w.Sandbox.Now()
	events := []logtypes.InputLogEvent{}
	for i, who := range []string{"first", "last"} {
		at := now.Add(time.Duration(i-10) * time.Minute)
		events = append(events, logtypes.InputLogEvent{Timestamp: aws.Int64(at.UnixMilli()), Message: aws.String(fmt.Sprintf(
			`{"eventSource":"s3.amazonaws.com","eventName":"PutObject","eventTime":%q,"readOnly":false,"requestParameters":{"bucketName":%q,"key":"development"},"responseElements":{"x-amz-version-id":"v"},"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::222233334444:user/%s"}}`,
			at.UTC().Format(time.RFC3339), statetest.Bucket, who))})
	}
	if _, err := logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream, LogEvents: events}); err != nil {
		t.Fatal(err)
	}
	r := row(t, w, asks(), "default")
	if r.Writer.Who != "arn:aws:iam::222233334444:user/last" || r.Writer.Event != "PutObject" || r.Writer.When == nil || r.Writer.Unknown != "" {
		t.Errorf("%+v", r.Writer)
	}
	if text := table(t, w, r); !strings.Contains(text, " user/last ") {
		t.Errorf("%s", text)
	}
	// A log group that may not be read is a reason, too.
	denied := asks()
	denied.Trail.Client = cloudwatchlogs.NewFromConfig(w.Reader)
	if r := row(t, w, denied, "default"); !strings.Contains(r.Writer.Unknown, "cannot be read: AccessDeniedException") {
		t.Errorf("%+v", r.Writer)
	}
}

func TestLocalRow(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "  backend = \"local\"\n")
	dir := filepath.Join(w.Dir, "stacks", "development")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"terraform.tfstate": statetest.State(4, 1), "terraform.tfstate.backup": statetest.State(3, 1),
		".terraform.tfstate.lock.info": (&tfstate.LockInfo{ID: "gone", Who: "bo@elsewhere", Operation: "OperationTypePlan"}).Text(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asks := &status.Reader{Places: &state.Places{Room: w.Room}}
	asks.Checker = &verify.Checker{Room: w.Room, Place: asks.Places.Store}
	r, err := asks.Row(t.Context(), w.Environment("development"), w.Target("development"), verify.Want{})
	if err != nil || r.Exists != "yes" || *r.Contents.Serial != 4 || *r.Versions.Kept != 2 || r.Lock.Held != "left" || r.Lock.Who != "bo@elsewhere" || len(r.Drift) != 0 || len(r.Doubts) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if text := table(t, w, r); !strings.Contains(text, "left behind") || !strings.Contains(text, "a lock file that a killed process left") {
		t.Errorf("%s", text)
	}
}

func TestAge(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for want, d := range map[string]time.Duration{"0 s": -time.Minute, "59 s": 59 * time.Second, "1 m": time.Minute, "59 m": time.Hour - 1, "47 h": 47 * time.Hour, "2 d": 48 * time.Hour} {
		if got := status.Age(now, now.Add(-d)); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
}
