package verify

import "testing"

// Who is a principal of the spec: the user itself, or a session of the role, whatever the
// role's path and the session's name.
func TestIs(t *testing.T) {
	const user, role = "arn:aws:iam::222233334444:user/ci/terraform", "arn:aws:iam::222233334444:role/ci/Terraform"
	for _, tt := range []struct {
		caller, principal string
		want              bool
	}{
		{user, user, true},
		{"arn:aws:iam::222233334444:user/terraform", user, false},
		{"arn:aws:iam::333344445555:user/ci/terraform", user, false},
		{"arn:aws-cn:iam::222233334444:user/ci/terraform", user, false},
		{"arn:aws:iam::222233334444:root", user, false},
		{"arn:aws:sts::222233334444:assumed-role/terraform/session", user, false},
		{"arn:aws:sts::222233334444:assumed-role/Terraform/job/1", role, true},
		{"arn:aws:sts::222233334444:assumed-role/terraform/job-1", role, true},
		{"arn:aws:sts::222233334444:assumed-role/ci/Terraform", role, false},
		{"arn:aws:sts::333344445555:assumed-role/Terraform/job-1", role, false},
		{"arn:aws:iam::222233334444:user/Terraform", role, false},
		{"", role, false},
		{"nonsense", user, false},
	} {
		if got := is(tt.caller, tt.principal); got != tt.want {
			t.Errorf("is(%q, %q) = %t", tt.caller, tt.principal, got)
		}
	}
}

// The sum of several principals' answers is the worst of them, and says all.
func TestWorst(t *testing.T) {
	ok, unknown, failed := Finding{Status: OK, Detail: "a", Decided: true}, Finding{Status: Unknown, Detail: "b", Fix: "look"}, Finding{Status: Failed, Detail: "c", Fix: "mend"}
	if got := worst([]Finding{ok, unknown}); got.Status != Unknown || got.Detail != "a; b" || got.Fix != "look" || !got.Decided {
		t.Errorf("%+v", got)
	}
	if got := worst([]Finding{unknown, failed, ok}); got.Status != Failed || got.Detail != "b; c; a" || got.Fix != "mend" {
		t.Errorf("%+v", got)
	}
}
