package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/state"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// login is somebody whose credentials there are.
type login struct {
	once sync.Once
	// arn is who AWS says they are; err is why that is not known.
	arn    string
	err    error
	bucket *state.Bucket
}

func (l *login) ask(ctx context.Context) error {
	l.once.Do(func() {
		var out *sts.GetCallerIdentityOutput
		if out, l.err = sts.NewFromConfig(l.bucket.Config).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{}); l.err == nil {
			l.arn = aws.ToString(out.Arn)
		}
	})
	return l.err
}

// is reports whether the caller with an ARN is a principal of the spec: that user, or a
// session of that role. A session's ARN has no path of the role's, and names are unique
// in an account without it, and without case.
//
// Source: IAM User Guide, reference_identifiers, reference_iam-quotas.
func is(caller, principal string) bool {
	c, p := strings.SplitN(caller, ":", 6), strings.SplitN(principal, ":", 6)
	if len(c) < 6 || len(p) < 6 || c[1] != p[1] || c[4] != p[4] {
		return false
	}
	kind, rest, _ := strings.Cut(p[5], "/")
	if kind != "role" {
		return caller == principal
	}
	session, ok := strings.CutPrefix(c[5], "assumed-role/")
	role, _, _ := strings.Cut(session, "/")
	return ok && strings.EqualFold(role, rest[strings.LastIndexByte(rest, '/')+1:])
}

// account is the account of an ARN.
func account(arn string) string {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		return parts[4]
	}
	return ""
}

// environment is what is remembered of one.
type environment struct {
	once   sync.Once
	logins []*login
	err    error

	mu sync.Mutex
	// decided is by the ARN of the key that was asked about.
	decided map[string]*decisions
}

// decisions are answers by object key.
type decisions struct {
	once     sync.Once
	readable map[string][]Readable
	err      error
}

func (c *Checker) environment(name string) *environment {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.environments == nil {
		c.environments = map[string]*environment{}
	}
	if c.environments[name] == nil {
		c.environments[name] = &environment{decided: map[string]*decisions{}}
	}
	return c.environments[name]
}

// given are the logins that were given for an environment. The error is a
// *diag.Diagnostic: one does not work, or has nothing to do with its principals.
func (c *Checker) given(ctx context.Context, e state.Environment) ([]*login, error) {
	known := c.environment(e.Name)
	known.once.Do(func() {
		if c.Profiles == nil {
			return
		}
		list, err := c.Profiles(ctx, e.Name)
		if known.err = err; err != nil {
			return
		}
		for _, cfg := range list {
			l := &login{bucket: state.NewBucket(c.Room, cfg)}
			if known.err = l.useful(ctx, e); known.err != nil {
				return
			}
			known.logins = append(known.logins, l)
		}
	})
	return known.logins, known.err
}

// useful refuses a login that shows nothing about an environment's principals: what
// somebody else may read would pass for what they may.
func (l *login) useful(ctx context.Context, e state.Environment) error {
	fix := "check --principal-profile " + e.Name + "=PROFILE"
	if err := l.ask(ctx); err != nil {
		return &diag.Diagnostic{
			Rule: "state-principal-profile", Summary: fmt.Sprintf("the credentials given for the principal of %s do not work: %s", e.Name, cause(err)), Err: err,
			Why: "whether it reads its states is tried with them", Fix: fix,
		}
	}
	accounts := []string{}
	for _, p := range e.Principals {
		if accounts = append(accounts, account(p)); account(p) == account(l.arn) {
			return nil
		}
	}
	if len(accounts) == 0 {
		return nil // the room's own roles are not in the spec
	}
	return &diag.Diagnostic{
		Rule: "state-principal-profile", Summary: fmt.Sprintf("the credentials given for the principal of %s are of account %s, and it is of %s", e.Name, account(l.arn), strings.Join(accounts, ", ")), Found: l.arn,
		Why: "what somebody else may read says nothing about the principal", Fix: fix + ": the profile of " + strings.Join(e.Principals, " or ") + ", or one that may read IAM in its account",
	}
}

