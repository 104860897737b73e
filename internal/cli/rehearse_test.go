package cli_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/cli"
	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/room"
)

const weakSpec = `name    = "weak"
account = "111122223333"
region  = "eu-west-2"

forge "gitlab" {
  project = "acme/infra"
}

state {
  lifecycle = false

  environment "one" {
    principals = ["arn:aws:iam::222233334444:user/terraform"]
    state_keys = ["one"]
  }

  environment "two" {
    principals = ["arn:aws:iam::333344445555:role/ci/terraform"]
    state_keys = ["two"]
  }
}
`

// A person has weakened a statement of the vendored module. The room is built
// all the same, and the rehearsal shows the attack that succeeds.
func TestRehearseOfAWeakenedRoomExitsWithTwo(t *testing.T) {
	if testing.Short() {
		t.Skip("the engine needs half a minute")
	}
	environ := append(os.Environ(), "STRONGROOM_ENGINE="+enginetest.First(t).Path)
	dir := filepath.Join(t.TempDir(), "room")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, room.SpecFile), []byte(weakSpec), 0o644); err != nil {
		t.Fatal(err)
	}
	loaded, _, err := room.Init(dir, room.Options{})
	if err != nil {
		t.Fatal(err)
	}
	module := filepath.Join(dir, "modules", "state-backend", "main.policy.tf")
	text, err := os.ReadFile(module)
	if err != nil {
		t.Fatal(err)
	}
	before, statement, ok := strings.Cut(string(text), `"DenyUploadThatNamesNoKey"`)
	weak := strings.Replace(statement, `["aws:kms"]`, `["none"]`, 1)
	if !ok || weak == statement {
		t.Fatal("the module has no statement DenyUploadThatNamesNoKey to weaken")
	}
	if err := os.WriteFile(module, []byte(before+`"DenyUploadThatNamesNoKey"`+weak), 0o644); err != nil {
		t.Fatal(err)
	}
	was := files(t, dir)
	var stdout, stderr bytes.Buffer
	junit := filepath.Join(t.TempDir(), "report.xml")
	code := cli.Run(t.Context(), []string{"rehearse", dir, "--junit", junit}, strings.NewReader(""), &stdout, &stderr, environ)
	if code != 2 {
		t.Fatalf("exit status %d, want 2\n%s%s", code, stdout.String(), stderr.String())
	}
	// The locks of the baseline and of its alerts have nothing to be tried on here.
	weakened := &lock.World{Room: loaded, Environments: make([]lock.Environment, 2)}
	locks := 0
	for _, l := range lock.All() {
		if _, applies := l.Applies(weakened); applies {
			locks++
		}
	}
	for _, want := range []string{"BROKEN  upload-that-names-no-key", "ATTACK SUCCEEDED", "PutObject with aws:kms and no key", fmt.Sprintf("1 of %d locks do not hold", locks)} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("stdout has no %q:\n%s", want, stdout.String())
		}
	}
	report, err := os.ReadFile(junit)
	if err != nil || !strings.Contains(string(report), fmt.Sprintf(`tests="%d" failures="1"`, locks)) {
		t.Errorf("JUnit report: %v\n%.300s", err, report)
	}
	if now := files(t, dir); now != was {
		t.Errorf("the rehearsal changed the room:\n%s\nwas:\n%s", now, was)
	}
}

// files is everything a room holds, names and contents.
func files(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		b.WriteString(path + "\n" + string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
