package history_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/history"
	"github.com/strongroom-dev/strongroom/internal/state/scan"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
	"github.com/strongroom-dev/strongroom/internal/state/trail"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// stateOf is a state with a parameter, and so many other resources.
func stateOf(serial, others int, secret, tag string) []byte {
	resources := []string{fmt.Sprintf(`{"mode":"managed","type":"aws_ssm_parameter","name":"p","provider":"provider[\"registry.terraform.io/hashicorp/aws\"]","instances":[{"attributes":{"id":"/p","value":%q,"tags":{"Name":%q,"Seed":%q}}}]}`, secret, tag, secret)}
	for i := range others {
		resources = append(resources, fmt.Sprintf(`{"mode":"managed","type":"terraform_data","name":"r%d","provider":"provider[\"terraform.io/builtin/terraform\"]","instances":[{"attributes":{"id":"id-%d"}}]}`, i, i))
	}
	return []byte(fmt.Sprintf(`{"version":4,"terraform_version":"1.11.4","serial":%d,"lineage":%q,"outputs":{"o":{"value":%q,"type":"string","sensitive":true}},"resources":[%s]}`, serial, statetest.Lineage, secret, strings.Join(resources, ",")))
}

const one, two, three = "zQ7mVBoFD37zQVN29RhuMzNIz2", "aB3dE6gH9jK2mN5pQ8sT1vW4xY", "correct horse battery"

func newReader(w *statetest.World, cfg aws.Config) *history.Reader {
	return &history.Reader{Places: &state.Places{Room: w.Room, Bucket: state.NewBucket(w.Room, cfg)}, NoTrail: "no trail here"}
}

func put(t *testing.T, w *statetest.World, key string, body []byte, keyARN string) string {
	t.Helper()
	w.Put(key, body, keyARN)
	out, err := w.S3.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: aws.String(statetest.Bucket), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	return *out.VersionId
}

// record writes what a trail records into its log group.
func record(t *testing.T, w *statetest.World, group string, messages ...string) {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(w.Owner)
	if _, err := client.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: aws.String("s")}); err != nil {
		t.Fatal(err)
	}
	events := []types.InputLogEvent{}
	for _, m := range messages {
		events = append(events, types.InputLogEvent{Message: aws.String(m), Timestamp: aws.Int64(w.Sandbox.Now().UnixMilli())})
	}
	if _, err := client.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: aws.String("s"), LogEvents: events}); err != nil {
		t.Fatal(err)
	}
}

func write(event, key, version, who, code string) string {
	return fmt.Sprintf(`{"eventSource":"s3.amazonaws.com","eventName":%q,"eventTime":"2026-01-01T00:00:00Z","errorCode":%q,"readOnly":false,"requestParameters":{"bucketName":%q,"key":%q},"responseElements":{"x-amz-version-id":%q},"userIdentity":{"type":"IAMUser","arn":%q}}`, event, code, statetest.Bucket, key, version, who)
}

