package cli

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/strongroom-dev/strongroom/internal/oidc"
)

// jobRequest reads the flags of jobFlags once they are parsed. The Project may be
// empty.
type jobRequest func() (oidc.TokenRequest, error)

// jobFlags adds the flags that describe the CI job whose token is meant.
func jobFlags(cmd *cobra.Command) jobRequest {
	var r oidc.TokenRequest
	var claims []string
	f := cmd.Flags()
	f.StringVar(&r.Forge, "forge", "gitlab", "whose token: gitlab or github")
	f.StringVar(&r.Shape, "shape", "", "kind of pipeline (default branch)")
	f.StringVar(&r.Issuer, "issuer", "", "issuer, for a self-managed GitLab or a GitHub enterprise (default the forge's own)")
	f.StringVar(&r.Project, "project", "", "path of the project or repository (required)")
	f.StringVar(&r.Fork, "fork", "", "path of the fork, for shape fork-mr (GitLab)")
	f.StringVar(&r.Ref, "ref", "", "plain name of the branch or tag (default main, feature or v1.0.0, by the shape)")
	f.StringVar(&r.RefType, "ref-type", "", "branch or tag (default branch)")
	protected := f.Bool("ref-protected", false, "whether the ref is protected (default what the forge would say)")
	f.StringVar(&r.Source, "source", "", "GitLab's pipeline source or GitHub's event (default push)")
	f.StringVar(&r.Environment, "environment", "", "the job's environment (default none)")
	f.BoolVar(&r.EnvironmentProtected, "environment-protected", false, "the environment is protected (GitLab)")
	f.StringVar(&r.DeploymentTier, "deployment-tier", "", "the environment's tier (GitLab)")
	f.StringVar(&r.EnvironmentAction, "environment-action", "", "what the job does to the environment (GitLab; default start)")
	f.StringVar(&r.Visibility, "visibility", "", "private, internal or public (default private)")
	f.StringVar(&r.User, "user", "", "login of the user who runs the job (default developer)")
	f.StringVar(&r.UserAccessLevel, "user-access-level", "", "the user's role in the project (GitLab)")
	f.StringSliceVar(&r.Sub, "sub", nil, "claims that make up a customised subject, in order")
	f.BoolVar(&r.Immutable, "immutable", false, "the subject has the IDs of owner and repository (GitHub)")
	f.StringVar(&r.Enterprise, "enterprise", "", "slug of the enterprise that owns the repository (GitHub)")
	f.BoolVar(&r.EnterpriseIssuer, "enterprise-issuer", false, "the enterprise uses an issuer of its own (GitHub)")
	f.StringVar(&r.JobWorkflow, "job-workflow", "", "the reusable workflow that the job is in (GitHub)")
	f.StringVar(&r.BaseRef, "base-ref", "", "target branch of a pull request (GitHub; default main)")
	f.IntVar(&r.PullRequest, "pull-request", 0, "number of the pull request (GitHub; default 1)")
	f.StringSliceVar(&r.Audience, "audience", nil, "what the job asks for as audience (default the forge's own)")
	f.StringArrayVar(&claims, "claim", nil, "replace a claim: name=text, name:=JSON; name:=null removes it")
	completions := map[string][]string{
		"forge": {"gitlab", "github"}, "ref-type": {"branch", "tag"}, "visibility": {"private", "internal", "public"},
		"shape": slices.Concat(oidc.Shapes("gitlab"), oidc.Shapes("github")),
	}
	for flag, values := range completions {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	return func() (oidc.TokenRequest, error) {
		if f.Changed("ref-protected") {
			r.RefProtected = protected
		}
		var err error
		r.Replace, err = parseClaims(cmd, claims)
		return r, err
	}
}

// parseClaims reads name=text and name:=JSON. Text is the default because
// nearly every claim is a string, numbers and booleans included.
func parseClaims(cmd *cobra.Command, args []string) (map[string]any, error) {
	if len(args) == 0 {
		return nil, nil
	}
	claims := make(map[string]any, len(args))
	for _, arg := range args {
		name, value, ok := strings.Cut(arg, "=")
		name, isJSON := strings.CutSuffix(name, ":")
		if !ok || name == "" {
			return nil, usage(cmd, "--claim %q is not name=text or name:=JSON", arg)
		}
		if _, twice := claims[name]; twice {
			return nil, usage(cmd, "--claim %s is given twice", name)
		}
		claims[name] = value
		if !isJSON {
			continue
		}
		if !json.Valid([]byte(value)) {
			return nil, usage(cmd, "--claim %s: %q is not JSON", name, value)
		}
		claims[name] = json.RawMessage(value)
	}
	return claims, nil
}
