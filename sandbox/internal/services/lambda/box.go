package lambda

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// begin is how long a function has for its initialisation, apart from its timeout.
// Source: Lambda Developer Guide "Understanding the Lambda execution environment lifecycle":
// the Init phase is limited to 10 seconds, and is then repeated within the function's
// timeout; here it goes on instead.
const begin = 10 * time.Second

// box is an execution environment: a directory, a process, and its Runtime API. One
// invocation at a time uses it.
type box struct {
	function, version, revision string
	expires                     time.Time
	stream                      string // of the logs
	dir                         string
	output                      *os.File
	read                        int64 // how much of output was told of
	cmd                         *exec.Cmd
	api                         *runtimeAPI
	dead                        chan struct{} // closed when the process has ended
	exit                        error         // how, then
	fault                       string        // why it was not even started; empty: it was
	streamed                    bool          // its log stream is there
	closing                     sync.Once
}

// newBox unpacks the code and starts it. A function whose code cannot be started has a box
// that says so to the invocation.
func newBox(w *work, session *ststypes.Credentials, environ []string) (_ *box, err error) {
	b := &box{function: w.f.key(), version: w.v.Number, revision: w.v.Revision, expires: *session.Expiration, dead: make(chan struct{})}
	if b.dir, err = os.MkdirTemp("", "strongroom-function-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			b.close()
		}
	}()
	task, scratch := filepath.Join(b.dir, "task"), filepath.Join(b.dir, "tmp")
	if err := errors.Join(os.Mkdir(task, 0o700), os.Mkdir(scratch, 0o700)); err != nil {
		return nil, err
	}
	if err := unpack(w.zip, task); err != nil {
		return nil, err
	}
	if b.output, err = os.OpenFile(filepath.Join(b.dir, "output"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	if b.api, err = newRuntimeAPI(); err != nil {
		return nil, err
	}
	b.stream = session.Expiration.UTC().Add(-time.Hour).Format("2006/01/02") + "/[" + w.v.Number + "]" + strings.ReplaceAll(b.api.id, "-", "")
	b.cmd = exec.Command(filepath.Join(task, "bootstrap"))
	b.cmd.Dir, b.cmd.Stdout, b.cmd.Stderr = task, b.output, b.output
	b.cmd.Env = append(b.variables(w, session, task, scratch), around(environ)...)
	apart(b.cmd)
	if err := b.cmd.Start(); err != nil {
		b.fault = "RequestId: %s Error: Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"
		if errors.Is(err, os.ErrPermission) {
			b.fault = "RequestId: %s Error: fork/exec /var/task/bootstrap: permission denied"
		}
		close(b.dead)
		return b, nil
	}
	go func() {
		b.exit = b.cmd.Wait()
		end(b.cmd) // what it left behind
		close(b.dead)
	}()
	return b, nil
}

// around is what makes the process use the sandbox, without the credentials, the region and
// the control channel of who started it.
func around(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		return slices.Contains([]string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "STRONGROOM_SANDBOX"}, name)
	})
}

// variables are what Lambda sets, after the function's own.
// Source: Lambda Developer Guide "Defined runtime environment variables".
func (b *box) variables(w *work, session *ststypes.Credentials, task, scratch string) []string {
	var own []string
	for name, value := range w.variables {
		own = append(own, name+"="+value)
	}
	slices.Sort(own)
	return append(own,
		"_HANDLER="+w.v.Handler, "AWS_REGION="+w.f.Region, "AWS_DEFAULT_REGION="+w.f.Region,
		"AWS_LAMBDA_FUNCTION_NAME="+w.f.Name, "AWS_LAMBDA_FUNCTION_VERSION="+w.v.Number, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE="+strconv.Itoa(int(w.v.Memory)),
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_GROUP_NAME="+w.v.logGroup(w.f), "AWS_LAMBDA_LOG_STREAM_NAME="+b.stream,
		"AWS_ACCESS_KEY_ID="+*session.AccessKeyId, "AWS_SECRET_ACCESS_KEY="+*session.SecretAccessKey, "AWS_SESSION_TOKEN="+*session.SessionToken,
		"AWS_LAMBDA_RUNTIME_API="+b.api.address(), "LAMBDA_TASK_ROOT="+task, "LAMBDA_RUNTIME_DIR="+task, "TMPDIR="+scratch,
		"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=en_US.UTF-8", "TZ=:UTC",
	)
}

// unpack writes a zip file into a directory.
func unpack(packed []byte, dir string) error {
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return err
	}
	for _, f := range z.File {
		if !filepath.IsLocal(f.Name) {
			return fmt.Errorf("the zip file has the path %q, which leads out of it", f.Name)
		}
		name := filepath.Join(dir, filepath.FromSlash(f.Name))
		if f.FileInfo().IsDir() {
			if err := os.MkdirAll(name, 0o700); err != nil {
				return err
			}
			continue
		}
		if !f.Mode().IsRegular() {
			return fmt.Errorf("the zip file's %q is no regular file: the sandbox unpacks no other", f.Name)
		}
		if err := unpackFile(f, name); err != nil {
			return err
		}
	}
	return nil
}

func unpackFile(f *zip.File, name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, f.Mode().Perm()|0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, io.LimitReader(in, maxBytes))
	return errors.Join(err, out.Close())
}

// healthy reports a process that can take another invocation.
func (b *box) healthy() bool {
	select {
	case <-b.dead:
		return false
	default:
		return true
	}
}

