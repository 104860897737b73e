package grants

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/policy"
)

// Of the bucket these make more of a right, or take a state away.
var (
	bucketPowers = []string{"s3:PutBucketPolicy", "s3:DeleteBucketPolicy", "s3:DeleteBucket", "s3:PutBucketVersioning", "s3:PutLifecycleConfiguration",
		"s3:PutEncryptionConfiguration", "s3:PutReplicationConfiguration", "s3:PutBucketPublicAccessBlock", "s3:PutBucketOwnershipControls"}
	statePowers = []string{"s3:DeleteObject", "s3:DeleteObjectVersion"}
	foreign     = []string{"s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:DeleteObject", "s3:DeleteObjectVersion"}
)

// keyPowers are the other actions on a key: those that make more of the right to use
// it, or end its use; and those that do not.
func keyPowers() (harmful, harmless []string) {
	kms, ok := serviceref.Lookup("kms")
	if !ok {
		panic("grants: the reference has no kms") // it is embedded
	}
	for _, a := range kms.Actions() {
		name := "kms:" + a.Name
		switch {
		case slices.Contains(keyActions, name) || !slices.ContainsFunc(a.Resources, func(r serviceref.ActionResource) bool { return r.Type == "key" }):
		case a.Access == "Read" || a.Access == "List" || strings.HasPrefix(a.Name, "GenerateDataKey") || strings.HasPrefix(a.Name, "ReEncrypt"):
			harmless = append(harmless, name)
		default:
			harmful = append(harmful, name)
		}
	}
	return harmful, harmless
}

// reach is what somebody may do, or may be able to.
type reach struct {
	actions, resources, by, keys []string
	// sure: it does not turn on what is not known.
	sure bool
}

func (x *reach) add(r *request, a answer, kinds ...policy.Reason) {
	if a.denied {
		return
	}
	x.sure = x.sure || a.allowed
	for _, to := range []struct {
		list *[]string
		from []string
	}{{&x.actions, []string{r.action}}, {&x.resources, []string{r.resource}}, {&x.by, a.grantedBy(kinds...)}, {&x.keys, a.keys}} {
		for _, v := range to.from {
			if !slices.Contains(*to.list, v) {
				*to.list = append(*to.list, v)
			}
		}
	}
}

// words are what a reach says in a finding.
func (x *reach) words(who, where string) string {
	verb := "may"
	if !x.sure {
		verb = "may, depending on " + strings.Join(x.keys, ", ") + ","
	}
	return fmt.Sprintf("%s %s %s by the %s", who, verb, listed(x.actions), where)
}

// mostListed is how many actions a sentence names.
const mostListed = 6

// listed keeps a long list readable.
func listed(list []string) string {
	if len(list) > mostListed {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:mostListed], ", "), len(list)-mostListed)
	}
	return strings.Join(list, ", ")
}

// keyReach is what a policy of the key lets somebody do with it: by themselves, and
// through S3 on a state.
func (w *reading) keyReach(who *caller, actions []string, half func(*request, *caller) (answer, bool), kinds ...policy.Reason) reach {
	x := reach{}
	for _, action := range actions {
		list := []request{w.direct("", action, false)}
		if len(w.states) > 0 {
			list = append(list, w.throughS3("", action, w.key, w.bucketARN()+"/"+w.states[0], false), w.throughS3("", action, w.key, "", true))
		}
		for i := range list {
			list[i].free = true
			if a, known := half(&list[i], who); known {
				x.add(&list[i], a, kinds...)
			}
		}
	}
	return x
}

// objectReach is what a half lets somebody do with objects, or with the bucket.
func (w *reading) objectReach(who *caller, actions, resources []string, half func(*request, *caller) (answer, bool), kinds ...policy.Reason) reach {
	x := reach{}
	for _, action := range actions {
		for _, resource := range resources {
			r := w.onS3("", action, resource)
			r.free = true
			if a, known := half(&r, who); known {
				x.add(&r, a, kinds...)
			}
		}
	}
	return x
}

func (w *reading) stateObjects(keys []string) (list []string) {
	for _, k := range keys {
		list = append(list, w.bucketARN()+"/"+k, w.bucketARN()+"/"+k+statestore.LockSuffix)
	}
	return list
}

