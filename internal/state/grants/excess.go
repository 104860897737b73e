package grants

import (
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/policy"
)

// effective is what a principal may really do: by both sides, or where its own side
// was not read by what the state account allows it.
func (j *judge) effective(r *request, who *caller) (answer, bool) {
	if a, known := j.both(r, who); known {
		return a, true
	}
	return j.stateHalf(r, who)
}

// tooMuch finds what the principal may do beyond what it needs.
func (j *judge) tooMuch() (list []Finding) {
	harmful, harmless := keyPowers()
	report := func(level Level, x reach, why string) {
		if len(x.actions) == 0 {
			return
		}
		side, where := StateSide, "bucket policy of "+j.bucket
		switch {
		case len(x.by) > 0 && !slices.ContainsFunc(x.by, func(s string) bool { return strings.Contains(s, "of the policy of ") }):
			side, where = PrincipalSide, "policies of "+j.who.ARN
		case strings.HasPrefix(x.actions[0], "kms:"):
			where = "key policy of " + x.resources[0]
		}
		f := Finding{Rule: "grants-wide", Level: level, Side: side, Where: where, Principal: j.who.ARN, Actions: x.actions, Resources: x.resources, Summary: x.words(j.who.ARN, where), Why: why}
		if len(x.by) > 0 {
			f.Fix = "narrow " + strings.Join(x.by, " and ") + " to what is printed here"
		}
		list = append(list, f)
	}
	grant := []policy.Reason{policy.ReasonKeyPolicy, policy.ReasonResource}
	if j.near() {
		grant = append(grant, policy.ReasonIdentity)
	}
	report(Wide, j.keyReach(j.who, harmful, j.effective, grant...), "the right to use the key must not become the right to give it away, to change it or to end it")
	report(Note, j.keyReach(j.who, harmless, j.effective, grant...), "it gives away no more than the principal has, and is not needed")
	report(Wide, j.objectReach(j.who, statePowers, j.stateARNs(j.states), j.effective, grant...), "a state that can be deleted can be lost; only locks have to be")
	report(Wide, j.objectReach(j.who, bucketPowers, []string{j.bucketARN()}, j.effective, grant...), "whoever changes the bucket changes who reaches its states")
	for _, o := range j.others {
		report(Wide, j.objectReach(j.who, foreign, j.stateObjects(o.states), j.effective, grant...), "they are environment "+o.name+"'s states: what happens to this one would reach that one")
	}
	if j.near() {
		for _, o := range j.others {
			report(Wide, j.otherKey(o, harmful), "it is environment "+o.name+"'s key: who has it, and the bytes, reads that one's states")
		}
	} else if j.who.read {
		list = append(list, j.idle(harmful)...)
	}
	return list
}

// otherKey is what a principal of the state account may do with another environment's
// key. That of another account is in that key's policy, and found with that environment.
func (j *judge) otherKey(o other, harmful []string) (x reach) {
	if o.key == "" || o.key == j.key || len(o.states) == 0 {
		return x
	}
	for _, action := range append([]string{"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"}, harmful...) {
		for _, r := range []request{j.ofKey("", action, o.key), j.throughS3("", action, o.key, j.bucketARN()+"/"+o.states[0], false), j.throughS3("", action, o.key, "", true)} {
			r.free = true
			a, known := j.both(&r, j.who)
			if !known { // the key's policy was not read: its own is what is known
				a, known = j.ownHalf(&r, j.who)
				a.allowed = false
				a.because("the policy of that key")
			}
			if known {
				x.add(&r, a, policy.ReasonIdentity, policy.ReasonKeyPolicy)
			}
		}
	}
	return x
}

func (w *reading) stateARNs(keys []string) (list []string) {
	for _, k := range keys {
		list = append(list, w.bucketARN()+"/"+k)
	}
	return list
}

// idle notes what the principal's own policies allow and only the other side stops.
func (j *judge) idle(harmful []string) (list []Finding) {
	note := func(x reach, why string) {
		if len(x.actions) == 0 || !x.sure {
			return
		}
		where := "policies of " + j.who.ARN
		list = append(list, Finding{Rule: "grants-idle", Level: Note, Side: PrincipalSide, Where: where, Principal: j.who.ARN, Actions: x.actions, Resources: x.resources,
			Summary: "as far as its own policies go, " + x.words(j.who.ARN, where), Why: why, Fix: "narrow " + strings.Join(x.by, " and ") + " to what is printed here"})
	}
	note(j.keyReach(j.who, harmful, j.ownHalf, policy.ReasonIdentity), "only the key policy keeps it from that")
	for _, o := range j.others {
		if o.key == "" {
			continue
		}
		x := reach{}
		for _, action := range keyActions {
			r := j.direct("", action, false)
			r.resource = o.key
			if a, known := j.ownHalf(&r, j.who); known {
				x.add(&r, a, policy.ReasonIdentity)
			}
		}
		note(x, "only the policy of environment "+o.name+"'s key keeps it out")
	}
	return list
}
