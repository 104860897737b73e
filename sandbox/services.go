package sandbox

import (
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/audit"
	"github.com/strongroom-dev/strongroom/sandbox/internal/clockwork"
	"github.com/strongroom-dev/strongroom/sandbox/internal/dispatch"
	"github.com/strongroom-dev/strongroom/sandbox/internal/forge"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/accessanalyzer"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/cloudtrail"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/cloudwatch"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/configservice"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/ec2"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/events"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/guardduty"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/iam"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/kms"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/lambda"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/logs"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/s3"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/securityhub"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/sns"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/ssm"
	"github.com/strongroom-dev/strongroom/sandbox/internal/services/sts"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/undelivered"
)

// parts are the sandbox's insides, wired to each other.
type parts struct {
	db       *store.DB
	iam      *iam.Service
	forge    *forge.Forge
	audit    *audit.Log
	dispatch *dispatch.Dispatcher
	// clockwork runs what AWS does by itself.
	clockwork *clockwork.Clockwork
	// notifications keeps the mails, and undelivered what could not be passed on.
	notifications *sns.Service
	undelivered   *undelivered.Log
	// functions executes Lambda's; nil: none are executed.
	functions *lambda.Runner
}

// keptEvents is how many audit events stay in memory.
const keptEvents = 10_000

// assemble opens the store and makes every service. A new service is added to
// the list here and nowhere else. wall is the clients' time.
func assemble(o *Options, wall func() time.Time) (_ *parts, err error) {
	p := &parts{db: store.Memory()}
	if o.DataDir != "" {
		if p.db, err = store.Open(o.DataDir); err != nil {
			return nil, err
		}
	}
	defer func() {
		if err != nil {
			_ = p.close() // the first error is the one to tell
		}
	}()
	if p.forge, err = forge.New(forge.Options{Issuers: o.Issuers, Clock: o.Clock, Rand: o.Rand, DB: p.db, MaxState: o.MaxBody, Audit: o.ForgeAudit, Log: o.Log}); err != nil {
		return nil, err
	}
	p.iam = iam.New(p.db)
	p.iam.Clock = o.Clock
	keys := kms.New(p.db, p.iam)
	keys.Clock, keys.Rand = o.Clock, o.Rand
	tokens := sts.New(p.db, p.iam, p.forge)
	p.notifications = sns.New(p.db, keys, p.iam)
	p.undelivered = &undelivered.Log{Slog: o.Log}
	rules := events.New(p.db, p.iam)
	hub := securityhub.New(p.db)
	buckets := s3.New(p.db, keys, p.iam)
	logGroups := logs.New(p.db, keys, p.iam)
	trails := cloudtrail.New(p.db, keys, buckets, logGroups, p.notifications, p.iam)
	trails.Events = func() []audit.Event { return p.audit.Events() }
	metrics := cloudwatch.New(p.db)
	logGroups.Metrics = metrics
	// Parts call the services through the dispatcher, which comes after them.
	as := func(c *op.Caller) http.RoundTripper { return p.dispatch.As(c) }
	p.notifications.Functions = true
	functions := lambda.New(p.db, keys, p.iam, as)
	services := []op.Service{
		p.iam,
		tokens,
		keys,
		buckets,
		ec2.New(p.db, keys),
		p.notifications,
		rules,
		trails,
		accessanalyzer.New(p.db),
		configservice.New(p.db, buckets, p.notifications, p.iam),
		logGroups,
		functions,
		guardduty.New(p.db, hub),
		hub,
		metrics,
		ssm.New(p.db, keys),
	}
	if err = p.db.Load(); err != nil {
		return nil, fmt.Errorf("data directory %s: %w", o.DataDir, err)
	}
	// Topics and rules deliver to the services that are there.
	for _, s := range services {
		switch name := s.Prefix(); name {
		case "sns", "lambda", "logs":
			rules.Targets[name] = true
		}
	}
	engine := events.NewEngine(rules, as, o.Rand, p.undelivered)
	engine.Trails = trails
	does := []clockwork.Part{
		engine,
		cloudtrail.NewDeliverer(trails, as),
		cloudwatch.NewEngine(metrics, as, func(news ...any) { p.clockwork.Tell(news...) }, p.undelivered),
		sns.NewDeliverer(p.notifications, as, o.Rand, p.undelivered),
	}
	if o.RunFunctions {
		p.functions = lambda.NewRunner(functions, o.Clock, p.undelivered)
		p.functions.Logs = true
		does = append(does, p.functions)
	}
	p.clockwork = clockwork.New(o.Clock, o.Log, does...)
	p.audit = audit.New(o.Audit, keptEvents, o.Rand, func(e audit.Event) { p.clockwork.Tell(e) })
	p.dispatch, err = dispatch.New(dispatch.Config{
		DB: p.db, Directory: p.iam, Services: services, Audit: p.audit,
		Clock: o.Clock, Wall: wall, Rand: o.Rand, Log: o.Log, MaxBody: o.MaxBody,
		Tell: p.clockwork.Tell, Used: p.iam.Used, Encode: encoder(tokens),
	})
	if err == nil {
		p.clockwork.Tell(begun{}) // what was due before the sandbox was last ended is still to be done
	}
	return p, err
}

// begun is the clockwork's first news.
type begun struct{}

// close ends the functions that run, then the clockwork, whose parts ask the services, then writes the audit events that wait, then releases the data directory.
func (p *parts) close() (err error) {
	if p.functions != nil {
		p.functions.Close()
	}
	if p.clockwork != nil {
		p.clockwork.Close()
	}
	if p.audit != nil {
		if err = p.audit.Close(); err != nil {
			err = fmt.Errorf("audit events were lost: %w", err)
		}
	}
	if p.forge != nil {
		if lost := p.forge.AuditErr(); lost != nil {
			err = errors.Join(err, fmt.Errorf("audit events of the forge were lost: %w", lost))
		}
	}
	return errors.Join(err, p.db.Close())
}
