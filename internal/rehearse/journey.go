package rehearse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/engine"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// journey is a stack whose state travels with one engine, as lock.Journey.
type journey struct {
	r           *Rehearsal
	binary      engine.Binary
	environment string
	stack       state.Stack
	dir         string

	at    lock.Place
	began *tfstate.Snapshot
}

func (j *journey) Engine() string           { return j.binary.Name }
func (j *journey) Key() string              { return j.stack.Key }
func (j *journey) Began() *tfstate.Snapshot { return j.began }

// To brings the state to a place.
func (j *journey) To(ctx context.Context, p lock.Place) error {
	way := lock.Way()
	if j.at == "" || slices.Index(way, j.at) > slices.Index(way, p) {
		if err := j.begin(ctx); err != nil {
			return fmt.Errorf("%s: begin: %w", j.binary.Name, err)
		}
	}
	for j.at != p {
		ran, err := j.Hop(ctx)
		if err := said(ran, err); err != nil {
			return fmt.Errorf("%s: from %s on: %w", j.binary.Name, j.at, err)
		}
	}
	return nil
}

// begin writes the stack into an empty directory and applies it with a local state.
// What earlier journeys left is removed.
func (j *journey) begin(ctx context.Context) error {
	j.at = ""
	if err := j.clear(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(j.dir, 0o755); err != nil {
		return err
	}
	const stack = `terraform {
  backend "local" {}
}

resource "terraform_data" "first" {
  input = "first"
}

resource "terraform_data" "second" {
  count = 3
  input = terraform_data.first.output
}

output "names" {
  value = terraform_data.second[*].output
}
`
	if err := os.WriteFile(filepath.Join(j.dir, "main.tf"), []byte(stack), 0o644); err != nil {
		return err
	}
	e, err := j.engine()
	if err != nil {
		return err
	}
	if err := e.Init(ctx); err != nil {
		return err
	}
	if err := e.Apply(ctx); err != nil {
		return err
	}
	j.at = lock.Local
	j.began, err = j.Read(ctx, lock.Local)
	return err
}

// clear removes the stack's directory, its states at every place, and what the
// commands remember of it; what they remember of other stacks stays.
func (j *journey) clear(ctx context.Context) error {
	remembered, err := filepath.Glob(filepath.Join(j.r.Room.Dir, ".strongroom", "*"+j.stack.Name+"*"))
	if err != nil {
		return err
	}
	for _, path := range append(remembered, j.dir) {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	w := j.r.World
	client := s3.NewFromConfig(j.r.config(&w.Operator))
	pages := s3.NewListObjectVersionsPaginator(client, &s3.ListObjectVersionsInput{Bucket: &w.Bucket, Prefix: &j.stack.Key})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var gone []types.ObjectIdentifier
		for _, v := range page.Versions {
			gone = append(gone, types.ObjectIdentifier{Key: v.Key, VersionId: v.VersionId})
		}
		for _, m := range page.DeleteMarkers {
			gone = append(gone, types.ObjectIdentifier{Key: m.Key, VersionId: m.VersionId})
		}
		if len(gone) == 0 {
			continue
		}
		if _, err := client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &w.Bucket, Delete: &types.Delete{Objects: gone}}); err != nil {
			return err
		}
	}
	m, err := w.GitLab.Member("maintainer")
	if err != nil {
		return err
	}
	for _, request := range []struct{ method, path string }{{http.MethodDelete, "/lock"}, {http.MethodDelete, ""}} {
		if _, _, err := j.gitlab(ctx, request.method, request.path, m, nil); err != nil {
			return err
		}
	}
	return nil
}

func (j *journey) environ(set ...string) ([]string, error) {
	m, err := j.r.World.GitLab.Member("maintainer")
	if err != nil {
		return nil, err
	}
	environ := append(slices.Clone(j.r.environ), "TF_HTTP_USERNAME="+m.User, "TF_HTTP_PASSWORD="+m.Token)
	return append(environ, set...), nil
}

func (j *journey) engine(set ...string) (*engine.Engine, error) {
	environ, err := j.environ(set...)
	if err != nil {
		return nil, err
	}
	e, err := engine.New(j.binary, j.dir, engine.Options{Environ: environ})
	if err == nil {
		j.r.engines = append(j.r.engines, e)
	}
	return e, err
}

// kinds are the places in the words of "state migrate --to".
var kinds = map[lock.Place]string{lock.Local: "local", lock.InS3: "s3", lock.InGitLab: "http", lock.BackInS3: "s3"}

