package verify_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/statetest"
	"github.com/strongroom-dev/strongroom/internal/state/verify"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

type world struct {
	*statetest.World
	tried bool
}

// checker is a new one, which remembers nothing. Tried, it has everybody's
// credentials.
func (w *world) checker() *verify.Checker {
	c := &verify.Checker{Room: w.Room, Owner: state.NewBucket(w.Room, w.Owner), Decide: w.decide}
	if w.tried {
		c.Reader = &w.Reader
		c.Profiles = func(_ context.Context, environment string) ([]aws.Config, error) {
			return []aws.Config{w.Principals[environment]}, nil
		}
	}
	return c
}

// decide says of every state what a test wants; package cli hands package grants' over.
func (w *world) decide(_ context.Context, e state.Environment, keys []string, _ string) (list []verify.Readable, _ error) {
	for _, k := range keys {
		list = append(list, verify.Readable{Key: k, Principal: e.Principals[0], Object: verify.Answer{Status: verify.OK}, Decrypt: verify.Answer{Status: verify.OK}})
	}
	return list, nil
}

func (w *world) run(want verify.Want) *verify.Result {
	w.Helper()
	r, err := w.checker().Check(w.Context(), w.Environment("development"), w.Target("development"), want)
	if err != nil {
		w.Fatal(err)
	}
	return r
}

// expect wants one check to answer so, and the whole to be no worse than that.
func (w *world) expect(what string, want verify.Want, check string, status verify.Status, says string) {
	w.Helper()
	r := w.run(want)
	f := r.Finding(check)
	if f == nil || f.Status != status || !strings.Contains(f.Detail, says) {
		w.Errorf("%s: %s: %+v, want %s with %q", what, check, f, status, says)
	}
	if status != verify.Skipped && r.Status() != status && status != verify.OK {
		w.Errorf("%s: %s all in all: %+v", what, r.Status(), r.Findings)
	}
	if (r.Err() == nil) != (r.Status() == verify.OK) {
		w.Errorf("%s: %s, and the error is %v", what, r.Status(), r.Err())
	}
}

func TestCheck(t *testing.T) {
	for _, tried := range []bool{false, true} {
		t.Run(map[bool]string{false: "decided", true: "tried"}[tried], func(t *testing.T) {
			t.Parallel()
			w := &world{statetest.New(t, ""), tried}
			key, other := w.Keys["development"], w.Keys["production"]
			want := verify.UnderKey(key)
			w.expect("nothing there", want, verify.Exists, verify.Failed, "there is no state")

			w.Put("development", statetest.State(3, 2), key)
			for _, check := range []string{verify.Exists, verify.Encryption, verify.BucketKey, verify.KeyUsable, verify.Contents, verify.PrincipalReads, verify.ReaderRefused} {
				w.expect("as it should be", want, check, verify.OK, "")
			}
			r := w.run(want)
			if r.Status() != verify.OK || r.Snapshot == nil || r.Snapshot.Serial != 3 || r.Where != "s3://"+statetest.Bucket+"/development" {
				t.Errorf("%+v", r)
			}
			for _, f := range r.Findings {
				if decided := !tried && (f.Check == verify.PrincipalReads || f.Check == verify.ReaderRefused); f.Decided != decided || decided != strings.Contains(f.Detail, "decided, not tried") {
					t.Errorf("tried %v: %+v", tried, f)
				}
			}

			// Contents.
			before, err := tfstate.Read(statetest.State(3, 2))
			if err != nil {
				t.Fatal(err)
			}
			with := func(change func(s *tfstate.Snapshot)) verify.Want {
				s, out := *before, want
				change(&s)
				out.Before = &s
				return out
			}
			w.expect("the same", with(func(*tfstate.Snapshot) {}), verify.Contents, verify.OK, "as before")
			w.expect("an older serial", with(func(s *tfstate.Snapshot) { s.Serial = 4 }), verify.Contents, verify.Failed, "the serial is 3, and was 4")
			w.expect("a newer serial", with(func(s *tfstate.Snapshot) { s.Serial = 2 }), verify.Contents, verify.OK, "")
			exact := with(func(s *tfstate.Snapshot) { s.Serial = 2 })
			exact.Exact = true
			w.expect("a newer serial, exactly", exact, verify.Contents, verify.Failed, "the serial is 3, and was 2")
			w.expect("another lineage", with(func(s *tfstate.Snapshot) { s.Lineage = "another" }), verify.Contents, verify.Failed, "it is another state")
			w.expect("other contents", with(func(s *tfstate.Snapshot) { s.Digest = "another" }), verify.Contents, verify.Failed, "it holds something else")

			// Who reads it. A condition of the key policy lets the account in, or nobody.
			user := statetest.Statement("Allow", w.User("development"), "", "kms:Decrypt", "kms:GenerateDataKey")
			w.KeyPolicy("development", user, statetest.Statement("Allow", "*", `{"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com","kms:CallerAccount":"111122223333"}}`, "kms:Decrypt"))
			w.expect("everybody of the account decrypts through S3", want, verify.ReaderRefused, verify.Failed, "")
			w.KeyPolicy("development", user, statetest.Statement("Allow", "*", `{"StringEquals":{"kms:ViaService":"s3.us-east-1.amazonaws.com","kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::acme-tf-backend"}}`, "kms:Decrypt"))
			w.expect("for another encryption context", want, verify.ReaderRefused, verify.OK, "")
			if !tried {
				w.KeyPolicy("development", user, statetest.Statement("Allow", "*", `{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}`, "kms:Decrypt"))
				w.expect("from some addresses", want, verify.ReaderRefused, verify.Unknown, "aws:SourceIp")
			} else {
				w.KeyPolicy("development")
				w.expect("the principal's half is missing", want, verify.PrincipalReads, verify.Failed, "refused to the principal")
			}
			w.KeyPolicy("development", user)

			// The key.
			id := &key
			if _, err := w.KMS.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: id}); err != nil {
				t.Fatal(err)
			}
			w.expect("a disabled key", want, verify.KeyUsable, verify.Failed, "is disabled")
			w.expect("a disabled key", want, verify.Contents, verify.Failed, "cannot be decrypted by anybody")
			if _, err := w.KMS.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: id}); err != nil {
				t.Fatal(err)
			}
			w.expect("a key that goes", want, verify.KeyUsable, verify.Failed, "is going to be deleted")
			if f := w.run(want).Finding(verify.KeyUsable); !strings.Contains(f.Fix, "aws kms cancel-key-deletion --key-id "+key) {
				t.Errorf("the fix is %q", f.Fix)
			}
			if _, err := w.KMS.CancelKeyDeletion(t.Context(), &kms.CancelKeyDeletionInput{KeyId: id}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.KMS.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: id}); err != nil {
				t.Fatal(err)
			}
			w.expect("recovered", want, verify.Contents, verify.OK, "serial 3")

			// Encryption.
			w.DefaultEncryption("", true)
			w.expect("the bucket has a bucket key, the object none", want, verify.BucketKey, verify.OK, "the next write will have it the other way")
			w.Put("development", statetest.State(3, 2), key)
			w.expect("both have", want, verify.BucketKey, verify.OK, "on: the encryption context is the bucket's ARN")
			w.Put("development", statetest.State(3, 2), other)
			w.expect("another key", want, verify.Encryption, verify.Failed, "it is SSE-KMS under "+other)
			w.Put("development", statetest.State(3, 2), "")
			w.expect("SSE-S3", want, verify.Encryption, verify.Failed, "it is SSE-S3, and has to be SSE-KMS under "+key)
			w.expect("SSE-S3", want, verify.ReaderRefused, verify.Failed, "whoever may read the object")
			plain := verify.Want{Encryption: statestore.Encryption{Algorithm: "AES256"}}
			w.expect("SSE-S3 as it should be", plain, verify.Encryption, verify.OK, "SSE-S3")
			w.expect("SSE-S3 as it should be", plain, verify.ReaderRefused, verify.Skipped, "")
			w.Put("development", []byte("not a state"), key)
			w.expect("no state", want, verify.Contents, verify.Failed, "")
		})
	}
}

