package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/strongroom-dev/strongroom/internal/sink/sinktest"
	"github.com/strongroom-dev/strongroom/sandbox"
)

const shared = "correct-horse-battery-staple"

// program builds the program once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "alert-sink")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-trimpath", "-o", file, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return file, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if file, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(file)) // a directory of ours under the system's
	}
	os.Exit(code)
}

// account is a sandbox with the sink's parameters, and the stand-ins.
type account struct {
	t        *testing.T
	sandbox  *sandbox.Sandbox
	pushover *sinktest.Pushover
	ntfy     *sinktest.Ntfy
	output   *output
	ended    chan struct{}
	process  *exec.Cmd
}

func newAccount(t *testing.T) *account {
	t.Helper()
	s, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	client := ssm.NewFromConfig(s.Config(s.Credentials()))
	for name, value := range map[string]string{"token": sinktest.PushoverToken, "user": sinktest.PushoverUser, "topic": sinktest.NtfyTopic, "ntfy": sinktest.NtfyToken, "secret": shared} {
		if _, err := client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/foundations/alert-sink/" + name), Value: &value, Type: types.ParameterTypeSecureString}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/foundations/open"), Value: aws.String(shared), Type: types.ParameterTypeString}); err != nil {
		t.Fatal(err)
	}
	return &account{t: t, sandbox: s, pushover: sinktest.NewPushover(t), ntfy: sinktest.NewNtfy(t), output: &output{lines: make(chan string, 100)}, ended: make(chan struct{})}
}

// start runs the program in the account, with further variables.
func (a *account) start(extra ...string) {
	a.t.Helper()
	file, err := program()
	if err != nil {
		a.t.Fatal(err)
	}
	const p = "_PARAMETER=/foundations/alert-sink/"
	a.process = exec.Command(file)
	a.process.Stderr = a.output
	a.process.Env = append(a.sandbox.Env(), "SINK_PUSHOVER_URL="+a.pushover.URL, "SINK_NTFY_URL="+a.ntfy.URL, "SINK_ADDRESS=127.0.0.1:0",
		"SINK_PUSHOVER_TOKEN"+p+"token", "SINK_PUSHOVER_USER"+p+"user", "SINK_NTFY_TOPIC"+p+"topic", "SINK_NTFY_TOKEN"+p+"ntfy", "SINK_SECRET"+p+"secret")
	a.process.Env = append(a.process.Env, extra...)
	if err := a.process.Start(); err != nil {
		a.t.Fatal(err)
	}
	go func() {
		_ = a.process.Wait() // the tests look at the state
		close(a.ended)
	}()
	a.t.Cleanup(func() {
		_ = a.process.Process.Kill() // it may have ended
		<-a.ended
		for _, secret := range []string{shared, sinktest.PushoverToken, sinktest.PushoverUser, sinktest.NtfyTopic, sinktest.NtfyToken} {
			if strings.Contains(a.output.String(), secret) {
				a.t.Errorf("a secret was shown:\n%s", a.output)
			}
		}
	})
}

func (a *account) told(pushover, ntfy int) {
	a.t.Helper()
	if p, n := len(a.pushover.Messages()), len(a.ntfy.Messages()); p != pushover || n != ntfy {
		a.t.Errorf("Pushover has %d messages and ntfy %d, want %d and %d\n%s", p, n, pushover, ntfy, a.output)
	}
}

// In Lambda: events come by the Runtime API, secrets from SSM, once.
func TestAsALambdaFunction(t *testing.T) {
	a := newAccount(t)
	runtime := sinktest.NewRuntime(t)
	a.start("AWS_LAMBDA_RUNTIME_API=" + runtime.Address)
	event, err := os.ReadFile("../../examples/alerts/guardduty-high.json")
	if err != nil {
		t.Fatal(err)
	}
	if got := runtime.Call(t, a.ended, event); got.Error != "" || !bytes.Contains(got.Body, []byte(`"told":2`)) {
		t.Fatalf("%+v\n%s", got, a.output)
	}
	a.told(1, 1)
	// Lambda tries again what failed, and only what failed is told.
	second := []byte(`{"title":"t","message":"m","severity":"critical","key":"second"}`)
	a.pushover.FailAlways(&sinktest.Failure{Status: 400})
	a.ntfy.FailAlways(&sinktest.Failure{Status: 403})
	if got := runtime.Call(t, a.ended, second); !strings.Contains(got.Error, "1 of 1 alerts reached nobody") {
		t.Errorf("%+v", got)
	}
	a.ntfy.FailAlways(nil)
	if got := runtime.Call(t, a.ended, second); got.Error != "" || !bytes.Contains(got.Body, []byte(`"target":"pushover"`)) {
		t.Errorf("%+v", got)
	}
	a.pushover.FailAlways(nil)
	for range 2 {
		if got := runtime.Call(t, a.ended, second); got.Error != "" {
			t.Errorf("%+v", got)
		}
	}
	a.told(2, 2)
	if got := runtime.Call(t, a.ended, []byte(`{"hello":"world"}`)); !strings.Contains(got.Error, "its members are hello") {
		t.Errorf("%+v", got)
	}
	reads := 0
	for _, e := range a.sandbox.Events() {
		if e.EventName == "GetParameters" {
			reads++
		}
	}
	if reads != 1 {
		t.Errorf("the parameters were read %d times", reads)
	}
}

var listening = regexp.MustCompile(`"msg":"listening","address":"([^"]+)"`)

// As a server: alerts come by HTTP, SIGTERM ends it with status 0.
func TestAsAServer(t *testing.T) {
	a := newAccount(t)
	a.start()
	address := ""
	for address == "" {
		select {
		case line := <-a.output.lines:
			if m := listening.FindStringSubmatch(line); m != nil {
				address = m[1]
			}
		case <-a.ended:
			t.Fatalf("it ended: %s", a.output)
		}
	}
	post := func(secret string) (int, string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/", strings.NewReader(`{"title":"t","message":"m","severity":"critical"}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+secret)
		w, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Body.Close()
		body, err := io.ReadAll(w.Body)
		if err != nil || !json.Valid(body) {
			t.Fatalf("%s, %v", body, err)
		}
		return w.StatusCode, string(body)
	}
	if status, body := post("wrong"); status != 401 {
		t.Errorf("%d %s", status, body)
	}
	if status, body := post(shared); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	a.told(1, 1)
	if err := a.process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-a.ended
	if code := a.process.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status %d\n%s", code, a.output)
	}
}

func TestItDoesNotStartWithoutItsSecrets(t *testing.T) {
	for variable, want := range map[string]string{
		"SINK_SECRET_PARAMETER=/foundations/alert-sink/nothing": "there is no such SSM parameter",
		"SINK_SECRET_PARAMETER=/foundations/open":               "the parameter is a String",
		"SINK_NTFY_TOKEN=x":                                     "SINK_NTFY_TOKEN is no variable of the alert sink",
	} {
		a := newAccount(t)
		a.start(variable)
		<-a.ended
		if code := a.process.ProcessState.ExitCode(); code != 1 || !strings.Contains(a.output.String(), want) {
			t.Errorf("%s: exit status %d\n%s", variable, code, a.output)
		}
	}
}

// output keeps what a process wrote, and hands its lines on.
type output struct {
	mu    sync.Mutex
	all   bytes.Buffer
	part  []byte
	lines chan string
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all.Write(p)
	o.part = append(o.part, p...)
	for {
		line, rest, ok := bytes.Cut(o.part, []byte("\n"))
		if !ok {
			return len(p), nil
		}
		o.part = rest
		select {
		case o.lines <- string(line):
		default: // nobody reads them any more
		}
	}
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}
