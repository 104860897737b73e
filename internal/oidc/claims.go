package oidc

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// gitLabClaims are the claims_supported of the stand-in for GitLab.
// Source: GitLab "OpenID Connect (OIDC) authentication using ID tokens", token
// payload. job_source (18.9) is left out: its values are not documented.
var gitLabClaims = []string{
	"iss", "sub", "aud", "exp", "nbf", "iat", "jti",
	"namespace_id", "namespace_path", "project_id", "project_path", "project_visibility",
	"job_namespace_id", "job_namespace_path", "job_project_id", "job_project_path",
	"user_id", "user_login", "user_email", "user_access_level", "groups_direct",
	"pipeline_id", "pipeline_source", "job_id", "runner_id", "runner_environment",
	"sha", "ci_config_ref_uri", "ci_config_sha",
	"ref", "ref_type", "ref_path", "ref_protected",
	"environment", "environment_protected", "deployment_tier", "environment_action",
}

// gitHubClaims are the claims_supported of the stand-in for GitHub.
// Source: GitHub "OpenID Connect reference", OIDC token claims.
var gitHubClaims = []string{
	"sub", "aud", "exp", "iat", "iss", "jti", "nbf",
	"ref", "sha", "repository", "repository_id", "repository_owner", "repository_owner_id",
	"repository_visibility", "enterprise", "enterprise_id",
	"run_id", "run_number", "run_attempt", "actor", "actor_id",
	"workflow", "workflow_ref", "workflow_sha", "job_workflow_ref", "job_workflow_sha",
	"head_ref", "base_ref", "event_name", "ref_type", "ref_protected",
	"environment", "runner_environment", "check_run_id",
}

// ClaimNames lists the claims that a forge's tokens may carry, KindGitLab's or
// KindGitHub's; nil for any other kind.
func ClaimNames(k Kind) []string {
	switch k {
	case KindGitLab:
		return slices.Clone(gitLabClaims)
	case KindGitHub:
		return slices.Clone(gitHubClaims)
	}
	return nil
}

// override applies the claims a test wants otherwise: nil removes one.
func override(claims, with map[string]any) {
	for name, value := range with {
		if value == nil {
			delete(claims, name)
		} else {
			claims[name] = value
		}
	}
}

// audience is a string for one audience and a list for several, as in RFC 7519
// and in both forges' tokens.
func audience(auds []string) any {
	if len(auds) == 1 {
		return auds[0]
	}
	return auds
}

// id makes a numeric ID up for a name: the same for the same name, so that
// trust policies written on IDs can be rehearsed.
func id(kind, name string) string {
	sum := sha256.Sum256([]byte(kind + "\x00" + name))
	return strconv.FormatUint(uint64(binary.BigEndian.Uint32(sum[:4]))%90_000_000+10_000_000, 10)
}

// commit makes a commit ID up for a ref.
func commit(project, ref string) string {
	sum := sha256.Sum256([]byte("commit\x00" + project + "\x00" + ref))
	return hex.EncodeToString(sum[:20])
}

// checkPath refuses a project path that no forge would give a project: a
// pattern, an empty segment, a separator of the sub claim.
func checkPath(what, path string, segments int) error {
	parts := strings.Split(path, "/")
	bad := slices.ContainsFunc(parts, func(p string) bool { return p == "" || strings.ContainsAny(p, " :*?@\t\n") })
	if bad || len(parts) < 2 || segments > 0 && len(parts) != segments {
		return fmt.Errorf("%s %q is not a path like group/project", what, path)
	}
	return nil
}

// checkShortRef refuses a name that Git would not accept for a branch or tag,
// and one with refs/ in front: both forges are asked with the plain name. The
// empty string passes. Source: git-check-ref-format.
func checkShortRef(what, ref string) error {
	if strings.ContainsAny(ref, " :*?[\\^~\t\n") || strings.Contains(ref, "..") || strings.HasSuffix(ref, "/") || strings.HasPrefix(ref, "/") {
		return fmt.Errorf("%s %q is not a name that Git accepts", what, ref)
	}
	if strings.HasPrefix(ref, "refs/") {
		return fmt.Errorf("%s %q: give the plain name of the branch or tag, and the ref type", what, ref)
	}
	return nil
}

// oneOf refuses a value outside a documented list; the empty string passes.
func oneOf(what, value string, allowed ...string) error {
	if value == "" || slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s %q is not one of %s", what, value, strings.Join(allowed, ", "))
}

// or returns value, or the default if it is empty.
func or(value, byDefault string) string {
	if value == "" {
		return byDefault
	}
	return value
}

// times adds the claims of time, and applies the faults that are about it.
func times(claims map[string]any, issued time.Time, before, after time.Duration, fault Fault) {
	if issued.IsZero() {
		issued = time.Unix(0, 0)
	}
	switch fault {
	case Expired:
		issued = issued.Add(-after - time.Hour)
	case NotYetValid:
		issued = issued.Add(before + time.Hour)
	}
	claims["iat"] = issued.Unix()
	claims["nbf"] = issued.Add(-before).Unix()
	claims["exp"] = issued.Add(after).Unix()
}