// serve executes one invocation.
func (b *box) serve(ctx context.Context, w *work, request string, payload []byte) *outcome {
	limit := time.Duration(w.v.Timeout) * time.Second
	log := &strings.Builder{}
	fmt.Fprintf(log, "START RequestId: %s Version: %s\n", request, w.v.Number)
	peak := b.watch(int(w.v.Memory))
	started := time.Now()
	x := b.await(ctx, w, request, payload, limit)
	took := time.Since(started)
	memory := peak()
	b.told(log)
	if x.failed && !b.healthy() {
		fmt.Fprintf(log, "%s\n", messageOf(x.payload))
	}
	fmt.Fprintf(log, "END RequestId: %s\nREPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %d ms\tMemory Size: %d MB\tMax Memory Used: %d MB\t\n",
		request, request, float64(took.Microseconds())/1000, took.Milliseconds()+1, w.v.Memory, memory)
	x.log = log.String()
	return x
}

// await gives the process its invocation and waits for the answer.
func (b *box) await(ctx context.Context, w *work, request string, payload []byte, limit time.Duration) *outcome {
	if b.fault != "" {
		return failure("Runtime.InvalidEntrypoint", b.fault, request)
	}
	timer := time.NewTimer(begin)
	defer timer.Stop()
	for waiting := true; waiting; {
		select {
		case <-b.api.ready:
			waiting = false
		case <-timer.C:
			waiting = false // it goes on within the timeout
		case <-b.dead:
			return b.ended(request)
		case <-ctx.Done():
			return b.cut(request)
		}
	}
	timer.Reset(limit)
	job := &job{request: request, arn: w.f.arn(), payload: payload, deadline: time.Now().Add(limit), answer: make(chan *outcome, 1)}
	if w.v.Number != latest {
		job.arn += ":" + w.v.Number
	}
	select {
	case b.api.jobs <- job:
	case <-b.dead:
		return b.ended(request)
	case <-timer.C:
		return b.timeout(request, limit)
	case <-ctx.Done():
		return b.cut(request)
	}
	select {
	case x := <-job.answer:
		// It is over when the process asks for the next one.
		select {
		case <-b.api.ready:
			b.api.again()
		case <-b.dead:
		case <-timer.C:
			b.kill()
		case <-ctx.Done():
			b.kill()
		}
		return x
	case <-b.dead:
		select {
		case x := <-job.answer: // it answered, and ended
			return x
		default:
		}
		return b.ended(request)
	case <-timer.C:
		return b.timeout(request, limit)
	case <-ctx.Done():
		return b.cut(request)
	}
}

// failure is the payload of an error that Lambda itself tells of.
// Source: Lambda Developer Guide "Troubleshoot execution issues in Lambda".
func failure(kind, format string, args ...any) *outcome {
	payload, err := json.Marshal(map[string]string{"errorType": kind, "errorMessage": fmt.Sprintf(format, args...)})
	if err != nil {
		panic(err) // texts
	}
	return &outcome{payload: payload, failed: true}
}

func messageOf(payload []byte) string {
	var e struct{ ErrorMessage string }
	_ = json.Unmarshal(payload, &e) // it is ours, or has no message
	return e.ErrorMessage
}

func (b *box) timeout(request string, limit time.Duration) *outcome {
	b.kill()
	return failure("Sandbox.Timedout", "RequestId: %s Error: Task timed out after %.2f seconds", request, limit.Seconds())
}

func (b *box) cut(request string) *outcome {
	b.kill()
	return failure("Runtime.ExitError", "RequestId: %s Error: the sandbox has ended", request)
}

func (b *box) ended(request string) *outcome {
	if x := b.api.failedInit(); x != nil {
		return x
	}
	if b.exit == nil {
		return failure("Runtime.ExitError", "RequestId: %s Error: Runtime exited without providing a reason", request)
	}
	return failure("Runtime.ExitError", "RequestId: %s Error: Runtime exited with error: %v", request, b.exit)
}

// told appends what the process has written since.
func (b *box) told(to io.Writer) {
	n, err := io.Copy(to, io.NewSectionReader(b.output, b.read, 1<<20))
	if b.read += n; err != nil {
		fmt.Fprintf(to, "the sandbox cannot read the function's output: %v\n", err)
	}
}

// watch ends the process when it has more memory than its function, in MB. The result stops
// it and says how much there was.
func (b *box) watch(limit int) func() int {
	stop, done := make(chan struct{}), make(chan int)
	go func() {
		peak := 0
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		look := func() {
			if b.fault == "" {
				peak = max(peak, resident(b.cmd.Process.Pid))
			}
		}
		look()
		for {
			select {
			case <-stop:
				done <- peak
				return
			case <-tick.C:
				if look(); peak > limit && b.healthy() {
					b.kill()
				}
			}
		}
	}()
	return func() int {
		close(stop)
		return <-done
	}
}

// resident is the memory of a process in MB; 0: it is not known.
func resident(pid int) int {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	field := strings.Fields(string(raw))
	if len(field) < 2 {
		return 0
	}
	pages, err := strconv.Atoi(field[1])
	if err != nil {
		return 0
	}
	return pages * os.Getpagesize() >> 20
}

// kill ends the process and waits until it has ended.
func (b *box) kill() {
	if b.fault == "" && b.cmd != nil && b.cmd.Process != nil {
		end(b.cmd)
		<-b.dead
	}
}

func (b *box) close() {
	b.closing.Do(func() {
		b.kill()
		if b.api != nil {
			b.api.close()
		}
		if b.output != nil {
			_ = b.output.Close()
		}
		_ = os.RemoveAll(b.dir) // what stays is in the system's temporary directory
	})
}

// httpError answers the Runtime API's caller.
func httpError(w http.ResponseWriter, status int, kind, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"errorType": kind, "errorMessage": message}) // a process that is gone needs none
}