// Hop runs the migration to the next place.
func (j *journey) Hop(ctx context.Context, set ...string) (lock.Ran, error) {
	way := lock.Way()
	next := slices.Index(way, j.at) + 1
	if next >= len(way) {
		return lock.Ran{}, errors.New("the journey is over")
	}
	environ, err := j.environ(append([]string{"STRONGROOM_ENGINE=" + j.binary.Path}, set...)...)
	if err != nil {
		return lock.Ran{}, err
	}
	to := kinds[way[next]]
	if to == "s3" {
		environ = append(environ, knobVariable+"="+j.r.World.Environments[0].KeyARN)
	}
	ran, err := j.r.options.Command(ctx, Command{
		Args: []string{"state", "migrate", "--to", to, "--env", j.environment, "--stack", j.stack.Name, "--yes"},
		Dir:  j.r.Room.Dir, Environ: environ,
	})
	if err == nil && ran.Exit == 0 {
		j.at = way[next]
	}
	return ran, err
}

// raw reads the state at a place; nil: there is none.
func (j *journey) raw(ctx context.Context, p lock.Place) ([]byte, error) {
	switch p {
	case lock.Local:
		text, err := os.ReadFile(filepath.Join(j.dir, "terraform.tfstate"))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return text, err
	case lock.InGitLab:
		m, err := j.r.World.GitLab.Member("maintainer")
		if err != nil {
			return nil, err
		}
		status, text, err := j.gitlab(ctx, http.MethodGet, "", m, nil)
		if err != nil || status == http.StatusNotFound || status == http.StatusNoContent {
			return nil, err
		}
		if status != http.StatusOK {
			return nil, fmt.Errorf("GitLab answers %d", status)
		}
		return text, nil
	}
	text, err := j.s3().Read(ctx, "")
	if errors.Is(err, statestore.ErrNone) {
		return nil, nil
	}
	return text, err
}

func (j *journey) s3() *statestore.S3 {
	w := j.r.World
	return &statestore.S3{Client: s3.NewFromConfig(j.r.config(&w.Operator)), Bucket: w.Bucket, Key: j.stack.Key}
}

// Read is what the state is at a place.
func (j *journey) Read(ctx context.Context, p lock.Place) (*tfstate.Snapshot, error) {
	text, err := j.raw(ctx, p)
	if err != nil || text == nil {
		return nil, err
	}
	return tfstate.Read(text)
}

// Meddle writes a state without resources over the one at a place.
func (j *journey) Meddle(ctx context.Context, p lock.Place) error {
	now, err := j.Read(ctx, p)
	if err != nil {
		return err
	}
	if now == nil {
		return fmt.Errorf("there is no state in %s to meddle with", p)
	}
	return j.write(ctx, p, fmt.Appendf(nil, `{"version":4,"terraform_version":%q,"serial":%d,"lineage":%q,"outputs":{},"resources":[],"check_results":null}`, now.Engine, now.Serial+1, now.Lineage))
}

// write puts a state at a place, past every engine.
func (j *journey) write(ctx context.Context, p lock.Place, text []byte) error {
	w := j.r.World
	switch p {
	case lock.Local:
		return os.WriteFile(filepath.Join(j.dir, "terraform.tfstate"), text, 0o600)
	case lock.InGitLab:
		m, err := w.GitLab.Member("maintainer")
		if err != nil {
			return err
		}
		status, _, err := j.gitlab(ctx, http.MethodPost, "", m, text)
		if err == nil && status != http.StatusOK {
			err = fmt.Errorf("GitLab answers %d to a state", status)
		}
		return err
	}
	_, err := s3.NewFromConfig(j.r.config(&w.Operator)).PutObject(ctx, &s3.PutObjectInput{
		Bucket: &w.Bucket, Key: &j.stack.Key, Body: bytes.NewReader(text), ServerSideEncryption: types.ServerSideEncryptionAwsKms, SSEKMSKeyId: &w.Environments[0].KeyARN,
	})
	return err
}

// Lose deletes the state in GitLab.
func (j *journey) Lose(ctx context.Context, p lock.Place) (func() error, error) {
	if p != lock.InGitLab {
		return nil, fmt.Errorf("a state in %s is not to be lost", p)
	}
	text, err := j.raw(ctx, p)
	if err != nil {
		return nil, err
	}
	m, err := j.r.World.GitLab.Member("maintainer")
	if err != nil {
		return nil, err
	}
	for _, path := range []string{"/lock", ""} {
		if _, _, err := j.gitlab(ctx, http.MethodDelete, path, m, nil); err != nil {
			return nil, err
		}
	}
	return func() error { return j.write(context.WithoutCancel(ctx), p, text) }, nil
}

