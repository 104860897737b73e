package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// silence is how long AWS may answer nothing before an engine is stopped, when
// Options.Silence is zero. Providers and backends ask again by themselves, the
// provider 25 times and for minutes, so a short interruption is theirs to bridge.
const silence = time.Minute

// answerTime bounds one request of this program's own, body included.
const answerTime = 30 * time.Second

// bounded gives a client that waits for ever, as the SDK's does by default, a
// bound for each request. A client of the caller's own stays as it is.
func bounded(cfg aws.Config) aws.Config {
	switch c := cfg.HTTPClient.(type) {
	case nil:
		cfg.HTTPClient = awshttp.NewBuildableClient().WithTimeout(answerTime)
	case *awshttp.BuildableClient:
		if c.GetTimeout() == 0 {
			cfg.HTTPClient = c.WithTimeout(answerTime)
		}
	}
	return cfg
}

// errSilent is why an engine was stopped that nobody answered.
var errSilent = errors.New("AWS does not answer")

// answers asks AWS once who is asking. A refusal is an answer, and so is what
// ends before a request: credentials that cannot be had say nothing of AWS.
// Source: STS API_GetCallerIdentity: "No permissions are required".
func (c *cloud) answers(ctx context.Context, patience time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := c.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}, func(o *sts.Options) { o.RetryMaxAttempts = 1 })
	if asked(err) || ctx.Err() != nil {
		return err
	}
	return nil
}

// watched runs an engine command and stops it, as Ctrl-C would, when AWS has
// not answered for Options.Silence: the command would ask for much longer, and
// nobody would know what it is waiting for.
func (b *run) watched(ctx context.Context, command func(context.Context) error) error {
	within, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.listen(within, cancel)
	}()
	err := command(within)
	stopped := errors.Is(context.Cause(within), errSilent)
	cancel(nil)
	<-ended
	if err != nil && stopped {
		return errors.Join(errSilent, err)
	}
	return err
}

// listen asks whether AWS answers until ctx ends, and cancels it when AWS has
// been silent for too long.
func (b *run) listen(ctx context.Context, cancel context.CancelCauseFunc) {
	every := b.Silence / 6
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	heard, told := time.Now(), false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := b.cloud.answers(ctx, every)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			heard, told = time.Now(), false
		case time.Since(heard) >= b.Silence:
			cancel(errSilent)
			return
		case !told:
			told = true
			b.Note(fmt.Sprintf("AWS does not answer; the engine is stopped if that lasts %s (Ctrl-C stops it now)", b.Silence))
		}
	}
}

// unreachable says that nobody answered.
func unreachable(step string, err error) error {
	return &diag.Diagnostic{
		Rule: "bootstrap-unreachable", Summary: "AWS does not answer; stopped during " + step, Err: err,
		Why: "nothing is lost: what was made is recorded, or is found and adopted by the next run",
		Fix: "check the network, HTTPS_PROXY and, in a sandbox, that it still runs (started again, it needs the same --data);\nthen " + again,
	}
}

// asked reports whether an error is of a request of this program that was sent,
// or could not be, and that nobody answered.
// Source: smithy-go transport/http.RequestSendError.
func asked(err error) bool {
	var sent *smithyhttp.RequestSendError
	return errors.As(err, &sent) && status(err) == 0
}