// Logins makes sure that the credentials that were given for environments work and are
// of use there, before anything rests on them. The error is a *diag.Diagnostic.
func (c *Checker) Logins(ctx context.Context, list []state.Environment) error {
	if c.Owner == nil {
		return nil // who reads states that are not in S3 is not AWS's affair
	}
	for _, e := range list {
		if _, err := c.given(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// Unseen are the principals of an environment of whom nobody can tell what they may do:
// there are no credentials of theirs, nor any that could read the policies in their
// account. The error is that of Logins.
func (c *Checker) Unseen(ctx context.Context, e state.Environment) ([]string, error) {
	logins, err := c.given(ctx, e)
	if err != nil {
		return nil, err
	}
	list := []string{}
	for _, p := range e.Principals {
		seen := account(p) == c.Room.Account
		for _, l := range logins {
			seen = seen || account(l.arn) == account(p)
		}
		if !seen && c.loginOf(ctx, logins, p) == nil {
			list = append(list, p)
		}
	}
	return list, nil
}

// OwnProfile is the index, in what Profiles returns, of the first that is one of the
// environment's principals itself; -1: none is. The error is that of Logins.
func (c *Checker) OwnProfile(ctx context.Context, e state.Environment) (int, error) {
	logins, err := c.given(ctx, e)
	for i, l := range logins {
		for _, p := range e.Principals {
			if is(l.arn, p) {
				return i, err
			}
		}
		if len(e.Principals) == 0 {
			return i, err
		}
	}
	return -1, err
}

// loginOf is the login of a principal, which may be that of whoever asks; nil: there is
// none.
func (c *Checker) loginOf(ctx context.Context, logins []*login, principal string) *login {
	for _, l := range logins {
		if is(l.arn, principal) {
			return l
		}
	}
	if c.Owner == nil || c.Owner.Config.Credentials == nil {
		return nil
	}
	c.mu.Lock()
	if c.own == nil {
		c.own = &login{bucket: c.Owner}
	}
	own := c.own
	c.mu.Unlock()
	if own.ask(ctx) == nil && is(own.arn, principal) {
		return own
	}
	return nil
}

// principalReads finds out whether the environment's principals read the state: by
// reading it with the credentials of each, or else from policies. read is what one of
// them read; nil: nobody did.
func (k *check) principalReads() (list []Finding, read []byte) {
	if k.s3 == nil {
		return nil, nil
	}
	out := &Result{}
	logins, err := k.given(k.ctx, k.e)
	if err != nil {
		d := diag.All(err)[0]
		out.add(PrincipalReads, Unknown, d.Fix, "%s", d.Summary)
		return out.Findings, nil
	}
	found := []Finding{}
	for _, p := range k.e.Principals {
		f := Finding{}
		if l := k.loginOf(k.ctx, logins, p); l != nil {
			f, read = k.tryAs(l, read)
		} else {
			f = k.decide(p)
		}
		if len(k.e.Principals) > 1 {
			f.Detail = p + ": " + f.Detail
		}
		found = append(found, f)
	}
	if len(k.e.Principals) == 0 {
		for _, l := range logins {
			f := Finding{}
			f, read = k.tryAs(l, read)
			found = append(found, f)
		}
	}
	if len(found) == 0 {
		out.add(PrincipalReads, Skipped, "", "the spec names no principal of %s; to try it: --principal-profile %[1]s=PROFILE", k.e.Name)
		return out.Findings, nil
	}
	return []Finding{worst(found)}, read
}

// worst sums up what was found of several principals: what is worst of one is of all.
func worst(found []Finding) Finding {
	sum := found[0]
	for _, f := range found[1:] {
		if rank[f.Status] > rank[sum.Status] {
			sum.Status, sum.Fix = f.Status, f.Fix
		}
		sum.Decided = sum.Decided || f.Decided
		sum.Detail += "; " + f.Detail
	}
	return sum
}

// rank is how bad an answer is.
var rank = map[Status]int{OK: 0, Unknown: 1, Failed: 2}

// tryAs reads the state as one of its principals. read is kept if that fails.
func (k *check) tryAs(l *login, read []byte) (Finding, []byte) {
	out := &Result{}
	raw, err := l.bucket.Store(k.t, "").Read(k.ctx, k.want.Version)
	switch code := statestore.Code(err); {
	case err == nil:
		out.add(PrincipalReads, OK, "", "it was read with the principal's credentials")
		read = raw
	case code == "AccessDenied" || code == "KMS.NotFoundException" || code == "KMS.DisabledException" || code == "KMS.KMSInvalidStateException":
		out.add(PrincipalReads, Failed, "see what is missing, and on which side: strongroom state grants --env "+k.e.Name, "it was refused to the principal: %s", cause(err))
	default:
		out.add(PrincipalReads, Unknown, "", "the principal could not ask: %s", cause(err))
	}
	return out.Findings[0], read
}

// decide works out from policies whether a principal can read the state.
func (k *check) decide(principal string) Finding {
	out := &Result{}
	try := "add --principal-profile " + k.e.Name + "=PROFILE, the principal's own, to try it"
	unknown := func(fix, format string, args ...any) Finding {
		out.add(PrincipalReads, Unknown, fix, format, args...)
		return out.Findings[0]
	}
	if k.Decide == nil {
		return unknown(try, "nobody said how to tell")
	}
	all, err := k.decisions(k.ctx, k.e, k.info.Encryption.KeyARN)
	if err != nil {
		return unknown(try, "it cannot be worked out: %s", said(err))
	}
	for _, r := range all[k.t.Key()] {
		if r.Principal != principal {
			continue
		}
		answer := r.Object
		if k.info.Encryption.KeyARN != "" && (rank[r.Decrypt.Status] > rank[answer.Status]) {
			answer = r.Decrypt
		}
		switch answer.Status {
		case OK:
			out.add(PrincipalReads, OK, "", "policies on both sides let %s read it", principal)
		case Failed:
			out.add(PrincipalReads, Failed, answer.Fix, "%s may not read it: %s", principal, answer.Why)
		default:
			return unknown(answer.Fix, "whether %s may read it is not known: %s", principal, answer.Why)
		}
		out.decided()
		return out.Findings[0]
	}
	return unknown(try, "the policies were not asked about this state")
}

// said is an error in few words, of a diagnostic what it says.
func said(err error) string {
	var d *diag.Diagnostic
	if errors.As(err, &d) {
		return d.Summary
	}
	return cause(err)
}

// decisions are whether the environment's principals can read its states under a key,
// by object key, as policies have it.
func (c *Checker) decisions(ctx context.Context, e state.Environment, keyARN string) (map[string][]Readable, error) {
	known := c.environment(e.Name)
	known.mu.Lock()
	d := known.decided[keyARN]
	if d == nil {
		d = &decisions{readable: map[string][]Readable{}}
		known.decided[keyARN] = d
	}
	known.mu.Unlock()
	d.once.Do(func() {
		keys := []string{}
		if targets, err := c.Owner.Targets(ctx, e); err == nil {
			for _, t := range targets {
				keys = append(keys, t.Key())
			}
		} else { // those that the spec names
			for _, s := range e.Stacks {
				keys = append(keys, s.Key)
			}
		}
		list, err := c.Decide(ctx, e, keys, keyARN)
		for _, r := range list {
			d.readable[r.Key] = append(d.readable[r.Key], r)
		}
		d.err = err
	})
	return d.readable, d.err
}
