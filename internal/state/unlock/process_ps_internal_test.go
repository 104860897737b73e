//go:build unix

package unlock

import (
	"os"
	"os/exec"
	"testing"
	"time"
)

// Lines as macOS prints them, and such as have no process.
func TestPSLine(t *testing.T) {
	at := time.Date(2026, 3, 1, 9, 5, 7, 0, time.UTC)
	for line, want := range map[string]Process{
		"  501   502 S+   Sun Mar  1 09:05:07 2026     /opt/homebrew/bin/terraform":              {PID: 501, Command: "terraform", Started: at},
		"  502   502 Ss   Sun Mar  1 09:05:07 2026     /Applications/My Tools.app/Contents/tofu": {PID: 502, Command: "tofu", Started: at},
		"99999     0 R    Sun Mar  1 09:05:07 2026     -zsh":                                     {PID: 99999, Command: "-zsh", Started: at},
		"  503   502 S    So  1 Mär 09:05:07 2026      terraform":                                {PID: 503, Command: "terraform"}, // a start that is not understood is none
	} {
		if p, uid, ok := psLine(line); !ok || p != want || uid == "" {
			t.Errorf("%q: %+v of %q, %t; want %+v", line, p, uid, ok, want)
		}
	}
	for _, line := range []string{"", "PID", "  504   502 Z    Sun Mar  1 09:05:07 2026     (terraform)", "x 502 S Sun Mar 1 09:05:07 2026 terraform"} {
		if p, _, ok := psLine(line); ok {
			t.Errorf("%q: %+v", line, p)
		}
	}
}

// What ps says of this process is what the system says.
func TestFromPS(t *testing.T) {
	if _, err := exec.LookPath("/bin/ps"); err != nil {
		t.Skip("there is no ps here")
	}
	list, err := fromPS()
	if err != nil {
		t.Fatal(err)
	}
	all, err := Processes()
	if err != nil {
		t.Fatal(err)
	}
	find := func(list []Process) *Process {
		for i := range list {
			if list[i].PID == os.Getpid() {
				return &list[i]
			}
		}
		return nil
	}
	got, want := find(list), find(all)
	if got == nil || want == nil {
		t.Fatalf("this process does not run: %+v, %+v", got, want)
	}
	if d := got.Started.Sub(want.Started); got.User != want.User || d < -slack || d > slack {
		t.Errorf("%+v, want %+v", got, want)
	}
}