// A reader who may not even read objects shows nothing by being refused.
func TestReaderHasToBeAReader(t *testing.T) {
	w := &world{statetest.New(t, ""), true}
	w.Put("development", statetest.State(1, 0), w.Keys["development"])
	w.Reader = w.Principals["production"]
	w.expect("somebody else", verify.UnderKey(w.Keys["development"]), verify.ReaderRefused, verify.Unknown, "a refusal would show nothing")
	w.Reader = w.Principals["development"]
	w.expect("the principal", verify.UnderKey(w.Keys["development"]), verify.ReaderRefused, verify.Unknown, "the reader is "+w.User("development")+", the principal")
	w.Reader.Credentials = nil
	w.expect("nobody", verify.UnderKey(w.Keys["development"]), verify.ReaderRefused, verify.Unknown, "the reader's credentials do not work")
}

// An owner of the account need not be able to decrypt: then the principal reads.
func TestOwnerWithoutDecrypt(t *testing.T) {
	w := &world{statetest.New(t, ""), true}
	key := w.Keys["development"]
	w.Put("development", statetest.State(1, 0), key)
	w.KeyPolicy("development", statetest.Statement("Allow", w.User("development"), "", "kms:Decrypt", "kms:GenerateDataKey"),
		statetest.Statement("Deny", "arn:aws:iam::"+statetest.Account+":root", "", "kms:Decrypt"))
	w.expect("with a principal", verify.UnderKey(key), verify.Contents, verify.OK, "serial 1")
	w.tried = false
	w.expect("without", verify.UnderKey(key), verify.Contents, verify.Unknown, "it cannot be read")
}

