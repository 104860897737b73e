package logs_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"github.com/strongroom-dev/strongroom/sandbox"
)

// forLogs is the key policy of CloudWatch Logs' guide for one group.
func forLogs(service, group string, actions string) string {
	return `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"},
		{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":[` + actions + `],"Resource":"*",
		 "Condition":{"ArnEquals":{"kms:EncryptionContext:aws:logs:arn":"` + arnOf(group) + `"}}}]}`
}

const documentedActions = `"kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"`

func (w *world) key(doc string) string {
	w.Helper()
	out, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{Policy: &doc})
	w.must(err)
	return *out.KeyMetadata.Arn
}

// A group's key must admit CloudWatch Logs of the region, for that group.
func TestKeyPolicies(t *testing.T) {
	w := open(t, sandbox.Options{})
	good := forLogs("logs."+region+".amazonaws.com", "g", documentedActions)
	create := func(key string) error {
		_, err := w.logs.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("g"), KmsKeyId: &key})
		return err
	}
	for _, doc := range map[string]string{
		"no statement":  forLogs("config.amazonaws.com", "g", documentedActions),
		"no region":     forLogs("logs.amazonaws.com", "g", documentedActions),
		"other region":  forLogs("logs.us-east-1.amazonaws.com", "g", documentedActions),
		"other group":   forLogs("logs."+region+".amazonaws.com", "h", documentedActions),
		"no decryption": forLogs("logs."+region+".amazonaws.com", "g", `"kms:GenerateDataKey*"`),
	} {
		w.refused(create(w.key(doc)), "AccessDeniedException", "The specified KMS key does not exist or is not allowed to be used with LogGroup '"+arnOf("g")+"'")
	}
	key := w.key(good)
	w.refused(create(key+"0"), "InvalidParameterException", "KMS Key Id")
	w.refused(create(key[strings.LastIndexByte(key, '/')+1:]), "InvalidParameterException", "not the ARN of a KMS key")
	w.refused(create(strings.Replace(key, region, "us-east-1", 1)), "InvalidParameterException", "not the ARN of a KMS key in "+region)
	_, err := w.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &key})
	w.must(err)
	w.refused(create(key), "InvalidParameterException", "disabled")
	_, err = w.kms.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &key})
	w.must(err)
	w.must(create(key))
	if g := w.one("g"); *g.KmsKeyId != key {
		t.Errorf("group %+v", g)
	}
	hmac, err := w.kms.CreateKey(ctx, &kms.CreateKeyInput{KeySpec: kmstypes.KeySpecHmac256, KeyUsage: kmstypes.KeyUsageTypeGenerateVerifyMac, Policy: &good})
	w.must(err)
	_, err = w.logs.AssociateKmsKey(ctx, &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: aws.String("g"), KmsKeyId: hmac.KeyMetadata.Arn})
	w.refused(err, "InvalidParameterException", "symmetric")
}

// Events are kept encrypted under the key that the group had when they came, and can be
// read as long as it lets CloudWatch Logs.
func TestEventsAreEncrypted(t *testing.T) {
	dir := t.TempDir()
	sb, err := sandbox.Start(ctx, sandbox.Options{DataDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	w := client(t, sb)
	w.group("g")
	w.stream("g", "s")
	w.must(w.put("g", "s", "PLAINLY-WRITTEN"))
	good := forLogs("logs."+region+".amazonaws.com", "g", documentedActions)
	key := w.key(good)
	_, err = w.logs.AssociateKmsKey(ctx, &cloudwatchlogs.AssociateKmsKeyInput{ResourceIdentifier: aws.String(arnOf("g")), KmsKeyId: &key})
	w.must(err)
	w.must(w.put("g", "s", "SECRETLY-WRITTEN"))
	want := []string{"PLAINLY-WRITTEN", "SECRETLY-WRITTEN"}
	if got, err := w.get("g", "s"); err != nil || !slices.Equal(got, want) {
		t.Fatalf("got %q, %v", got, err)
	}

	// One who may read the group needs no leave of the key: CloudWatch Logs does.
	reader := w.as("reader", allows("*", "logs:FilterLogEvents"))
	found, err := reader.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("g"), FilterPattern: aws.String(`"SECRETLY-"`)})
	if err != nil || len(found.Events) != 1 {
		t.Errorf("a reader without the key: %+v, %v", found, err)
	}
	w.must(sb.Close())
	if !onDisk(t, dir, "PLAINLY-WRITTEN") || onDisk(t, dir, "SECRETLY-WRITTEN") {
		t.Errorf("on disk: the plain event %v, the encrypted one %v", onDisk(t, dir, "PLAINLY-WRITTEN"), onDisk(t, dir, "SECRETLY-WRITTEN"))
	}

	w = open(t, sandbox.Options{DataDir: dir})
	if got, err := w.get("g", "s"); err != nil || !slices.Equal(got, want) {
		t.Fatalf("after a restart: %q, %v", got, err)
	}
	policy := func(doc string) {
		t.Helper()
		_, err := w.kms.PutKeyPolicy(ctx, &kms.PutKeyPolicyInput{KeyId: &key, PolicyName: aws.String("default"), Policy: &doc})
		w.must(err)
	}
	policy(forLogs("logs."+region+".amazonaws.com", "h", documentedActions))
	_, err = w.get("g", "s")
	w.refused(err, "AccessDeniedException", "not allowed to be used")
	w.refused(w.put("g", "s", "more"), "AccessDeniedException", "not allowed to be used")
	policy(good)
	_, err = w.kms.DisableKey(ctx, &kms.DisableKeyInput{KeyId: &key})
	w.must(err)
	_, err = w.get("g", "s")
	w.refused(err, "AccessDeniedException")
	w.refused(w.put("g", "s", "more"), "AccessDeniedException")
	_, err = w.logs.DisassociateKmsKey(ctx, &cloudwatchlogs.DisassociateKmsKeyInput{LogGroupName: aws.String("g")})
	w.must(err)
	w.must(w.put("g", "s", "plain again"))
	_, err = w.get("g", "s") // the older event is still under the key
	w.refused(err, "AccessDeniedException")
	_, err = w.kms.EnableKey(ctx, &kms.EnableKeyInput{KeyId: &key})
	w.must(err)
	if got, err := w.get("g", "s"); err != nil || !slices.Equal(got, append(want, "plain again")) {
		t.Errorf("got %q, %v", got, err)
	}
}

// onDisk reports whether a file of the directory holds the text, or its base64.
func onDisk(t *testing.T, dir, text string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, form := range forms(text) {
			found = found || bytes.Contains(content, []byte(form))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
