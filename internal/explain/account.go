package explain

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/policy"
)

// Account reads policies from an account, with calls that change nothing.
type Account struct {
	// Config returns the SDK's configuration to read an account with. Empty: the
	// account that the credentials belong to. An error means that it cannot be read.
	Config func(ctx context.Context, account string) (aws.Config, error)
	// Guardrails returns the service and resource control policies that bind an
	// account, by level. Nil: they cannot be read, as AWS Organizations is not asked.
	Guardrails func(ctx context.Context, account string) (scps, rcps [][]Document, err error)
	// Sandbox says that it is one: it has no VPC endpoints, and what it encodes in a
	// denial is the whole request.
	Sandbox bool
}

// Document is the text of a policy, and its name.
type Document struct {
	Name string
	Text []byte
}

// Read reads what applies to the question. What cannot be read is among the
// result's Unread; the error is for a question that says too little.
func (a *Account) Read(ctx context.Context, q *Question) (*Policies, error) {
	if q.Encoded != "" {
		a.decode(ctx, q)
	}
	q.finish()
	if err := q.decidable(); err != nil {
		return nil, err
	}
	p := &Policies{Stated: true}
	r := &accountReader{a: a, ctx: ctx, q: q, p: p}
	r.caller()
	r.resource()
	r.guardrails()
	if !a.Sandbox {
		if _, ok := q.absence("aws:SourceVpce"); !ok {
			p.miss(policy.ReasonEndpoint, "whether the request comes through a VPC endpoint is not known, or what its policy says; --none endpoint says that none is in the way")
		}
	}
	return p, nil
}

// decode has the encoded authorization message decoded. What it tells replaces
// what was not known; if it cannot be decoded nothing is lost.
func (a *Account) decode(ctx context.Context, q *Question) {
	account := ""
	if q.Principal != nil {
		account = q.Principal.Account
	}
	cfg, err := a.Config(ctx, account)
	if err != nil {
		return
	}
	out, err := sts.NewFromConfig(cfg).DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{EncodedMessage: &q.Encoded})
	if err != nil {
		q.note("the encoded authorization message was not decoded: %s", policyread.Cause(err))
		return
	}
	more, err := readDecoded([]byte(aws.ToString(out.DecodedMessage)))
	if err != nil {
		q.note("the decoded authorization message: %v", err)
		return
	}
	for _, key := range more.Context.Keys() {
		if q.told[strings.ToLower(key)] {
			continue
		}
		if values, multi := more.Context.Get(key); multi {
			q.Context.SetMulti(key, values...)
		} else if len(values) > 0 {
			q.Context.Set(key, values[0])
		}
	}
	if q.Principal == nil {
		q.Principal = more.Principal
	}
	if q.Action == "" {
		q.Action = more.Action
	}
	if q.Resource == "" {
		q.Resource = more.Resource
	}
	if q.ResourceAccount == "" {
		q.ResourceAccount = more.ResourceAccount
	}
	if q.Action == more.Action && a.Sandbox && len(q.told) == 0 {
		q.Complete, q.Unknown = true, nil
	}
	q.note("the condition keys are those of the decoded authorization message")
}

// accountReader is one reading of an account.
type accountReader struct {
	a   *Account
	ctx context.Context
	q   *Question
	p   *Policies
}

// caller reads the identity policies, the boundary and what is known of the
// session.
func (r *accountReader) caller() {
	who := r.q.Principal
	switch who.Type {
	case policy.User, policy.AssumedRole, policy.FederatedUser:
	default:
		return
	}
	cfg, err := r.a.Config(r.ctx, who.Account)
	if err != nil {
		for _, t := range []policy.Reason{policy.ReasonIdentity, policy.ReasonBoundary} {
			r.p.miss(t, "account %s of the caller cannot be read: %s", who.Account, policyread.Cause(err))
		}
	} else {
		client := iam.NewFromConfig(cfg)
		switch {
		case who.Type == policy.User:
			r.identity(policyread.User(r.ctx, client, lastPart(who.ARN)))
		case who.Type == policy.AssumedRole:
			r.identity(policyread.Role(r.ctx, client, roleName(who)))
		case who.UserARN != "":
			r.identity(policyread.User(r.ctx, client, lastPart(who.UserARN)))
		default:
			for _, t := range []policy.Reason{policy.ReasonIdentity, policy.ReasonBoundary} {
				r.p.miss(t, "which user the federated session belongs to is not known")
			}
		}
	}
	if who.Type != policy.User {
		r.p.miss(policy.ReasonSession, "policies that were passed when the session was made cannot be read; --session FILE gives them, --none session says that there were none")
	}
}