// stranger is somebody whom the spec does not name as this environment's.
type stranger struct {
	caller
	name string
	// of is the other environment whose principal it is; empty: of none.
	of string
	// made up: it stands for all who are like it, and was given nothing else.
	madeUp bool
}

// strangers finds what the key policy, the key's grants and the bucket policy let
// others do with this environment's key and states.
func (w *reading) strangers() (list []Finding) {
	harmful, harmless := keyPowers()
	actions := slices.Concat(keyActions, harmful, harmless)
	report := func(s stranger, x reach, where, why, what string) {
		if len(x.actions) == 0 {
			return
		}
		f := Finding{Rule: "grants-stranger", Level: Wide, Side: StateSide, Where: where, Principal: s.ARN, Actions: x.actions, Resources: x.resources,
			Summary: x.words(s.name, where), Why: why, Fix: "take it out of " + strings.Join(x.by, " and of ")}
		if s.of != "" {
			f.Rule = "grants-other-environment"
			f.Why = "it is environment " + s.of + "'s: what happens to that one would reach this one's " + what
		}
		if s.Account == w.account && s.of == "" && !s.madeUp {
			f.Level, f.Fix = Note, "if it is not meant to be, "+f.Fix
			f.Why = "it is named beside the account's root; whoever may do that of this account need not be named"
		}
		list = append(list, f)
	}
	if k := w.keys[w.key]; k != nil && k.known && k.policy != nil {
		for _, s := range w.outsiders(k.policy) {
			report(s, w.keyReach(&s.caller, actions, w.stateHalf, policy.ReasonKeyPolicy), "key policy of "+w.key, "whoever else uses the key reads this environment's states, given the bytes", "key")
		}
		list = append(append(list, w.gone(k.policy, "key policy of "+w.key)...), w.keyGrants(k)...)
	}
	if w.policyRead && w.policy != nil {
		where := "bucket policy of " + w.bucket
		list = append(list, w.gone(w.policy, where)...)
		for _, s := range w.outsiders(w.policy) {
			x := w.objectReach(&s.caller, foreign, w.stateObjects(w.states), w.stateHalf, policy.ReasonResource)
			report(s, x, where, "whoever else reaches the states can read, replace or remove them; the key protects only what is in them", "states")
			if s.of == "" { // an environment's own principals are judged with it
				report(s, w.objectReach(&s.caller, bucketPowers, []string{w.bucketARN()}, w.stateHalf, policy.ReasonResource), where, "whoever changes the bucket changes who reaches its states", "bucket")
			}
		}
	}
	return list
}

// outsiders are everyone, everyone of the state account, the other environments'
// principals, whom a policy names besides, and those whom its conditions speak of.
func (w *reading) outsiders(doc *policy.Policy) (list []stranger) {
	seen := slices.Clone(w.principals)
	add := func(name, arn, of string, madeUp bool) {
		p, err := policy.ParsePrincipal(arn)
		if err != nil || slices.Contains(seen, arn) {
			return
		}
		seen = append(seen, arn)
		list = append(list, stranger{caller{Principal: p, ungranted: true}, name, of, madeUp})
	}
	account := func(id string) string { return "arn:" + w.partition + ":iam::" + id + ":user/somebody" }
	add("everyone", account("000000000000"), "", true)
	everyone := list[0].caller
	open := func() bool {
		for _, action := range append(slices.Clone(keyActions), foreign...) {
			r := w.direct("", action, false)
			if strings.HasPrefix(action, "s3:") {
				r = w.onS3("", action, w.bucketARN()+"/"+w.states[0])
			}
			r.free = true
			set := &policy.Set{Identity: []*policy.Policy{everyIdentity}, Resource: doc}
			if a := w.decide(set, &r, &everyone); a.allowed {
				return true
			}
		}
		return false
	}
	if len(w.states) > 0 && open() {
		return list // nobody needs to be named besides
	}
	add("everyone in account "+w.account+", whatever their own policies say,", account(w.account), "", true)
	for _, o := range w.others {
		for _, arn := range o.principals {
			add(arn, arn, o.name, false)
		}
	}
	inAccount := func(id string) {
		if id != w.account {
			add("everyone in account "+id+" whose own policies allow it", account(id), "", true)
		}
	}
	for _, arn := range doc.AWSPrincipals() {
		switch {
		case isAccount(arn):
			inAccount(arn)
		case strings.HasSuffix(arn, ":root"):
			inAccount(accountOf(arn))
		default:
			add(arn, arn, "", false)
		}
	}
	for _, value := range w.spokenOf(doc) {
		if isAccount(value) {
			inAccount(value)
			continue
		}
		if parts := strings.SplitN(value, ":", 6); len(parts) == 6 && strings.ContainsAny(value, "*?") {
			if parts[0], parts[1], parts[2], parts[3] = "arn", w.partition, "iam", ""; !isAccount(parts[4]) {
				parts[4] = "000000000000"
			}
			if parts[5] == "*" {
				parts[5] = "user/*"
			}
			like := strings.NewReplacer("*", "somebody", "?", "x").Replace(strings.Join(parts, ":"))
			add("whoever is called like "+value, like, "", true)
			continue
		}
		add(value, value, "", false)
	}
	return list
}

