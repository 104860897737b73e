package statestore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/sdkclient"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// applies is how many apply at once: 50. Some are engines, as many as a test can afford, and
// all of them with STRONGROOM_TEST_FULL=1; the others are clients that do to the state
// what an engine does: lock, read, write the next serial, unlock.
func applies() int {
	if testing.Short() { // as under the race detector
		return 12
	}
	return 50
}

func engines() int {
	switch {
	case testing.Short():
		return 0
	case enginetest.Full():
		return applies()
	}
	return 3
}

// arena is a state that many want to change.
type arena struct {
	t     *testing.T
	store statestore.Store
	// block is the engines' backend block, environ what they need beside the sandbox's.
	block   string
	environ []string
	// write is what an engine does with a state while it has a lock; "" is without one.
	write func(ctx context.Context, lock string, raw []byte) error
}

// One of 50 applies at once gets the lock, all others are told whose it is; when they
// try again until each of them was let in, no version is lost.
func TestManyAppliesAtOnce(t *testing.T) {
	binaries := []engine.Binary{{Name: "clients"}}
	if !testing.Short() {
		binaries = enginetest.Chosen(t)
	}
	for _, b := range binaries {
		for place, build := range map[string]func(*testing.T, *sandbox.Sandbox) *arena{"S3": inS3, "GitLab": inGitLab} {
			t.Run(b.Name+" and "+place, func(t *testing.T) {
				if !enginetest.Full() { // 50 engines are enough at once
					t.Parallel()
				}
				box, err := sandbox.Start(context.Background(), sandbox.Options{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = box.Close() })
				a := build(t, box)
				crews := a.crews(box, b)
				a.oneWins(crews)
				a.noneIsLost(crews)
			})
		}
	}
}

// connections is a client that keeps a connection for each of the many.
func connections(t *testing.T, box *sandbox.Sandbox) *http.Client {
	t.Helper()
	client := box.HTTPClient()
	transport, ok := client.Transport.(sdkclient.Transport)
	if !ok {
		t.Fatalf("the sandbox's client has a transport of type %T", client.Transport)
	}
	transport.Transport.MaxIdleConnsPerHost = applies()
	t.Cleanup(client.CloseIdleConnections)
	return client
}

func inS3(t *testing.T, box *sandbox.Sandbox) *arena {
	config := box.Config(box.Credentials())
	config.HTTPClient = connections(t, box)
	client, bucket, key := s3.NewFromConfig(config), "applies-at-once", "room/terraform.tfstate"
	ctx := context.Background()
	_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: sandbox.DefaultRegion}})
	if err == nil {
		_, err = client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return &arena{
		t: t, store: &statestore.S3{Client: client, Bucket: bucket, Key: key},
		block: fmt.Sprintf(`backend "s3" {
    bucket       = %q
    key          = %q
    region       = %q
    use_lockfile = true
  }`, bucket, key, sandbox.DefaultRegion),
		write: func(ctx context.Context, _ string, raw []byte) error {
			_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader(raw), ContentType: aws.String("application/json")})
			return err
		},
	}
}

func inGitLab(t *testing.T, box *sandbox.Sandbox) *arena {
	g := &gitLab{t, box, connections(t, box)}
	h := g.store("ann", "maintainer", "production")
	access, err := box.AccessToken(sandbox.AccessRequest{Project: "acme/infra", User: "ci", Kind: sandbox.JobAccess})
	if err != nil {
		t.Fatal(err)
	}
	return &arena{
		t: t, store: h, block: `backend "http" {}`, environ: access.Environment("production"),
		write: func(ctx context.Context, lock string, raw []byte) error {
			address := h.Address
			if lock != "" {
				address += "?ID=" + lock
			}
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(raw))
			if err != nil {
				return err
			}
			r.SetBasicAuth(h.Username, h.Password)
			resp, err := g.http.Do(r)
			if err != nil {
				return err
			}
			if resp.Body.Close(); resp.StatusCode != http.StatusOK {
				return fmt.Errorf("write: %s", resp.Status)
			}
			return nil
		},
	}
}

// crew is an engine in a directory of its own.
type crew struct {
	path    string
	dir     string
	environ []string
}