// roleName is the name of the role behind a session.
func roleName(p *policy.Principal) string {
	if p.RoleARN != "" {
		return lastPart(p.RoleARN)
	}
	_, rest, _ := strings.Cut(p.ARN, ":assumed-role/")
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// resource reads the policy of the resource, by its ARN.
func (r *accountReader) resource() {
	parts := strings.SplitN(r.q.Resource, ":", 6)
	if len(parts) != 6 {
		return
	}
	owner := r.q.ResourceAccount
	if owner == "" {
		owner = r.q.Principal.Account
	}
	cfg, err := r.a.Config(r.ctx, owner)
	if err != nil {
		r.p.miss(policy.ReasonResource, "account %s of the resource cannot be read: %s", owner, policyread.Cause(err))
		return
	}
	if parts[3] != "" {
		cfg.Region = parts[3]
	}
	service, _, _ := strings.Cut(strings.ToLower(r.q.Action), ":")
	switch {
	case parts[2] == "s3" && parts[4] == "" && parts[5] != "":
		bucket, _, _ := strings.Cut(parts[5], "/")
		r.bucket(s3.NewFromConfig(cfg), bucket)
	case parts[2] == "kms" && strings.HasPrefix(parts[5], "key/"):
		r.key(kms.NewFromConfig(cfg))
	case parts[2] == "iam" && strings.HasPrefix(parts[5], "role/") && service == "sts":
		r.trust(policyread.Trust(r.ctx, iam.NewFromConfig(cfg), lastPart(parts[5])))
	case parts[2] == "iam" || parts[2] == "sts":
		// Source: IAM User Guide, reference_aws-services-that-work-with-iam: of IAM's
		// resources only roles have a policy, which says who may take them on.
	default:
		r.p.miss(policy.ReasonResource, "policies of %s's resources are not read by this program; --resource-policy FILE gives it, --none resource says that there is none", parts[2])
	}
}

// guardrails reads the service and resource control policies.
func (r *accountReader) guardrails() {
	const how = "the organization's policies are not read; --%s [LEVEL=]FILE gives them, --none %s says that none apply"
	who := r.q.Principal
	if r.a.Guardrails == nil {
		switch who.Type {
		case policy.User, policy.AssumedRole, policy.FederatedUser, policy.Root:
			r.p.miss(policy.ReasonSCP, how, "scp", "scp")
		}
		r.p.miss(policy.ReasonRCP, how, "rcp", "rcp")
		return
	}
	add := func(typ policy.Reason, account string, pick func(scps, rcps [][]Document) [][]Document) {
		if account == "" {
			return
		}
		scps, rcps, err := r.a.Guardrails(r.ctx, account)
		if err != nil {
			r.p.miss(typ, "%s", policyread.Cause(err))
			return
		}
		for i, level := range pick(scps, rcps) {
			for _, d := range level {
				r.document(typ, i+1, d.Name, d.Text)
			}
		}
	}
	add(policy.ReasonSCP, who.Account, func(scps, _ [][]Document) [][]Document { return scps })
	owner := r.q.ResourceAccount
	if owner == "" {
		owner = who.Account
	}
	add(policy.ReasonRCP, owner, func(_, rcps [][]Document) [][]Document { return rcps })
}

// document compiles a policy that AWS stores: one that today's rules refuse is
// read for what it means all the same.
func (r *accountReader) document(typ policy.Reason, level int, name string, text []byte) {
	err := r.p.add(typ, level, name, text, r.q.Resource)
	if err == nil {
		return
	}
	kind := policy.Identity
	if layer(typ) == policy.ReasonResource {
		kind = policy.ResourceKind(r.q.Resource)
	}
	doc, loose := policy.ParseLoose(name, text, kind)
	if loose != nil || layer(typ) != policy.ReasonIdentity && layer(typ) != policy.ReasonResource {
		r.p.miss(typ, "%s is not understood: %v", name, err)
		return
	}
	if err := r.p.put(typ, level, doc); err != nil {
		r.p.miss(typ, "%s: %v", name, err)
		return
	}
	r.p.Notes = append(r.p.Notes, name+" is not one that AWS would store today, and is read for what it can mean: "+err.Error())
}
