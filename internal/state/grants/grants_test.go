package grants_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/state/grants"
)

// room is the spec of the world.
func (w *world) room(locking bool) *room.Room {
	r := &room.Room{Account: stateAccount, Region: region, State: room.State{Backend: "s3", Bucket: bucket, Region: region, Locking: locking, KeyAlias: "alias/cabal-tf-state"}}
	for _, name := range []string{"development", "staging", "production"} {
		r.State.Environments = append(r.State.Environments, &room.Environment{
			Name: name, Principals: []string{w.users[name]}, StateKeys: []string{name, name + "-bootstrap"}, KeyARN: w.keys[name],
		})
	}
	return r
}

// check runs the check of an environment, with credentials of both sides.
func (w *world) check(r *room.Room, environment string) *grants.Environment {
	w.Helper()
	c := &grants.Checker{Room: r, State: w.sb.Config(w.sb.Credentials()), Profiles: func(_ context.Context, name string) ([]aws.Config, error) {
		c, err := w.sb.RootCredentials(strings.Split(w.users[name], ":")[4])
		return []aws.Config{w.sb.Config(c)}, err
	}}
	return w.by(c, environment)
}

func (w *world) by(c *grants.Checker, environment string) *grants.Environment {
	w.Helper()
	list, err := state.Select(c.Room, environment, "")
	if err != nil {
		w.Fatal(err)
	}
	out, err := c.Check(w.Context(), list[0])
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// paste puts statements into the three policies, exactly as they were printed.
func (w *world) paste(p pasted, environment string) {
	w.Helper()
	w.keyPolicy(environment, text(w, p["key"]))
	w.bucketPolicy(text(w, p["bucket"]))
	w.ownPolicy(environment, text(w, p["own"]))
}

// pasted are statements by the policy that they go into.
type pasted map[string][]grants.Statement

func printed(e *grants.Environment) pasted {
	return pasted{"key": e.KeyPolicy, "bucket": e.BucketPolicy, "own": e.Principals[0].Policy}
}

func text(w *world, list []grants.Statement) string {
	parts := []string{}
	for i := range list {
		parts = append(parts, list[i].Text())
	}
	return strings.Join(parts, ",")
}

// without is the same statements but for one, or for one of its actions.
func (p pasted) without(policy string, index int, action string) pasted {
	out := pasted{"key": p["key"], "bucket": p["bucket"], "own": p["own"]}
	list := slices.Clone(p[policy])
	if action == "" {
		out[policy] = slices.Delete(list, index, index+1)
		return out
	}
	list[index].Action = slices.DeleteFunc(slices.Clone(list[index].Action), func(a string) bool { return a == action })
	if len(list[index].Action) == 0 {
		list = slices.Delete(list, index, index+1)
	}
	out[policy] = list
	return out
}

// act does as the environment's user what an engine does, and returns the first
// refusal.
func (w *world) act(environment string, locking bool) error {
	w.Helper()
	for _, step := range w.steps(environment, locking) {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// steps are an engine's requests by the SDK, in its order, and the runbook's.
func (w *world) steps(environment string, locking bool) []func() error {
	ctx, cfg := w.Context(), w.sb.Config(w.creds[environment])
	client, keys, key := s3.NewFromConfig(cfg), kms.NewFromConfig(cfg), w.keys[environment]
	get := func(name string) error {
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &name})
		if err == nil {
			err = out.Body.Close()
		}
		var none *s3types.NoSuchKey
		if errors.As(err, &none) {
			return nil // not there yet, and told so
		}
		return err
	}
	put := func(name, condition string) error {
		in := &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &name, Body: bytes.NewReader([]byte("{}")), ServerSideEncryption: s3types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &key}
		if condition != "" {
			in.IfNoneMatch = &condition
		}
		_, err := client.PutObject(ctx, in)
		return err
	}
	steps := []func() error{
		func() error {
			_, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: aws.String("env:/"), MaxKeys: aws.Int32(1000)})
			return err
		},
	}
	for _, name := range []string{environment, environment + "-bootstrap"} {
		if locking {
			steps = append(steps, func() error { return put(name+".tflock", "*") })
		}
		steps = append(steps, func() error { return get(name) }, func() error { return put(name, "") }, func() error { return get(name) })
		if locking {
			steps = append(steps, func() error { return get(name + ".tflock") }, func() error {
				_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: aws.String(name + ".tflock")})
				return err
			})
		}
	}
	return append(steps, func() error {
		_, err := keys.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &key})
		return err
	}, func() error {
		_, err := keys.Encrypt(ctx, &kms.EncryptInput{KeyId: &key, Plaintext: []byte("x")})
		return err
	})
}

// clear removes what act left, as the owner.
func (w *world) clear() {
	w.Helper()
	out := must(w.s3.ListObjectsV2(w.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)}))
	for _, o := range out.Contents {
		must(w.s3.DeleteObject(w.Context(), &s3.DeleteObjectInput{Bucket: aws.String(bucket), Key: o.Key}))
	}
}

// told lists the findings that count.
func told(e *grants.Environment, levels ...grants.Level) (list []grants.Finding) {
	for _, f := range e.Findings {
		if slices.Contains(levels, f.Level) {
			list = append(list, f)
		}
	}
	return list
}

func show(v any) string { return string(must(json.MarshalIndent(v, "", "  "))) }

