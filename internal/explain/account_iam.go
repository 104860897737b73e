package explain

import (
	"github.com/strongroom-dev/strongroom/internal/policyread"
	"github.com/strongroom-dev/strongroom/policy"
)

// identity takes in what was read of the caller. The tags of a session replace
// those of its role, so that only a user's settle something.
func (r *accountReader) identity(read *policyread.Identity) {
	if read.ARN != "" {
		r.is(read.ID, read.ARN)
		r.tags(read.Tags)
	}
	r.take(read.Documents, read.Gaps)
}

// take takes in policies, and what was not read of them.
func (r *accountReader) take(documents []policyread.Document, gaps []policyread.Gap) {
	for _, d := range documents {
		r.document(d.Type, 0, d.Name, d.Text)
	}
	for _, g := range gaps {
		r.p.miss(g.Type, "%s", g.Why)
	}
}

// trust takes in the trust policy of a role that is to be taken on.
func (r *accountReader) trust(read *policyread.Identity) {
	if read.ARN != "" && read.ARN != r.q.Resource {
		r.p.miss(policy.ReasonResource, "the role is %s, not %s", read.ARN, r.q.Resource)
		return
	}
	r.take(read.Documents, read.Gaps)
}

// is checks that the entity is the one that asked, and notes what else is known
// of it.
func (r *accountReader) is(id, arn string) {
	who := r.q.Principal
	if who.ID != "" && who.ID != id && who.Type != policy.FederatedUser {
		r.p.Notes = append(r.p.Notes, arn+" was made again since: its policies may not be those of the caller")
		for _, t := range []policy.Reason{policy.ReasonIdentity, policy.ReasonBoundary} {
			r.p.miss(t, "the caller no longer exists")
		}
		return
	}
	if who.Type == policy.AssumedRole && (who.RoleARN == "" || who.RoleARN == arn) {
		who.RoleARN = arn
	}
	if who.ID == "" && who.Type != policy.FederatedUser {
		who.ID = id
	}
	r.q.finish()
}

// tags makes the caller's tags condition keys. Source: IAM User Guide,
// reference_policies_condition-keys, aws:PrincipalTag.
func (r *accountReader) tags(tags map[string]string) {
	if r.q.Principal.Type != policy.User || r.q.Complete {
		return
	}
	for name, value := range tags {
		key := "aws:PrincipalTag/" + name
		if !r.q.known(key) {
			r.q.Context.Set(key, value)
		}
	}
	r.q.tagged = true
}