// Plan plans the stack where it is.
func (j *journey) Plan(ctx context.Context, set ...string) (changes []string, refused string, err error) {
	e, err := j.engine(set...)
	if err != nil {
		return nil, "", err
	}
	file := filepath.Join(j.r.work, j.stack.Name+".tfplan")
	defer os.Remove(file)
	_, changed, err := e.Plan(ctx, file)
	if refused, err = refusal(ctx, err); err != nil || refused != "" {
		return nil, refused, err
	}
	if changed {
		changes = []string{"the engine has something to do"}
	}
	return changes, "", nil
}

// Lock takes the state's lock at a place as somebody else.
func (j *journey) Lock(ctx context.Context, p lock.Place) (func() error, error) {
	info := j.foreignLock()
	if p == lock.InS3 || p == lock.BackInS3 {
		store := j.s3()
		store.LockKeyARN = j.r.World.Environments[0].KeyARN
		return func() error { return store.Unlock(context.WithoutCancel(ctx), info.ID) }, store.Lock(ctx, info)
	}
	if p != lock.InGitLab {
		return nil, fmt.Errorf("nobody but a process of this machine locks a state in %s", p)
	}
	m, err := j.r.World.GitLab.Member("maintainer")
	if err != nil {
		return nil, err
	}
	status, _, err := j.gitlab(ctx, http.MethodPost, "/lock", m, info.Text())
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("GitLab answers %d to a lock", status)
	}
	return func() error { return j.unlock(context.WithoutCancel(ctx), info) }, err
}

// foreignLock is the lock of somebody on another machine.
func (j *journey) foreignLock() *tfstate.LockInfo {
	return &tfstate.LockInfo{
		ID: "5f4dcc3b-5aa7-4d61-8327-deb882cf9911", Operation: "OperationTypeApply", Who: "somebody@elsewhere",
		Version: j.binary.Version, Created: j.r.Sandbox.Now(), Path: j.stack.Key,
	}
}

// unlock gives a lock in GitLab back. That nobody has it any more is fine.
func (j *journey) unlock(ctx context.Context, info *tfstate.LockInfo) error {
	m, err := j.r.World.GitLab.Member("maintainer")
	if err == nil {
		_, _, err = j.gitlab(ctx, http.MethodDelete, "/lock?ID="+info.ID, m, nil)
	}
	return err
}

// Ask makes a request to GitLab about the state, and undoes what was let through.
func (j *journey) Ask(ctx context.Context, r lock.Request, as *lock.Member) (int, error) {
	text, err := j.raw(ctx, lock.InGitLab)
	if err != nil {
		return 0, err
	}
	now, err := tfstate.Read(text)
	if err != nil {
		return 0, err
	}
	version := fmt.Sprintf("/versions/%d", now.Serial)
	ask := func(method, path string, body []byte) (int, error) {
		status, _, err := j.gitlab(ctx, method, path, as, body)
		return status, err
	}
	putBack := func(status int, err error) (int, error) {
		if err == nil && status < 300 {
			err = j.write(ctx, lock.InGitLab, text)
		}
		return status, err
	}
	switch r {
	case lock.ReadState:
		return ask(http.MethodGet, "", nil)
	case lock.ReadVersion:
		return ask(http.MethodGet, version, nil)
	case lock.WriteState:
		// GitLab answers 204 to an empty state of whoever may write, and keeps what it has.
		return ask(http.MethodPost, "", nil)
	case lock.LockState:
		info := j.foreignLock()
		status, err := ask(http.MethodPost, "/lock", info.Text())
		if err == nil && status < 300 {
			err = j.unlock(ctx, info)
		}
		return status, err
	case lock.UnlockState:
		release, err := j.Lock(ctx, lock.InGitLab)
		if err != nil {
			return 0, err
		}
		status, err := ask(http.MethodDelete, "/lock", nil)
		return status, errors.Join(err, release())
	case lock.DeleteVersion:
		return putBack(ask(http.MethodDelete, version, nil))
	case lock.DeleteState:
		return putBack(ask(http.MethodDelete, "", nil))
	}
	return 0, fmt.Errorf("no such request: %s", r)
}

// gitlab sends a request about the state to GitLab at its own host name. The answer's
// text is secret.
func (j *journey) gitlab(ctx context.Context, method, path string, as *lock.Member, body []byte) (int, []byte, error) {
	f := j.r.Room.Forge
	at := f.Issuer + "/api/v4/projects/" + strings.ReplaceAll(f.Project, "/", "%2F") + "/terraform/state/" + j.stack.HTTPName() + path
	req, err := http.NewRequestWithContext(ctx, method, at, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	if as != nil {
		req.SetBasicAuth(as.User, as.Token)
	}
	client := j.r.Sandbox.HTTPClient()
	defer client.CloseIdleConnections()
	answer, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, text, err
}
