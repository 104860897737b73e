package grants

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state"
)

// Checker checks the grants of a room's environments. It is used by one goroutine.
type Checker struct {
	Room *room.Room
	// State has the credentials of the state account's owner.
	State aws.Config
	// Profiles returns credentials that may read IAM in the accounts of an environment's
	// principals; each is used for the principals of its account. Nil: there are none.
	Profiles func(ctx context.Context, environment string) ([]aws.Config, error)

	// keyARNs are the keys of environments, as they were looked up; "" for one that has none.
	keyARNs map[string]string
}

// Check reads both sides and judges them for an environment. The error is a
// *diag.Diagnostic, or AWS's own, where not even a question could be asked: there is
// no key, or the credentials are another account's.
func (c *Checker) Check(ctx context.Context, e state.Environment) (*Environment, error) {
	if err := c.applicable(e); err != nil {
		return nil, err
	}
	if err := owns(ctx, c.State, c.Room.Account, "the state account", "--profile PROFILE"); err != nil {
		return nil, err
	}
	w, err := c.read(ctx, e)
	var none *diag.Diagnostic
	if errors.As(err, &none) && none.Rule == state.RuleNoKey {
		return c.keyless(e, none), nil
	}
	if err != nil {
		return nil, err
	}
	out := &Environment{
		Name: e.Name, Bucket: w.bucket, KeyARN: w.key, BucketKey: w.bucketKeys[0], Locking: w.locking,
		Principals: []Principal{}, Objects: w.objects, KeyPolicy: w.keyPolicy(), BucketPolicy: w.bucketPolicy(), Findings: []Finding{},
	}
	for _, arn := range e.Principals {
		who, err := c.caller(ctx, w, e.Name, arn)
		if err != nil {
			return nil, err
		}
		j := &judge{reading: w, who: who}
		p := j.judge()
		if !p.SameAccount {
			p.Policy = w.ownPolicy()
		}
		out.Principals = append(out.Principals, p)
		out.Findings = append(out.Findings, j.findings...)
		out.Findings = append(out.Findings, j.tooMuch()...)
	}
	out.Findings = append(append(out.Findings, w.gaps...), w.strangers()...)
	out.Findings = append(out.Findings, Finding{
		Rule: "grants-guardrails", Level: Note, Side: PrincipalSide, Where: "AWS Organizations", Actions: []string{}, Resources: []string{},
		Summary: "service and resource control policies were not looked at",
		Why:     "they are the organization's, and can refuse what both sides allow",
	})
	order := map[Level]int{Missing: 0, Wide: 1, Unknown: 2, Note: 3}
	slices.SortStableFunc(out.Findings, func(a, b Finding) int { return order[a.Level] - order[b.Level] })
	return out, nil
}

// RuleNoKey is the rule of the finding that an environment has no key yet.
const RuleNoKey = "grants-no-key"

// keyless is the answer for an environment that has no key to grant anything on.
func (c *Checker) keyless(e state.Environment, d *diag.Diagnostic) *Environment {
	return &Environment{
		Name: e.Name, Bucket: c.Room.State.Bucket, Locking: c.Room.State.Locking, Principals: []Principal{}, Objects: []Object{}, KeyPolicy: []Statement{}, BucketPolicy: []Statement{},
		Findings: []Finding{{Rule: RuleNoKey, Level: Missing, Side: StateSide, Where: e.KeyAlias, Summary: d.Summary, Actions: []string{}, Resources: []string{}, Why: d.Why, Fix: d.Fix}},
	}
}

// applicable refuses what this is not about.
func (c *Checker) applicable(e state.Environment) error {
	at := diag.Location{File: filepath.Join(c.Room.Dir, room.SpecFile)}
	switch {
	case c.Room.State.Backend != "" && c.Room.State.Backend != "s3":
		return &diag.Diagnostic{
			Rule: "grants-backend", Summary: fmt.Sprintf("the states are kept by the %s backend, which has no grants of AWS", c.Room.State.Backend), At: at,
			Why: "who may read a state there is the backend's own matter", Fix: "this is about the S3 backend",
		}
	case e.Name == room.RoomEnvironment:
		return &diag.Diagnostic{
			Rule: "grants-room", Summary: "the room's own stacks have no principals to grant anything to", At: at,
			Why: "their roles and policies are made by modules/automation-iam, with the key", Fix: "run: strongroom audit, which checks them",
		}
	}
	return nil
}

// ruleAccount is that credentials are of the account that is asked.
const ruleAccount = "grants-account"

// owns refuses credentials of another account: what they cannot see would pass for
// what is not there.
func owns(ctx context.Context, cfg aws.Config, account, what, hint string) error {
	got, err := whose(ctx, cfg, what)
	if err != nil || got == account {
		return err
	}
	return &diag.Diagnostic{
		Rule: ruleAccount, Summary: fmt.Sprintf("the credentials for %s are of account %s, and not of %s", what, got, account),
		Why: "what they cannot see would pass for what is not there", Fix: "name credentials of account " + account + ": " + hint,
	}
}

// whose is the account of credentials.
func whose(ctx context.Context, cfg aws.Config, what string) (string, error) {
	if cfg.Region == "" {
		cfg.Region = "us-east-1" // whose answer is every region's
	}
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		return "", d // there are none, which says how to find out why
	}
	if err != nil {
		return "", &diag.Diagnostic{
			Rule: "grants-credentials", Summary: "the credentials for " + what + " do not work: " + policyread.Cause(err), Err: err,
			Why: "without them nothing can be read there", Fix: "log in, or name other credentials",
		}
	}
	return aws.ToString(out.Account), nil
}

// keyARN is the key of an environment; "" if it has none.
func (c *Checker) keyARN(ctx context.Context, e state.Environment) string {
	if c.keyARNs == nil {
		c.keyARNs = map[string]string{}
	}
	arn, ok := c.keyARNs[e.Name]
	if !ok {
		arn, _ = state.NewBucket(c.Room, c.State).KeyARN(ctx, e) // one that cannot be found cannot be compared with
		c.keyARNs[e.Name] = arn
	}
	return arn
}

func accountOf(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

func lastPart(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }
