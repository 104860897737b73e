package grants_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/engine/enginetest"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/internal/state/grants"
)

// conditions are put on statements at random; each is decided by what is known of a
// request.
var conditions = []map[string]map[string][]string{
	{"Bool": {"aws:SecureTransport": {"true"}}},
	{"Bool": {"aws:SecureTransport": {"false"}}},
	{"StringEquals": {"kms:ViaService": {"s3." + region + ".amazonaws.com"}}},
	{"StringNotEqualsIfExists": {"kms:ViaService": {"s3." + region + ".amazonaws.com"}}},
	{"StringEquals": {"kms:EncryptionContext:aws:s3:arn": {"arn:aws:s3:::" + bucket}}},
	{"StringLike": {"kms:EncryptionContext:aws:s3:arn": {"arn:aws:s3:::" + bucket + "/development*"}}},
	{"Null": {"kms:EncryptionContext:aws:s3:arn": {"true"}}},
	{"StringEquals": {"aws:username": {"terraform"}}},
	{"StringNotEquals": {"aws:PrincipalAccount": {accounts["development"]}}},
	{"StringEquals": {"s3:x-amz-server-side-encryption": {"aws:kms"}}},
	{"Null": {"s3:if-none-match": {"false"}}},
	{"StringLike": {"s3:prefix": {"env:/*"}}},
	{"Bool": {"aws:ViaAWSService": {"false"}}},
	{"StringEquals": {"kms:CallerAccount": {stateAccount}}},
	{"StringLike": {"aws:PrincipalArn": {"*:user/*"}}},
	{"StringEquals": {"kms:KeySpec": {"SYMMETRIC_DEFAULT"}}},
	{"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": {"aws:s3:arn"}}},
}

// condition picks one that the policy may have: S3 refuses keys that an action does not
// know.
func condition(r *rand.Rand, policy string, actions []string) map[string]map[string][]string {
	for {
		c := conditions[r.IntN(len(conditions))]
		text := show(c)
		of := map[string]bool{"kms:": strings.Contains(text, `"kms:`), "s3:prefix": strings.Contains(text, "s3:prefix"), "upload": strings.Contains(text, "s3:x-amz") || strings.Contains(text, "s3:if-")}
		if policy != "bucket" || !of["kms:"] && (!of["s3:prefix"] || slices.Equal(actions, []string{"s3:ListBucket"})) && (!of["upload"] || slices.Equal(actions, []string{"s3:PutObject"})) {
			return c
		}
	}
}

// mutated is the statements with something taken away, denied or put on a condition.
func (p pasted) mutated(r *rand.Rand) pasted {
	out := pasted{}
	for _, policy := range []string{"bucket", "key", "own"} {
		for _, s := range p[policy] {
			if r.IntN(8) == 0 {
				continue
			}
			s.Action = slices.Clone(s.Action)
			if len(s.Action) > 1 && r.IntN(3) == 0 {
				i := r.IntN(len(s.Action))
				s.Action = slices.Delete(s.Action, i, i+1)
			}
			if r.IntN(3) == 0 {
				s.Condition = condition(r, policy, s.Action)
			}
			out[policy] = append(out[policy], s)
			if r.IntN(4) == 0 {
				deny := s
				deny.Sid, deny.Effect, deny.Condition = s.Sid+"Deny", "Deny", condition(r, policy, s.Action)
				out[policy] = append(out[policy], deny)
			}
		}
	}
	return out
}

// Whatever is granted, on whatever condition, in the state account or another: what is
// said of each request is what becomes of it.
func TestEveryVerdictIsWhatHappens(t *testing.T) {
	rounds := 8
	if enginetest.Full() {
		rounds = 100
	}
	for name, near := range map[string]string{"other account": "", "same account": "development"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, near)
			r := w.room(true)
			p := printed(w.check(r, "development"))
			if near != "" {
				// It needs no policy of its own; one may add to what it has, or take away.
				p["own"] = append(slices.Clone(p["key"]), p["bucket"]...)
				for i := range p["own"] {
					p["own"][i].Principal = nil
				}
			}
			judged := map[string]int{}
			for seed := range rounds {
				w.held(r, p.mutated(rand.New(rand.NewPCG(5, uint64(seed)))), seed, judged)
			}
			if judged["yes"] < rounds || judged["no"] < rounds {
				t.Errorf("judged %v in %d rounds: too few to show anything", judged, rounds)
			}
		})
	}
}

// held pastes what is given, makes an engine's requests, and holds what becomes of each
// against what is said of it.
func (w *world) held(r *room.Room, given pasted, seed int, judged map[string]int) {
	w.Helper()
	w.clear()
	w.bucketKey(seed%2 == 0)
	w.paste(given, "development")
	e := w.check(r, "development")
	n := len(w.sb.Events())
	for _, step := range w.steps("development", true) {
		_ = step() // refused or not: the events tell
	}
	for _, event := range w.sb.Events()[n:] {
		key, _ := event.RequestParameters["key"].(string)
		for _, d := range event.Decisions {
			object := ""
			if strings.HasPrefix(d.Action, "kms:") && key != "" {
				if object = "arn:aws:s3:::" + bucket + "/" + key; e.BucketKey {
					object = "arn:aws:s3:::" + bucket
				}
			}
			if d.Action == "s3:ListBucket" && strings.HasSuffix(key, ".tflock") {
				continue // whether there is a lock: an engine reads the one that it has
			}
			said := saying(e, d.Action, d.Resource, object, key)
			if judged[said]++; said != "yes" && said != "no" || (said == "yes") != d.Allowed {
				w.Errorf("seed %d: %s on %s for %q: said %q, and it was allowed: %t (%v, %v)\n%s", seed, d.Action, d.Resource, object, said, d.Allowed, d.Verdict, d.Reason, text(w, slices.Concat(given["key"], given["bucket"], given["own"])))
			}
		}
	}
}

// saying is what was said of a request.
func saying(e *grants.Environment, action, resource, object, key string) string {
	for _, c := range e.Principals[0].Checks {
		if c.Action != action || c.Resource != resource || c.Context != object {
			continue
		}
		if action == "s3:ListBucket" && key != "" && c.For != "tell whether there is a "+key || action == "s3:ListBucket" && key == "" && c.For != "list the workspaces" {
			continue // S3 asks it for a missing object as well, with another prefix
		}
		switch {
		case c.State == "no" || c.Principal == "no" || c.State == "not needed" && c.Principal == "not needed":
			return "no" // Encrypt, where the key is for S3 alone, is not allowed and not needed
		case c.State == "unknown" || c.Principal == "unknown":
			return fmt.Sprintf("unknown (%s)", c.For)
		case action == "kms:Encrypt" && (c.State == "not needed" || c.Principal == "not needed") && !e.Principals[0].SameAccount:
			return "no"
		}
		return "yes"
	}
	return ""
}
