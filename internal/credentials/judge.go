package credentials

import (
	"fmt"

	"github.com/strongroom-dev/strongroom/internal/diag"
)

// judge finds what surprises in the chain as a whole.
func (r *resolver) judge() {
	used := r.chain.Used()
	states := map[string]*Link{}
	for i := range r.chain.Links {
		states[r.chain.Links[i].Name] = &r.chain.Links[i]
	}
	web, profile := states[WebIdentity], states[Profile]
	if used != nil && used.Name == Environment {
		if web.State == Shadowed && r.env["AWS_SESSION_TOKEN"] == "" {
			r.find(Trap, "web-identity-shadowed", "lasting keys in the environment are used instead of the web identity",
				"the pipeline's token is never presented: calls are made as the owner of the keys, and a stored key is what web identity is there to replace",
				"unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY (in CI: delete the two variables), and withdraw the key", diag.Location{})
		}
		if profile.State == Shadowed && r.env["AWS_PROFILE"] != "" {
			r.find(Caution, "profile-shadowed", fmt.Sprintf("AWS_PROFILE=%s is not used: the keys in the environment come before it", r.env["AWS_PROFILE"]),
				"calls are made with other credentials than the profile's", "unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN", diag.Location{})
		}
	}
	if used != nil && used.Name == WebIdentity && profile.State == Shadowed && r.env["AWS_PROFILE"] != "" {
		r.find(Caution, "profile-shadowed", fmt.Sprintf("AWS_PROFILE=%s is not used: the web identity comes before it", r.env["AWS_PROFILE"]),
			"calls are made with other credentials than the profile's", "unset AWS_WEB_IDENTITY_TOKEN_FILE, or AWS_PROFILE", diag.Location{})
	}
	if used != nil && used.Name == Profile && web.State == Shadowed && r.Profile == "" {
		r.find(Caution, "tools-differ", "the AWS CLI uses the profile's role, and tofu and terraform the web identity",
			"the two make their calls as different roles", "unset AWS_WEB_IDENTITY_TOKEN_FILE, or take role_arn out of the profile", diag.Location{})
	}
	if a, b := r.env["AWS_PROFILE"], r.env["AWS_DEFAULT_PROFILE"]; a != "" && b != "" && a != b && r.Profile == "" {
		r.find(Caution, "tools-differ", fmt.Sprintf("AWS_PROFILE is %s, and AWS_DEFAULT_PROFILE is %s", a, b),
			"the AWS CLI takes AWS_DEFAULT_PROFILE, tofu and terraform take AWS_PROFILE", "unset AWS_DEFAULT_PROFILE", diag.Location{})
	}
	if used == nil && !r.ended {
		r.find(Trap, "no-credentials", "there are no credentials: no link of the chain is configured", "every call to AWS fails before it is sent", "aws configure sso, or export AWS_PROFILE=NAME", diag.Location{})
	}
}
