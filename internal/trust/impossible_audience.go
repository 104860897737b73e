package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// audienceNotClient: an audience that the provider's client list does not have.
var audienceNotClient = &impossible{id: "audience-not-client", scope: ScopeAny, find: func(w *want) (why, fix string) {
	clients, known := w.role.Clients[w.issuer]
	if w.claim != "aud" || !known || w.met || slices.ContainsFunc(clients, func(c string) bool { return w.condition.operator.Holds(c, []string{w.value}) }) {
		return "", ""
	}
	return fmt.Sprintf("the client list of the provider has only %s, so no token for %s gets as far as the policy", quoted(clients), show(w.value)),
		"name an audience of the client list, or add this one to it: aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn " + w.role.shownARN(w.token) + " --client-id " + w.value
}}

// audienceNotAsked: the token has the forge's default audience, because its job
// asked for none.
var audienceNotAsked = &impossible{id: "audience-not-asked", scope: ScopeJob, find: func(w *want) (why, fix string) {
	if w.claim != "aud" || w.met || !w.own {
		return "", ""
	}
	has, err := oidc.Audience(w.token.Claims)
	if err != nil {
		return "", ""
	}
	switch {
	case w.kind == oidc.KindGitLab && has == w.token.Issuer:
		return "the token has GitLab's default audience, its own address: the job asks for no other", fmt.Sprintf("ask for it in the job, in .gitlab-ci.yml:\nid_tokens:\n  AWS_TOKEN:\n    aud: %s", w.value)
	case w.kind == oidc.KindGitHub && strings.HasPrefix(has, "https://github.com/"):
		return "the token has GitHub's default audience, the address of the owner: the step asks for no other", fmt.Sprintf("ask for it in the step: core.getIDToken(%q), or aws-actions/configure-aws-credentials, which asks for sts.amazonaws.com unless told otherwise", w.value)
	}
	return "", ""
}}
