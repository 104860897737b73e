package trust

import (
	"fmt"
	"slices"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/policy"
)

// The statements that the module automation-iam writes.
// Source: modules/automation-iam/main.provider.tf.
var moduleSids = []string{"ForgeExact", "ForgePattern"}

// inputs is the edit as a change of the inputs of the module automation-iam,
// where every statement of the policy is that module's. The module's own rules
// on subjects have to agree.
func (e *explainer) inputs(changed string) (text, why string) {
	if slices.ContainsFunc(e.held, func(h held) bool { return !slices.Contains(moduleSids, h.sid) }) {
		return "", ""
	}
	role, name := "plan", "plan_subjects"
	if e.role.Writes || strings.HasSuffix(e.role.Name, "-apply") || strings.HasSuffix(e.role.ARN, "-apply") {
		role, name = "apply", "apply_subjects"
	}
	kind := e.answer.Forge
	if kind != oidc.KindGitLab && kind != oidc.KindGitHub {
		return "", ""
	}
	after, err := policy.Parse("", []byte(changed), policy.Trust)
	if err != nil {
		panic("trust: an edit that is no policy: " + err.Error())
	}
	before, now := subjectsOf(e.role.Policy, e.token.issuer()), subjectsOf(after, e.token.issuer())
	for _, s := range now {
		if slices.Contains(before, s) {
			continue
		}
		if rule, why, fix := room.CheckSubject(string(kind), role, s); why != "" {
			return "", fmt.Sprintf("no safe edit: the %s role must not trust %s: %s (%s). %s", role, show(s), why, rule, fix)
		}
	}
	return unified(name, hclList(name, before), hclList(name, now)), ""
}

// subjectsOf are the subjects that a policy of the module trusts.
func subjectsOf(p *policy.Policy, issuer string) (subjects []string) {
	all, _ := statements(p)
	for i := range all {
		for _, c := range all[i].conditions {
			if strings.EqualFold(c.key, issuer+":sub") {
				subjects = append(subjects, c.values...)
			}
		}
	}
	slices.Sort(subjects)
	return slices.Compact(subjects)
}

func hclList(name string, values []string) string {
	var b strings.Builder
	b.WriteString(name + " = [\n")
	for _, v := range values {
		b.WriteString("  " + strings.ReplaceAll(quote(v), "${", "$${") + ",\n")
	}
	b.WriteString("]\n")
	return b.String()
}
