package rehearse

import (
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/lock"
	"github.com/strongroom-dev/strongroom/internal/room"
)

// Keys that are not of the sandbox are left out of a spec, and nothing else is.
func TestWithoutKeys(t *testing.T) {
	const arn = `"arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"`
	spec := func(key string) string {
		return "name = \"a\" # kept\n\nstate {\n  environment \"b\" {\n" + key + "    state_keys = [\"b\"]\n  }\n}\n\nbaseline {\n  kms_key_arn = " + arn + "\n}\n"
	}
	got, err := withoutKeys([]byte(spec("    kms_key_arn = " + arn + "\n")))
	if err != nil || string(got) != spec("") {
		t.Errorf("%v:\n%s", err, got)
	}
	if _, err := withoutKeys([]byte("state {")); err == nil {
		t.Error("half a spec is taken")
	}
}

// Every scenario has an example, which is a spec in order.
func TestScenariosHaveExamples(t *testing.T) {
	for _, name := range Scenarios() {
		text, err := examples.FS.ReadFile(name + "/" + room.SpecFile)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := room.Parse(name, text); err != nil {
			t.Error(err)
		}
	}
}

func TestPrincipalHalf(t *testing.T) {
	e := &lock.Environment{Name: "a", Principal: "arn:aws:iam::222233334444:user/terraform"}
	const answer = `{"environments":[{"principals":[{"arn":"arn:aws:iam::222233334444:user/other","policy":[{"Sid":"Other","Effect":"Allow","Action":["kms:Decrypt"],"Resource":["k"]}]},
		{"arn":"arn:aws:iam::222233334444:user/terraform","policy":[{"Sid":"Key","Effect":"Allow","Action":["kms:Decrypt"],"Resource":["k"]},{"Sid":"State","Effect":"Allow","Action":["s3:GetObject"],"Resource":["o"]}]}]}]}`
	half, err := principalHalf(lock.Ran{Stdout: answer, Exit: 2}, e)
	if err != nil || len(half) != 1 {
		t.Errorf("%v, %v: want the one statement on the key", half, err)
	}
	for name, ran := range map[string]lock.Ran{
		"no answer":    {Exit: 1, Stderr: "no credentials"},
		"no statement": {Stdout: strings.ReplaceAll(answer, "kms:", "s3:"), Exit: 2},
		"of another":   {Stdout: strings.ReplaceAll(answer, "user/terraform", "user/third"), Exit: 2},
	} {
		if half, err := principalHalf(ran, e); err == nil {
			t.Errorf("%s: %v", name, half)
		}
	}
}
