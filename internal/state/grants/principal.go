package grants

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/policy"
)

// caller is a principal, with its own policies if they were read.
type caller struct {
	policy.Principal
	read bool
	// unread is why it was not.
	unread   string
	identity []*policy.Policy
	boundary *policy.Policy
	tags     map[string]string
	// ungranted: grants are not counted; they are reported by themselves.
	ungranted bool
}

// caller reads a principal's own policies, if there are credentials for its account.
func (c *Checker) caller(ctx context.Context, w *reading, environment, arn string) (*caller, error) {
	p, err := policy.ParsePrincipal(arn)
	if err != nil {
		return nil, err
	}
	who := &caller{Principal: p}
	where := "policies of " + arn
	cfg, ok, err := c.profile(ctx, w, environment, arn, p.Account)
	if err != nil {
		return nil, err
	}
	if !ok {
		who.unread = "there are no credentials for account " + p.Account
		w.gap(Finding{
			Rule: "grants-unread", Level: Unknown, Side: PrincipalSide, Where: where, Principal: arn,
			Summary: "this half was not looked at: " + who.unread,
			Why:     "across accounts both sides must allow, and the principal's own policies are in its own account", Fix: "--principal-profile " + environment + "=PROFILE, a profile of that account that may read IAM",
		})
		return who, nil
	}
	if cfg.Region == "" {
		cfg.Region = w.region // IAM answers for all of them
	}
	client := iam.NewFromConfig(cfg)
	var read *policyread.Identity
	if p.Type == policy.User {
		read = policyread.User(ctx, client, lastPart(arn))
	} else {
		read = policyread.Role(ctx, client, lastPart(arn))
	}
	who.ID, who.tags, who.read = read.ID, read.Tags, len(read.Gaps) == 0
	why := []string{}
	for _, g := range read.Gaps {
		if !slices.Contains(why, g.Why) {
			why = append(why, g.Why)
		}
	}
	if read.ARN != "" && read.ARN != arn {
		w.gap(Finding{Rule: "grants-principal", Level: Missing, Side: PrincipalSide, Where: where, Principal: arn, Summary: "the principal is " + read.ARN,
			Why: "policies name principals by their whole ARN, path and all: this one is nobody", Fix: "write " + read.ARN + " into the spec"})
	}
	for _, d := range read.Documents {
		kind := policy.Identity
		if d.Type == policy.ReasonBoundary {
			kind = policy.Boundary
		}
		doc, err := parse(d, kind)
		switch {
		case err != nil:
			who.read = false
			why = append(why, fmt.Sprintf("%s is not understood: %v", d.Name, err))
		case d.Type == policy.ReasonBoundary:
			who.boundary = doc
		default:
			who.identity = append(who.identity, doc)
		}
	}
	if !who.read {
		who.unread = strings.Join(why, "; ")
		w.gap(Finding{Rule: "grants-unread", Level: Unknown, Side: PrincipalSide, Where: where, Principal: arn, Summary: "this half is not known: " + who.unread,
			Why: "a policy that was not read may allow or deny", Fix: "check that the principal is there, and use a profile that may read it: iam:Get* and iam:List*"})
	}
	if p.Type == policy.AssumedRole {
		w.gap(Finding{Rule: "grants-session", Level: Note, Side: PrincipalSide, Where: where, Principal: arn, Summary: "policies that are passed when a session is made were not looked at", Why: "they can only take away"})
	}
	return who, nil
}

// profile is the one that reads the policies of a principal: of those that were given
// the one of its account, or the state account's own. ok is false if there is none.
func (c *Checker) profile(ctx context.Context, w *reading, environment, arn, account string) (cfg aws.Config, ok bool, err error) {
	given := []aws.Config{}
	if c.Profiles != nil {
		if given, err = c.Profiles(ctx, environment); err != nil {
			return cfg, false, err
		}
	}
	for _, g := range given {
		of, err := whose(ctx, g, "the principal of "+environment)
		switch {
		case err != nil:
			return cfg, false, err
		case of == account:
			return g, true, nil
		case !slices.ContainsFunc(w.principals, func(other string) bool { return accountOf(other) == of }):
			return cfg, false, owns(ctx, g, account, "the principal of "+environment, "--principal-profile "+environment+"=PROFILE")
		}
	}
	return c.State, account == w.account, nil
}

// compile reads the policy of a bucket or a key.
func compile(d policyread.Document, resource string) (*policy.Policy, error) {
	return parse(d, policy.ResourceKind(resource))
}

// parse reads a policy that AWS stores: one that today's rules refuse is read for
// what it means all the same.
func parse(d policyread.Document, kind policy.Kind) (*policy.Policy, error) {
	doc, err := policy.Parse(d.Name, d.Text, kind)
	if err == nil {
		return doc, nil
	}
	if loose, again := policy.ParseLoose(d.Name, d.Text, kind); again == nil {
		return loose, nil
	}
	return nil, err
}

func notUnderstood(where string, side Side, err error) Finding {
	return Finding{Rule: "grants-unread", Level: Unknown, Side: side, Where: where, Summary: "it is not understood: " + err.Error(), Why: "what it allows or denies is not known"}
}