// Exactly what is printed is enough, in both topologies, with locking and without; and
// with any statement or any action of it taken away something is refused, and the one
// that is missing is named, on its side.
func TestWhatIsPrintedIsExactlyWhatIsNeeded(t *testing.T) {
	for name, near := range map[string]string{"other account": "", "same account": "development"} {
		for _, locking := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, locking %t", name, locking), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, near)
				r := w.room(locking)
				p := printed(w.check(r, "development"))
				if (len(p["own"]) == 0) != (near != "") {
					t.Fatalf("for its own policy is printed %s", show(p["own"]))
				}
				w.paste(p, "development")
				if err := w.act("development", locking); err != nil {
					t.Fatalf("with what is printed: %v", err)
				}
				if e := w.check(r, "development"); e.Verdict() != 0 {
					t.Fatalf("with what is printed: %s", show(e.Findings))
				}
				if !locking && !enginetest.Full() {
					return // the statements are the same, but for the lock's
				}
				tried := 0
				for policy, statements := range p {
					for i, s := range statements {
						for _, action := range append([]string{""}, s.Action...) {
							w.clear()
							lacking := s.Action
							if action != "" {
								lacking = []string{action}
							}
							w.paste(p.without(policy, i, action), "development")
							w.denied(locking, policy, s.Sid, action)
							w.named(w.check(r, "development"), policy, s, lacking)
							tried++
						}
					}
				}
				// The key's statement and its four actions; those of the bucket; both again in the
				// principal's own policy, if it is of another account.
				want := 5 + 3 + 2
				if locking {
					want += 4
				}
				if near == "" {
					want *= 2
				}
				if tried != want {
					t.Errorf("%d were taken away, want %d", tried, want)
				}
			})
		}
	}
}

func (w *world) denied(locking bool, policy, sid, action string) {
	w.Helper()
	var api smithy.APIError
	err := w.act("development", locking)
	if !errors.As(err, &api) || api.ErrorCode() != "AccessDenied" && api.ErrorCode() != "AccessDeniedException" {
		w.Errorf("without %s of %s in the %s policy: %v", action, sid, policy, err)
	}
}

// named fails unless the findings name what is missing, where, and nothing else.
func (w *world) named(e *grants.Environment, policy string, s grants.Statement, lacking []string) {
	w.Helper()
	wheres := map[string]string{"key": "key policy of " + w.keys["development"], "bucket": "bucket policy of " + bucket, "own": "policies of " + w.users["development"]}
	sides := map[string]grants.Side{"key": grants.StateSide, "bucket": grants.StateSide, "own": grants.PrincipalSide}
	found := told(e, grants.Missing, grants.Wide, grants.Unknown)
	got := []string{}
	for _, f := range found {
		if f.Where != wheres[policy] || f.Side != sides[policy] || f.Rule != "grants-missing" || !strings.Contains(f.Fix, s.Sid) || f.Why == "" {
			w.Errorf("without %v of %s in the %s policy, found %s", lacking, s.Sid, policy, show(f))
		}
		got = append(got, f.Actions...)
	}
	want := slices.Clone(lacking)
	slices.Sort(got)
	slices.Sort(want)
	if got = slices.Compact(got); e.Verdict() != 2 || !slices.Equal(got, want) {
		w.Errorf("without %v of %s in the %s policy: verdict %d, named %v", lacking, s.Sid, policy, e.Verdict(), got)
	}
}

// The engine itself works with what is printed and asks for nothing that is not checked,
// nor is anything checked that it does not ask for.
func TestEnginesAskForWhatIsChecked(t *testing.T) {
	if testing.Short() {
		t.Skip("the engines need some seconds")
	}
	for _, b := range enginetest.Chosen(t) {
		for _, near := range []string{"", "development"} {
			t.Run(b.Name+near, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, near)
				r := w.room(true)
				w.paste(printed(w.check(r, "development")), "development")
				n := len(w.sb.Events())
				for _, key := range []string{"development", "development-bootstrap"} {
					d := w.workdir(b, "development", key, true)
					for _, args := range [][]string{{"init"}, {"apply", "-auto-approve", "-var=generation=1"}, {"plan", "-var=generation=1"}, {"apply", "-auto-approve", "-var=generation=2"}} {
						if out, err := d.run(args...); err != nil {
							t.Fatalf("%s %v: %v\n%s", b, args, err, out)
						}
					}
				}
				asked := map[string]bool{}
				for _, e := range w.sb.Events()[n:] {
					for _, d := range e.Decisions {
						asked[d.Action+" "+d.Resource] = true
						if !d.Allowed {
							t.Errorf("refused: %s %s", d.Action, d.Resource)
						}
					}
				}
				e := w.check(r, "development")
				if e.Verdict() != 0 {
					t.Errorf("the engine works, and found is %s", show(e.Findings))
				}
				for _, c := range e.Principals[0].Checks {
					if c.Action == "kms:Encrypt" || c.Action == "kms:DescribeKey" {
						continue // the runbook's, not the engine's
					}
					if !asked[c.Action+" "+c.Resource] {
						t.Errorf("%s on %s is checked, and the engine does not ask for it", c.Action, c.Resource)
					}
				}
				checked := func(what string) bool {
					return slices.ContainsFunc(e.Principals[0].Checks, func(c grants.Check) bool { return c.Action+" "+c.Resource == what })
				}
				for what := range asked {
					if !checked(what) {
						t.Errorf("the engine asks for %s, which is not checked", what)
					}
				}
			})
		}
	}
}