func isAccount(id string) bool { return len(id) == 12 && strings.Trim(id, "0123456789") == "" }

// spokenOf are the accounts and principals that conditions of a policy's Allow statements
// compare the caller with.
func (w *reading) spokenOf(doc *policy.Policy) (values []string) {
	for i := range doc.Len() {
		if doc.Statement(i).Effect != policy.EffectAllow {
			continue
		}
		for _, c := range doc.Hold(i, &policy.Request{Principal: &policy.Principal{}}, false).Conditions {
			switch strings.ToLower(c.Key) {
			case "aws:principalarn", "aws:principalaccount", "kms:calleraccount":
				values = append(values, c.Wanted...)
			}
		}
	}
	return values
}

// gone notes principals that a policy names and that are no more: AWS shows the unique
// ID that it saved in place of the ARN, and one made again under the name is another.
//
// Source: IAM User Guide, reference_policies_elements_principal.
func (w *reading) gone(doc *policy.Policy, where string) (list []Finding) {
	for _, id := range doc.AWSPrincipals() {
		if strings.HasPrefix(id, "AIDA") || strings.HasPrefix(id, "AROA") {
			list = append(list, Finding{Rule: "grants-deleted-principal", Level: Note, Side: StateSide, Where: where, Principal: id, Actions: []string{}, Resources: []string{},
				Summary: "the " + where + " names " + id + ", a principal that was deleted", Why: "one that was made again under the same name is another, and is not let in", Fix: "write the ARN anew"})
		}
	}
	return list
}

// keyGrants reports the grants of a key: a way in that no policy shows.
func (w *reading) keyGrants(k *key) (list []Finding) {
	for _, g := range k.grants {
		f := Finding{
			Rule: "grants-kms-grant", Level: Wide, Side: StateSide, Where: "grant " + aws.ToString(g.GrantId) + " of " + w.key, Principal: aws.ToString(g.GranteePrincipal),
			Actions: []string{}, Resources: []string{w.key},
			Why: "a grant allows what no policy shows", Fix: "aws kms revoke-grant --key-id " + w.key + " --grant-id " + aws.ToString(g.GrantId),
		}
		for _, o := range g.Operations {
			f.Actions = append(f.Actions, "kms:"+string(o))
		}
		if f.Principal == "" {
			f.Principal = aws.ToString(g.GranteeServicePrincipal)
		}
		switch {
		case slices.Contains(w.principals, f.Principal):
			f.Level, f.Why = Note, "it is this environment's principal, and the grant ends with whoever retires it: grant the same by the key policy"
		case strings.HasSuffix(f.Principal, ".amazonaws.com"):
			f.Level, f.Why = Note, "an AWS service works with the key; states in S3 need none"
		}
		f.Summary = fmt.Sprintf("a KMS grant allows %s %s", f.Principal, listed(f.Actions))
		list = append(list, f)
	}
	return list
}
