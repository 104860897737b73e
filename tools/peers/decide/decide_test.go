package decide_test

import (
	"fmt"
	"strings"
	"testing"

	cedar "github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"
)

// The small case: two statements that allow, one that refuses plain HTTP. A
// Cedar pattern holds no variables; what ${aws:PrincipalTag/team} in the resource
// does is here an attribute of the object, compared with the principal's.
const small = `
permit (principal == User::"ann", action in [Action::"ListBucket", Action::"GetBucketLocation"], resource == Bucket::"state");
permit (principal == User::"ann", action in [Action::"GetObject", Action::"PutObject"], resource in Bucket::"state")
when { resource.team == principal.team && context.requestedRegion == "eu-west-2" && context.sourceIp.isInRange(ip("10.0.0.0/8")) };
forbid (principal, action, resource in Bucket::"state") when { context.secureTransport == false };
`

func smallCase(tb testing.TB, team string) (*cedar.PolicySet, cedar.EntityMap, cedar.Request) {
	tb.Helper()
	ann, bucket := cedar.NewEntityUID("User", "ann"), cedar.NewEntityUID("Bucket", "state")
	object := cedar.NewEntityUID("Object", "core/terraform.tfstate")
	address, err := types.ParseIPAddr("10.1.2.3")
	if err != nil {
		tb.Fatal(err)
	}
	entities := cedar.EntityMap{
		ann:    {UID: ann, Attributes: cedar.NewRecord(cedar.RecordMap{"team": cedar.String(team)})},
		bucket: {UID: bucket},
		object: {UID: object, Parents: cedar.NewEntityUIDSet(bucket), Attributes: cedar.NewRecord(cedar.RecordMap{"team": cedar.String("core")})},
	}
	return parse(tb, small), entities, cedar.Request{
		Principal: ann, Action: cedar.NewEntityUID("Action", "GetObject"), Resource: object,
		Context: cedar.NewRecord(cedar.RecordMap{
			"requestedRegion": cedar.String("eu-west-2"), "sourceIp": address, "secureTransport": cedar.True,
		}),
	}
}

// largeCase is 20 statements of 5 conditions, of which the last decides.
func largeCase(tb testing.TB, secure cedar.Boolean) (*cedar.PolicySet, cedar.EntityMap, cedar.Request) {
	tb.Helper()
	var b strings.Builder
	for i := range 20 {
		effect, want := "forbid", "false"
		if i == 19 {
			effect, want = "permit", "true"
		}
		fmt.Fprintf(&b, `%s (principal, action in [Action::"ListAliases", Action::"ListKeys"], resource)
			when { ["eu-west-1", "eu-west-2"].contains(context.requestedRegion)
				&& context.viaService like "s3.*.amazonaws.com"
				&& context.principalArn like "arn:aws:iam::111122223333:role/ci/*"
				&& context.mfaAge < 3600
				&& context.secureTransport == %s };`+"\n", effect, want)
	}
	role, all := cedar.NewEntityUID("Role", "apply"), cedar.NewEntityUID("Account", "111122223333")
	return parse(tb, b.String()), cedar.EntityMap{role: {UID: role}, all: {UID: all}}, cedar.Request{
		Principal: role, Action: cedar.NewEntityUID("Action", "ListAliases"), Resource: all,
		Context: cedar.NewRecord(cedar.RecordMap{
			"requestedRegion": cedar.String("eu-west-2"), "viaService": cedar.String("s3.eu-west-2.amazonaws.com"),
			"principalArn": cedar.String("arn:aws:iam::111122223333:role/ci/apply"), "mfaAge": cedar.Long(120),
			"secureTransport": secure,
		}),
	}
}

func parse(tb testing.TB, text string) *cedar.PolicySet {
	tb.Helper()
	set, err := cedar.NewPolicySetFromBytes("bench", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

func decide(b *testing.B, set *cedar.PolicySet, entities cedar.EntityMap, r cedar.Request) {
	b.ReportAllocs()
	for b.Loop() {
		if verdict, _ := cedar.Authorize(set, entities, r); verdict != cedar.Allow {
			b.Fatal("not allowed")
		}
	}
}

func BenchmarkDecideSmall(b *testing.B) {
	set, entities, r := smallCase(b, "core")
	decide(b, set, entities, r)
}

func BenchmarkDecide20x5(b *testing.B) {
	set, entities, r := largeCase(b, true)
	decide(b, set, entities, r)
}

func TestTheStatementsDecide(t *testing.T) {
	set, entities, r := smallCase(t, "other")
	if verdict, d := cedar.Authorize(set, entities, r); verdict != cedar.Deny || len(d.Errors) > 0 {
		t.Errorf("another team: %v (errors %v), want deny", verdict, d.Errors)
	}
	set, entities, r = largeCase(t, false)
	if verdict, d := cedar.Authorize(set, entities, r); verdict != cedar.Deny || len(d.Reasons) != 19 || len(d.Errors) > 0 {
		t.Errorf("plain HTTP: %v for %d reasons (errors %v), want deny for 19", verdict, len(d.Reasons), d.Errors)
	}
}