func TestHistory(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "")
	target := w.Target("development")
	reader := newReader(w, w.Owner)
	empty, err := reader.States(t.Context(), target)
	if err != nil || empty.Versions == nil || len(empty.Versions) != 0 {
		t.Fatalf("before the first write: %+v, %v", empty, err)
	}
	v1 := put(t, w, "development", stateOf(1, 1, one, "a"), "")
	v2 := put(t, w, "development", stateOf(2, 3, two, "a"), w.Keys["production"])
	v3 := put(t, w, "development", stateOf(2, 3, two, "a"), w.Keys["development"])
	later(t, w) // S3 tells the time of a delete marker to the second, and lists them apart
	if _, err := w.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(statetest.Bucket), Key: aws.String("development")}); err != nil {
		t.Fatal(err)
	}
	later(t, w)
	v4 := put(t, w, "development", stateOf(3, 0, three, "b"), w.Keys["development"])
	w.Put("development.tflock", []byte("{}"), "")
	me, rekeyer := "arn:aws:iam::222233334444:user/terraform", "arn:aws:iam::111122223333:user/owner"
	record(t, w, "states-audit", write("PutObject", "development", v1, me, ""), write("CopyObject", "development", v3, rekeyer, ""),
		write("PutObjectTagging", "development", v2, "arn:aws:iam::111122223333:user/tagger", ""), write("UpdateObjectEncryption", "development", v2, "arn:aws:iam::111122223333:user/encrypter", ""),
		write("PutObject", "development", v4, "arn:aws:iam::111122223333:user/refused", "AccessDenied"), write("PutObject", "production", v4, "arn:aws:iam::111122223333:user/other-key", ""))
	reader.Trail = &trail.Log{Client: cloudwatchlogs.NewFromConfig(w.Owner), Group: "states-audit", Bucket: statetest.Bucket}
	h, err := reader.States(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, v := range h.Versions {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s", name(v, map[string]string{v1: "v1", v2: "v2", v3: "v3", v4: "v4"}), summary(v), v.Who, v.Encryption.KeyARN))
	}
	dev, prod := w.Keys["development"], w.Keys["production"]
	want := []string{
		"v4 current|serial 3, 1 resources, +1 ~0 -0|unknown|" + dev, // after a deletion everything is new
		"deleted|-|unknown|",
		"v3|serial 2, 4 resources, +0 ~0 -0|" + rekeyer + "|" + dev,
		"v2|serial 2, 4 resources, +2 ~1 -0|unknown|" + prod,
		"v1|serial 1, 2 resources, +2 ~0 -0|" + me + "|",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	if why := h.Versions[1].WhoUnknown; !strings.Contains(why, "this deletion") {
		t.Errorf("the deletion: %s", why)
	}
	shows(t, h)
	text := table(t, h)
	for _, part := range []string{"(CopyObject)", "note: who is unknown: the trail has no record", "+2 ~1 -0"} {
		if !strings.Contains(text, part) {
			t.Errorf("the table lacks %q:\n%s", part, text)
		}
	}
	reader.Limit = 2
	if h, err := reader.States(t.Context(), target); err != nil || len(h.Versions) != 2 || h.Older != 3 {
		t.Errorf("with a limit: %+v, %v", h, err)
	}
}

func later(t *testing.T, w *statetest.World) {
	t.Helper()
	if err := w.Sandbox.Advance(2 * time.Second); err != nil {
		t.Fatal(err)
	}
}

func name(v *history.Version, names map[string]string) string {
	n := names[v.ID]
	if v.Deleted {
		n = "deleted"
	}
	if v.Current {
		n += " current"
	}
	return n
}

func summary(v *history.Version) string {
	if v.Serial == nil || v.Resources == nil || v.Changes == nil {
		return "-"
	}
	return fmt.Sprintf("serial %d, %d resources, +%d ~%d -%d", *v.Serial, *v.Resources, v.Changes.Added, v.Changes.Changed, v.Changes.Removed)
}

func table(t *testing.T, h *history.History) string {
	t.Helper()
	var b strings.Builder
	if err := history.Table(&b, []*history.History{h}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// shows fails if a state's secrets are in what is shown of it.
func shows(t *testing.T, v any) {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	if h, ok := v.(*history.History); ok {
		text += table(t, h)
	}
	for _, secret := range []string{one, two, three} {
		if strings.Contains(text, secret) {
			t.Errorf("a secret is shown: %s", text)
		}
	}
}

func TestVersionsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "")
	put(t, w, "development", stateOf(1, 1, one, "a"), w.Keys["production"])
	put(t, w, "development", []byte(`{"version":4,"serial":9,"lineage":"x`), "")
	put(t, w, "development", nil, "")
	put(t, w, "development", stateOf(2, 1, one, "a"), "")
	if _, err := w.KMS.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: aws.String(w.Keys["production"])}); err != nil {
		t.Fatal(err)
	}
	put(t, w, "development", stateOf(3, 1, two, "a"), w.Keys["development"])
	h, err := newReader(w, w.Owner).States(t.Context(), w.Target("development"))
	if err != nil || len(h.Versions) != 5 {
		t.Fatalf("%+v, %v", h, err)
	}
	for i, want := range []string{"", "", "it is empty", "not a whole state", "KMS.DisabledException: " + w.Keys["production"]} {
		if got := h.Versions[i].Unreadable; !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("version %d: %q, want %q", i, got, want)
		}
	}
	shows(t, h)
	// Somebody who may read objects, and not decrypt.
	statements := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + statetest.Account + `:user/reader"},"Action":["s3:ListBucketVersions","s3:GetObjectVersion"],"Resource":["arn:aws:s3:::` + statetest.Bucket + `","arn:aws:s3:::` + statetest.Bucket + `/*"]}]}`
	r := newReader(w, w.Reader)
	_, err = r.States(t.Context(), w.Target("development"))
	var d *diag.Diagnostic
	if d, _ = err.(*diag.Diagnostic); d == nil || d.Rule != "state-history-refused" {
		t.Errorf("without s3:ListBucketVersions: %v", err)
	}
	if _, err := w.S3.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String(statetest.Bucket), Policy: &statements}); err != nil {
		t.Fatal(err)
	}
	r.Trail = &trail.Log{Client: cloudwatchlogs.NewFromConfig(w.Reader), Group: "states-audit", Bucket: statetest.Bucket}
	h, err = r.States(t.Context(), w.Target("development"))
	if err != nil {
		t.Fatal(err)
	}
	if v := h.Versions[0]; !strings.Contains(v.Unreadable, "kms:Decrypt with "+w.Keys["development"]) || v.Serial != nil || !strings.Contains(v.WhoUnknown, "AccessDenied") {
		t.Errorf("%+v", v)
	}
	if v := h.Versions[1]; v.Serial == nil || *v.Serial != 2 {
		t.Errorf("what is under no key can be read: %+v", v)
	}
	if _, err := r.Diff(t.Context(), w.Target("development"), "", "", tfstate.Show{}); err == nil || !strings.Contains(err.Error(), "kms:Decrypt") {
		t.Errorf("a difference to what cannot be read: %v", err)
	}
}

