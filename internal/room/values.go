package room

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// values are what the templates of a stack know of the room, by the names that the
// spec has for it.
func (r *Room) values(stack string) map[string]cty.Value {
	keys := make([]string, len(Stacks))
	for i, s := range Stacks {
		keys[i] = r.StateKey(s)
	}
	has := map[string]cty.Value{"alert-sink": cty.BoolVal(r.Baseline.HasSink())}
	for _, c := range Concerns {
		has[c] = cty.BoolVal(r.Baseline.Has(c))
	}
	v := map[string]cty.Value{
		"name": cty.StringVal(r.Name), "account": cty.StringVal(r.Account), "region": cty.StringVal(r.Region),
		"forge": r.Forge.value(), "state": r.State.value(), "automation": r.Automation.value(),
		"nuke":       cty.ObjectVal(map[string]cty.Value{"blocklist": texts(r.Nuke.Blocklist)}),
		"state_key":  cty.StringVal(r.StateKey(stack)),
		"state_keys": texts(keys), "regions": texts(r.regions()), "apply_role": cty.StringVal(r.ApplyRole()),
		"has": cty.MapVal(has), "baseline": cty.NullVal(cty.DynamicPseudoType),
	}
	if r.Baseline != nil {
		v["baseline"] = r.Baseline.value()
		v["baseline_modules"], v["baseline_buckets"] = texts(r.BaselineModules()), texts(r.BaselineBuckets())
		v["guard_policy_arn"], v["boundary_policy_arn"] = cty.StringVal(r.GuardPolicyARN()), cty.StringVal(r.BoundaryPolicyARN())
		v["state_bucket_arn"] = cty.StringVal(r.StateBucketARN())
	}
	return v
}

// regions are all that the room works in, sorted.
func (r *Room) regions() []string {
	regions := append([]string{r.Region}, r.Automation.AllowedRegions...)
	if r.Baseline != nil {
		regions = append(regions, r.Baseline.Regions...)
	}
	slices.Sort(regions)
	return slices.Compact(regions)
}

func (f *Forge) value() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"kind": cty.StringVal(f.Kind), "project": cty.StringVal(f.Project),
		"issuer": cty.StringVal(f.Issuer), "audience": cty.StringVal(f.Audience),
	})
}

func (s *State) value() cty.Value {
	environments := make([]cty.Value, len(s.Environments))
	for i, e := range s.Environments {
		environments[i] = cty.ObjectVal(map[string]cty.Value{
			"name": cty.StringVal(e.Name), "principals": texts(e.Principals), "state_keys": texts(e.StateKeys),
		})
	}
	return cty.ObjectVal(map[string]cty.Value{
		"bucket": cty.StringVal(s.Bucket), "key_alias": cty.StringVal(s.KeyAlias), "lifecycle": cty.BoolVal(s.Lifecycle),
		"environments": cty.TupleVal(environments),
	})
}

func (a *Automation) value() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"plan_subjects": texts(a.PlanSubjects), "apply_subjects": texts(a.ApplySubjects), "plan_locks": cty.BoolVal(a.PlanLocks),
		"permissions_boundary": cty.StringVal(a.PermissionsBoundary), "allowed_regions": texts(a.AllowedRegions),
	})
}

func (b *Baseline) value() cty.Value {
	sink := cty.NullVal(cty.DynamicPseudoType)
	if s := b.Alerts.Sink; s != nil {
		sink = cty.ObjectVal(map[string]cty.Value{
			"package": cty.StringVal(s.Package), "architecture": cty.StringVal(s.Architecture), "ntfy_url": cty.StringVal(s.NtfyURL),
			"ntfy_token": cty.BoolVal(s.NtfyToken), "pushover": cty.BoolVal(s.Pushover), "runbook_url": cty.StringVal(s.RunbookURL),
		})
	}
	return cty.ObjectVal(map[string]cty.Value{
		"regions": texts(b.Regions), "account_alias": cty.StringVal(b.AccountAlias), "config_bucket": cty.StringVal(b.ConfigBucket),
		"operator": cty.ObjectVal(map[string]cty.Value{
			"role_name": cty.StringVal(b.Operator.RoleName), "allowed_regions": texts(b.Operator.AllowedRegions), "mfa_max_age": number(b.Operator.MFAMaxAge),
		}),
		"audit": cty.ObjectVal(map[string]cty.Value{
			"bucket": cty.StringVal(b.Audit.Bucket), "retention_days": number(b.Audit.RetentionDays), "expire_days": number(b.Audit.ExpireDays),
		}),
		"alerts": cty.ObjectVal(map[string]cty.Value{
			"emails": texts(b.Alerts.Emails), "https_endpoints": texts(b.Alerts.HTTPSEndpoints),
			"guardduty_minimum_severity": number(b.Alerts.GuardDutyMinimumSeverity), "securityhub_severities": texts(b.Alerts.SecurityHubSeverities),
			"sink": sink,
		}),
	})
}

func number(n int) cty.Value { return cty.NumberIntVal(int64(n)) }

// texts is a list of texts, also if it is empty.
func texts(values []string) cty.Value {
	if len(values) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	list := make([]cty.Value, len(values))
	for i, v := range values {
		list[i] = cty.StringVal(v)
	}
	return cty.ListVal(list)
}