// crews prepares the engines' directories, all but the first as copies of it, and makes
// the state with an apply of the first, or without engines by itself.
func (a *arena) crews(box *sandbox.Sandbox, b engine.Binary) []crew {
	a.t.Helper()
	if engines() == 0 {
		if err := a.write(a.t.Context(), "", []byte(stateText(1))); err != nil {
			a.t.Fatal(err)
		}
		return nil
	}
	plugins, err := engine.Equip(a.t.Context(), b, engine.Outfit{PreferLocal: true})
	if err != nil {
		a.t.Fatal(err)
	}
	set := slices.Concat(plugins.Set, box.Env(), a.environ)
	environ := append(engine.Environ(os.Environ(), set, append(box.EnvUnset(), plugins.Unset...)), "CHECKPOINT_DISABLE=1", "TF_IN_AUTOMATION=1")
	first := crew{b.Path, filepath.Join(a.t.TempDir(), "0"), environ}
	if err := os.Mkdir(first.dir, 0o700); err != nil {
		a.t.Fatal(err)
	}
	text := `terraform {
  ` + a.block + `
}
variable "n" {
  type = number
}
variable "wait" {
  type = string
}
resource "terraform_data" "a" {
  triggers_replace = var.n
  provisioner "local-exec" {
    command = var.wait
  }
}
`
	if err := os.WriteFile(filepath.Join(first.dir, "main.tf"), []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	for _, args := range [][]string{{"init", "-no-color"}, first.apply(1, "true")} {
		if out, err := first.run(a.t.Context(), args...); err != nil {
			a.t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	list := []crew{first}
	for i := 1; i < engines(); i++ {
		c := crew{b.Path, filepath.Join(a.t.TempDir(), strconv.Itoa(i)), environ}
		if err := os.CopyFS(c.dir, os.DirFS(first.dir)); err != nil {
			a.t.Fatal(err)
		}
		list = append(list, c)
	}
	return list
}

// apply returns the arguments of an apply that changes the state, with a command that
// runs while the lock is held.
func (c crew) apply(n int, wait string) []string {
	return []string{"apply", "-auto-approve", "-no-color", "-input=false", fmt.Sprintf("-var=n=%d", n), "-var=wait=" + wait}
}

func (c crew) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, c.path, args...)
	cmd.WaitDelay = 10 * time.Second
	cmd.Dir, cmd.Env = c.dir, c.environ
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// change is what an engine does with the state while it has the lock.
func (a *arena) change(ctx context.Context, lock string) error {
	raw, err := a.store.Read(ctx, "")
	if err != nil {
		return err
	}
	var state map[string]json.RawMessage
	if err := json.Unmarshal(raw, &state); err != nil {
		return err
	}
	serial, err := strconv.Atoi(string(state["serial"]))
	if err != nil {
		return err
	}
	state["serial"] = json.RawMessage(strconv.Itoa(serial + 1))
	if raw, err = json.Marshal(state); err != nil {
		return err
	}
	return a.write(ctx, lock, raw)
}

// outcome is what one of the many met with.
type outcome struct {
	won bool
	// told is the ID of the lock in the way; out is all that an engine said.
	told, out string
	err       error
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// oneWins lets all of them try once. Who has the lock keeps it until all others were
// refused, so that one apply is all that happens.
func (a *arena) oneWins(crews []crew) {
	t := a.t
	t.Helper()
	before := a.serials()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	hold, err := os.OpenFile(pipe, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer hold.Close()
	release, refused, holding := make(chan struct{}), make(chan struct{}, applies()), make(chan struct{}, applies())
	outcomes := make([]outcome, applies())
	ctx, start := t.Context(), make(chan struct{})
	var all sync.WaitGroup
	for i := range outcomes {
		all.Go(func() {
			<-start
			if i < len(crews) {
				out, err := crews[i].run(ctx, crews[i].apply(100+i, "head -n 1 "+pipe)...)
				outcomes[i] = outcome{won: err == nil, out: out}
			} else {
				outcomes[i] = a.once(ctx, i, holding, release)
			}
			if !outcomes[i].won {
				refused <- struct{}{}
			}
		})
	}
	close(start)
	for n, holders := 0, 0; n < applies()-1 && holders < 2; {
		select {
		case <-refused:
			n++
		case <-holding:
			holders++
		}
	}
	close(release)
	if _, err := hold.WriteString(strings.Repeat("go\n", applies())); err != nil {
		t.Fatal(err)
	}
	all.Wait()

	var winners []int
	holder := ""
	for i, o := range outcomes {
		if o.err != nil {
			t.Errorf("%d: %v", i, o.err)
		}
		if o.won {
			winners = append(winners, i)
		} else if o.told != "" && holder == "" {
			holder = o.told
		}
	}
	if len(winners) != 1 {
		t.Fatalf("%d applies at once went through: %v", len(winners), winners)
	}
	if holder == "" { // engines alone: what all of them say
		holder = common(outcomes)
	}
	for i, o := range outcomes {
		if i < len(crews) && !o.won && (!strings.Contains(o.out, "Error acquiring the state lock") || holder == "" || !strings.Contains(o.out, holder)) {
			t.Errorf("engine %d was not told of lock %q:\n%s", i, holder, o.out)
		}
		if i >= len(crews) && !o.won && o.told != holder {
			t.Errorf("client %d was told of lock %q, others of %q", i, o.told, holder)
		}
	}
	if after := a.serials(); len(after) != len(before)+1 || !slices.Equal(after[1:], before) {
		t.Errorf("serials %v became %v", before, after)
	}
}

// once is one try of a client.
func (a *arena) once(ctx context.Context, i int, holding chan<- struct{}, release <-chan struct{}) outcome {
	l := clientLock(i)
	var locked *statestore.LockedError
	switch err := a.store.Lock(ctx, l); {
	case errors.As(err, &locked):
		return outcome{told: locked.Holder.ID}
	case err != nil:
		return outcome{err: err}
	}
	holding <- struct{}{}
	<-release
	return outcome{won: true, err: errors.Join(a.change(ctx, l.ID), a.store.Unlock(ctx, l.ID))}
}

func clientLock(i int) *tfstate.LockInfo {
	return &tfstate.LockInfo{ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), Operation: "OperationTypeApply", Who: fmt.Sprintf("client-%d@test", i), Version: "1.11.4", Created: time.Now().UTC()}
}

// common is the lock ID that every refused engine names.
func common(outcomes []outcome) string {
	count := map[string]int{}
	for _, o := range outcomes {
		ids := uuids.FindAllString(o.out, -1)
		slices.Sort(ids)
		for _, id := range slices.Compact(ids) {
			count[id]++
		}
	}
	for id, n := range count {
		if n == applies()-1 {
			return id
		}
	}
	return ""
}

// noneIsLost lets all of them try until each was let in.
func (a *arena) noneIsLost(crews []crew) {
	t := a.t
	t.Helper()
	before := a.serials()
	ctx := t.Context()
	var all sync.WaitGroup
	for i := range applies() {
		all.Go(func() {
			if i < len(crews) {
				// Again and again, for -lock-timeout doubles the time between its tries.
				for {
					out, err := crews[i].run(ctx, crews[i].apply(200+i, "true")...)
					if err == nil {
						return
					}
					if !strings.Contains(out, "Error acquiring the state lock") {
						t.Errorf("engine %d: %v\n%s", i, err, out)
						return
					}
					backoff(500, 1000)
				}
			}
			l := clientLock(i)
			for {
				var locked *statestore.LockedError
				err := a.store.Lock(ctx, l)
				if err == nil {
					break
				}
				if !errors.As(err, &locked) {
					t.Errorf("client %d: %v", i, err)
					return
				}
				backoff(100, 500)
			}
			if err := errors.Join(a.change(ctx, l.ID), a.store.Unlock(ctx, l.ID)); err != nil {
				t.Errorf("client %d: %v", i, err)
			}
		})
	}
	all.Wait()
	after := a.serials()
	if len(after) != len(before)+applies() || !slices.Equal(after[applies():], before) {
		t.Errorf("%d applies: serials %v became %v", applies(), before, after)
	}
	if held, err := a.store.Locked(ctx); held != nil || err != nil && !errors.Is(err, statestore.ErrCannotTell) {
		t.Errorf("the state is still locked: %+v, %v", held, err)
	}
}

// backoff is the time between two tries, of from as many milliseconds to as many, as
// engines have it too.
func backoff(from, to int) {
	<-time.After(time.Duration(from+rand.IntN(to-from)) * time.Millisecond)
}

// serials are those of all versions, the newest first: each must be there to read, and
// each one less than the one before it.
func (a *arena) serials() []uint64 {
	t := a.t
	t.Helper()
	list, err := a.store.Versions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var serials []uint64
	for _, v := range list {
		raw, err := a.store.Read(t.Context(), v.ID)
		if err != nil {
			t.Fatal(err)
		}
		s, err := tfstate.Read(raw)
		if err != nil {
			t.Fatal(err)
		}
		serials = append(serials, s.Serial)
	}
	slices.Sort(serials) // S3 tells times by the second
	slices.Reverse(serials)
	for i := range serials {
		if i > 0 && serials[i-1] != serials[i]+1 {
			t.Errorf("serials %v: one was lost or written twice", serials)
			break
		}
	}
	return serials
}
