package bootstrap_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/sdkclient"
)

// get returns a variable of the sandbox's environment.
func (w *world) get(key string) string {
	for _, kv := range w.env {
		if v, ok := strings.CutPrefix(kv, key+"="); ok {
			return v
		}
	}
	return ""
}

// config is the account's root in the sandbox, over its plain endpoint.
func (w *world) config() aws.Config {
	return w.configOf(w.get("AWS_ACCESS_KEY_ID"), w.get("AWS_SECRET_ACCESS_KEY"))
}

func (w *world) configOf(id, secret string) aws.Config {
	proxy := &url.URL{Scheme: "http", Host: w.listen}
	return aws.Config{
		Region:       "eu-west-2",
		Credentials:  credentials.NewStaticCredentialsProvider(id, secret, ""),
		BaseEndpoint: aws.String(proxy.String()),
		HTTPClient:   &http.Client{Transport: sdkclient.Transport{Transport: &http.Transport{DisableKeepAlives: true}}},
	}
}

// complete checks the end that every story must come to: one key and not two,
// the state in the bucket, nothing left here, and a second run that changes nothing.
func (w *world) complete() {
	t := w.t
	t.Helper()
	for _, name := range []string{"terraform.tfstate", "terraform.tfstate.backup", ".terraform.tfstate.lock.info", "errored.tfstate", "strongroom_adopt.tf"} {
		if !missing(w.stack(name)) {
			t.Errorf("%s is still here", name)
		}
	}
	if !missing(filepath.Join(w.dir, ".strongroom", "bootstrap.plan")) {
		t.Error("the plan is still here")
	}
	for _, stack := range []string{"bootstrap", "src"} {
		text := string(read(t, filepath.Join(w.dir, stack, "backend.tf")))
		for _, want := range []string{`backend "s3"`, `"kill-test-state"`, "arn:aws:kms:eu-west-2:111122223333:key/", "use_lockfile = true", stack + "/terraform.tfstate"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s/backend.tf has no %q:\n%s", stack, want, text)
			}
		}
	}
	ctx := context.Background()
	keys, err := kms.NewFromConfig(w.config()).ListKeys(ctx, &kms.ListKeysInput{})
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for _, k := range keys.Keys {
		out, err := kms.NewFromConfig(w.config()).DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: k.KeyId})
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(aws.ToString(out.KeyMetadata.Description), "State of ") {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d keys for one state: one was made and forgotten", made)
	}
	second := w.finishes()
	if second.Changed || len(second.Adopted) > 0 {
		t.Errorf("a second run changed something: %+v", second)
	}
	c := s3.NewFromConfig(w.config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := c.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String("kill-test-state"), Key: aws.String("bootstrap/terraform.tfstate.tflock")}); err == nil {
		t.Error("the state is still locked")
	}
}

// Between any two steps, and in the middle of the migration. Each run goes on from where
// the one before was killed.
func TestKilledBetweenSteps(t *testing.T) {
	engineNeeded(t)
	t.Parallel()
	for _, b := range enginetest.Chosen(t) {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, b)
			for _, point := range []string{
				"before preflight", "after prepare", "after plan", "before backend", "after backend", "before migrate", "before verify", "before clean", "after clean",
			} {
				w.dies(point)
				if point == "before migrate" {
					w.diesMigrating()
				}
			}
			if w.finishes().Changed {
				t.Error("there was something left to do after the last step")
			}
			w.complete()
		})
	}
}

// In the middle of an apply: the provider has made something, and neither it
// nor the engine lives to tell.
func TestKilledMidApply(t *testing.T) {
	engineNeeded(t)
	t.Parallel()
	for _, b := range enginetest.Chosen(t) {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, b)
			w.killed("CreateBucket", "")
			w.killed("CreateAlias", "")
			// Half a state, as an engine leaves that is killed while it writes.
			if state, err := os.ReadFile(w.stack("terraform.tfstate")); err == nil && len(state) > 200 {
				if err := os.WriteFile(w.stack("terraform.tfstate"), state[:len(state)/2], 0o600); err != nil {
					t.Fatal(err)
				}
			}
			r := w.finishes()
			if len(r.Adopted) == 0 {
				t.Error("nothing was adopted")
			}
			w.complete()
		})
	}
}

// diesMigrating kills it with the lock taken, with the state written but the engine not
// told, and with what the engine remembers half written.
func (w *world) diesMigrating() {
	w.t.Helper()
	w.killed("PutObject", ".tflock")
	w.killed("PutObject", "terraform.tfstate")
	if missing(w.stack("terraform.tfstate")) {
		w.t.Error("the local state went before the move was proven")
	}
	cache := w.stack(filepath.Join(".terraform", "terraform.tfstate"))
	raw := read(w.t, cache)
	if err := os.WriteFile(cache, raw[:len(raw)/2], 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// Ctrl-C in the middle of an apply: the engine ends what it began and records it.
func TestInterruptedMidApply(t *testing.T) {
	engineNeeded(t)
	t.Parallel()
	for _, b := range enginetest.Chosen(t) {
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, b)
			c := w.start()
			c.at("CreateKey", "")
			if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			o := c.wait()
			if o.code != 1 || !strings.Contains(o.log, "interrupted during apply") || !strings.Contains(o.log, "run it again") {
				t.Errorf("exit status %d:\n%s", o.code, o.log)
			}
			// Whether the key is in the state depends on whether its answer was
			// faster than the interrupt. It must not be made twice, either way.
			w.finishes()
			w.complete()
		})
	}
}