func TestDiff(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "")
	target := w.Target("development")
	schema, err := scan.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	reader := newReader(w, w.Owner)
	v1 := put(t, w, "development", stateOf(1, 1, one, "a"), "")
	put(t, w, "development", stateOf(2, 2, two, "b"), w.Keys["development"])
	v3 := put(t, w, "development", stateOf(3, 0, three, "b"), w.Keys["development"])
	for _, tt := range []struct {
		name, from, to string
		values         bool
		want           string
	}{
		{"the last change", "", "", false, "~ aws_ssm_parameter.p| tags.Seed| value|- terraform_data.r0|- terraform_data.r1|~ output.o| value: (sensitive)|0 added, 1 changed, 2 removed; outputs that differ: 1"},
		{"by serials, with values", "1", "2", true, `~ aws_ssm_parameter.p| tags.Name: "a" -> "b"| tags.Seed: (not shown)| value: (not shown)|+ terraform_data.r1|~ output.o| value: (sensitive)|1 added, 1 changed, 0 removed; outputs that differ: 1`},
		{"back", v3, v1, false, "~ aws_ssm_parameter.p| tags.Name| tags.Seed| value|+ terraform_data.r0|~ output.o| value: (sensitive)|1 added, 1 changed, 0 removed; outputs that differ: 1"},
		{"to itself", "current", "3", true, "0 added, 0 changed, 0 removed"},
		{"the first", "", "1", true, "+ aws_ssm_parameter.p|+ terraform_data.r0|+ output.o|2 added, 0 changed, 0 removed; outputs that differ: 1"},
	} {
		d, err := reader.Diff(t.Context(), target, tt.from, tt.to, schema.Show(tt.values))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		shows(t, d)
		var b strings.Builder
		history.Text(&b, []*history.Difference{d}, tt.values)
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		got := strings.NewReplacer("|      ", "| ", "|  ", "|").Replace("|" + strings.Join(lines[3:], "|"))[1:]
		if got != tt.want {
			t.Errorf("%s: got  %s\nwant %s", tt.name, got, tt.want)
		}
		for _, secret := range []string{one, two, three} {
			if strings.Contains(b.String(), secret) {
				t.Errorf("%s shows a secret:\n%s", tt.name, b.String())
			}
		}
	}
	for _, name := range []string{"7", "nothing", "nullx"} {
		if _, err := reader.Diff(t.Context(), target, name, "", tfstate.Show{}); err == nil || !strings.Contains(err.Error(), "no version") {
			t.Errorf("version %s: %v", name, err)
		}
	}
	none, err := reader.Diff(t.Context(), w.Target("production"), "", "", tfstate.Show{})
	if err != nil || none.To != nil || !none.Empty() {
		t.Errorf("a state that was never written: %+v, %v", none, err)
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	w := statetest.New(t, "  backend = \"local\"\n")
	dir := filepath.Join(w.Dir, "stacks", "development")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string][]byte{"terraform.tfstate": stateOf(2, 1, two, "b"), "terraform.tfstate.backup": stateOf(1, 0, one, "a")} {
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	reader := &history.Reader{Places: &state.Places{Room: w.Room}}
	h, err := reader.States(t.Context(), w.Target("development"))
	if err != nil || len(h.Versions) != 2 || summary(h.Versions[0]) != "serial 2, 2 resources, +1 ~1 -0" || !strings.Contains(h.Versions[1].WhoUnknown, "file") {
		t.Fatalf("%+v, %v", h, err)
	}
	shows(t, h)
	d, err := reader.Diff(t.Context(), w.Target("development"), "backup", "", tfstate.Show{})
	if err != nil || len(d.Resources) != 2 {
		t.Errorf("%+v, %v", d, err)
	}
	// What cannot be compared says what to do about it.
	for text, fix := range map[string]string{
		`{"serial":3,"lineage":"l","encrypted_data":"eA==","encryption_version":"v0"}`: "tofu state pull",
		"{": "choose another version",
	} {
		if err := os.WriteFile(filepath.Join(dir, "terraform.tfstate"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var refused *diag.Diagnostic
		if _, err := reader.Diff(t.Context(), w.Target("development"), "backup", "", tfstate.Show{}); !errors.As(err, &refused) || refused.Rule != "state-version-unreadable" || !strings.Contains(refused.Fix, fix) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
