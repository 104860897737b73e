package explain_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/explain"
	"github.com/strongroom-dev/strongroom/policy"
)

var benched = layers{
	policy.ReasonIdentity: *doc(`{"Sid":"Read","Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"true"},"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}}}`,
		`{"Sid":"List","Effect":"Allow","Action":["s3:GetBucketLocation"],"Resource":"arn:aws:s3:::b"}`),
	policy.ReasonResource: *doc(`{"Sid":"TLS","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::b/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}`),
	policy.ReasonSCP:      *doc(everything, `{"Sid":"Regions","Effect":"Deny","Action":"*","Resource":"*","Condition":{"StringNotEquals":{"aws:RequestedRegion":["eu-west-2"]}}}`),
}

// BenchmarkExplain is one question, with keys that are not known, from the text
// of its policies to the answer for a person.
func BenchmarkExplain(b *testing.B) {
	for b.Loop() {
		q := &explain.Question{From: "the flags"}
		o := explain.Override{Principal: ann, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Context: []string{"aws:SecureTransport=true"}}
		if err := o.Apply(q); err != nil {
			b.Fatal(err)
		}
		a := decide(b, q, benched, explain.Options{})
		if a.Decision != explain.CannotTell {
			b.Fatalf("got %s", a.Decision)
		}
		if err := explain.Human(io.Discard, a); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkColdStart runs "strongroom policy explain" as a process of its own,
// from its start to its exit: what a person waits for.
func BenchmarkColdStart(b *testing.B) {
	dir := b.TempDir()
	binary := filepath.Join(dir, "strongroom")
	if out, err := exec.Command("go", "build", "-o", binary, "../../cmd/strongroom").CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	args := []string{"policy", "explain", "--principal", ann, "--action", "s3:GetObject", "--resource", "arn:aws:s3:::b/k", "--context", "aws:SecureTransport=true"}
	for flag, typ := range map[string]policy.Reason{"--identity": policy.ReasonIdentity, "--resource-policy": policy.ReasonResource, "--scp": policy.ReasonSCP} {
		file := filepath.Join(dir, flag[2:]+".json")
		if err := os.WriteFile(file, []byte(benched[typ]), 0o600); err != nil {
			b.Fatal(err)
		}
		args = append(args, flag, file)
	}
	for b.Loop() {
		cmd := exec.Command(binary, args...)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		// 1: it cannot tell, which takes the longest to say.
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 || !bytes.HasPrefix(out.Bytes(), []byte("Cannot tell")) {
			b.Fatalf("%v\n%s", err, out.Bytes())
		}
	}
}