func TestDecisionsAreOnesOwn(t *testing.T) {
	w := &world{statetest.New(t, ""), false}
	key := w.Keys["development"]
	w.Put("development", statetest.State(1, 0), key)
	yes := verify.Answer{Status: verify.OK}
	no := verify.Answer{Status: verify.Failed, Why: "the key policy does not name it", Fix: "name it"}
	half := verify.Answer{Status: verify.Unknown, Why: "its own policies were not read", Fix: "--principal-profile"}
	p := w.User("development")
	for _, tt := range []struct {
		answer *verify.Readable
		status verify.Status
		says   string
	}{
		{&verify.Readable{Key: "development", Principal: p, Object: yes, Decrypt: yes}, verify.OK, "policies on both sides let " + p + " read it (decided, not tried)"},
		{&verify.Readable{Key: "development", Principal: p, Object: yes, Decrypt: no}, verify.Failed, p + " may not read it: the key policy does not name it"},
		{&verify.Readable{Key: "development", Principal: p, Object: verify.Answer{Status: verify.Unknown, Why: "the bucket policy was not read"}, Decrypt: yes}, verify.Unknown, "whether " + p + " may read it is not known: the bucket policy"},
		{&verify.Readable{Key: "development", Principal: p, Object: yes, Decrypt: half}, verify.Unknown, "is not known: its own policies were not read"},
		{&verify.Readable{Key: "development", Principal: "arn:aws:iam::222233334444:user/another", Object: yes, Decrypt: yes}, verify.Unknown, "were not asked"},
		{&verify.Readable{Key: "another", Principal: p, Object: yes, Decrypt: yes}, verify.Unknown, "were not asked"},
		{nil, verify.Unknown, "nobody said how to tell"},
	} {
		c := w.checker()
		c.Decide = nil
		if tt.answer != nil {
			c.Decide = func(context.Context, state.Environment, []string, string) ([]verify.Readable, error) {
				return []verify.Readable{*tt.answer}, nil
			}
		}
		r, err := c.Check(t.Context(), w.Environment("development"), w.Target("development"), verify.UnderKey(key))
		if err != nil {
			t.Fatal(err)
		}
		if f := r.Finding(verify.PrincipalReads); f.Status != tt.status || !strings.Contains(f.Detail, tt.says) {
			t.Errorf("%+v: %+v", tt.answer, f)
		}
	}
}

func TestLocal(t *testing.T) {
	w := &world{statetest.New(t, "  backend = \"local\"\n"), false}
	path := t.TempDir() + "/terraform.tfstate"
	c := &verify.Checker{Room: w.Room, Place: func(state.Target) (statestore.Store, error) { return &statestore.Local{Path: path}, nil }}
	run := func() *verify.Result {
		r, err := c.Check(t.Context(), w.Environment("development"), w.Target("development"), verify.Want{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := run(); r.Status() != verify.Failed {
		t.Errorf("nothing there: %+v", r)
	}
	if err := os.WriteFile(path, statetest.State(5, 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := run(); r.Status() != verify.OK || r.Finding(verify.Encryption).Status != verify.Skipped || r.Snapshot.Serial != 5 || r.Finding(verify.ReaderRefused) != nil {
		t.Errorf("%+v", r)
	}
}

// Of several principals each is tried with its own credentials, and the others' answers
// are decided: all have to read the state.
func TestSeveralPrincipals(t *testing.T) {
	w := &world{statetest.New(t, ""), false}
	key := w.Keys["development"]
	w.Put("development", statetest.State(1, 0), key)
	e := w.Environment("development")
	e.Principals = append(e.Principals, w.User("production"))
	check := func(profiles []aws.Config, status verify.Status, says ...string) {
		t.Helper()
		c := w.checker()
		c.Profiles = func(context.Context, string) ([]aws.Config, error) { return profiles, nil }
		c.Decide = func(_ context.Context, e state.Environment, keys []string, keyARN string) (list []verify.Readable, _ error) {
			if keyARN != key {
				t.Errorf("asked about %s", keyARN)
			}
			for _, p := range e.Principals {
				list = append(list, verify.Readable{Key: keys[0], Principal: p, Object: verify.Answer{Status: verify.OK}, Decrypt: verify.Answer{Status: verify.Unknown, Why: "half"}})
			}
			return list, nil
		}
		r, err := c.Check(t.Context(), e, w.Target("development"), verify.UnderKey(key))
		if err != nil {
			t.Fatal(err)
		}
		f := r.Finding(verify.PrincipalReads)
		for _, s := range says {
			if !strings.Contains(f.Detail, s) {
				t.Errorf("no %q in %+v", s, f)
			}
		}
		if f.Status != status {
			t.Errorf("%+v", f)
		}
	}
	dev, prod := w.Principals["development"], w.Principals["production"]
	check(nil, verify.Unknown, "whether "+w.User("development")+" may read it is not known: half", "whether "+w.User("production"))
	check([]aws.Config{dev}, verify.Unknown, w.User("development")+": it was read with the principal's credentials", "whether "+w.User("production")+" may read it is not known")
	check([]aws.Config{prod, dev}, verify.Failed, w.User("development")+": it was read", w.User("production")+": it was refused to the principal")

	// Whoever asks may be one of them.
	c := w.checker()
	c.Owner = state.NewBucket(w.Room, dev)
	r, err := c.Check(t.Context(), w.Environment("development"), w.Target("development"), verify.UnderKey(key))
	if f := r.Finding(verify.PrincipalReads); err != nil || f.Status != verify.OK || f.Decided {
		t.Errorf("%+v, %v", f, err)
	}
}
