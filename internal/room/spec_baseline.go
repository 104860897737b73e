package room

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/hashicorp/hcl/v2"
)

// baselineSection reads what the src stack's security baseline is to be:
//
//	baseline {
//	  without = ["aws-config"]
//	  operator { role_name = "InfraAdmin" }
//	}
func baselineSection(r *Room, at hcl.Range, d *decoder) section {
	b := &Baseline{}
	r.Baseline = b
	d.at[r.Baseline] = at
	part := func(name string, settings any, keys ...key) block {
		return block{name: name, read: func(d *decoder, _ string, at hcl.Range) section {
			d.at[settings] = at
			return section{name: name, keys: keys}
		}}
	}
	return section{
		name: "baseline",
		keys: []key{
			{name: "without", example: `["aws-config"]`, list: &b.Without, check: oneOf("baseline-concern", Concerns...)},
			{name: "regions", example: `["us-east-1"]`, list: &b.Regions, check: checkRegion},
			{name: "account_alias", example: `"acme-foundations"`, text: &b.AccountAlias, check: checkAccountAlias},
		},
		blocks: []block{
			part("operator", &b.Operator,
				key{name: "role_name", example: `"InfraAdmin"`, text: &b.Operator.RoleName, check: checkRoleName},
				key{name: "allowed_regions", example: `["eu-west-2"]`, list: &b.Operator.AllowedRegions, check: checkRegion},
				key{name: "mfa_max_age", example: "3600", number: &b.Operator.MFAMaxAge, check: checkMFAMaxAge}),
			part("audit", &b.Audit,
				key{name: "bucket", example: `"acme-foundations-audit"`, text: &b.Audit.Bucket, check: checkBucket},
				key{name: "retention_days", example: "365", number: &b.Audit.RetentionDays, check: checkRetention},
				key{name: "expire_days", example: "400", number: &b.Audit.ExpireDays, check: checkExpireDays}),
			part("config", &b.ConfigBucket,
				key{name: "bucket", example: `"acme-foundations-config"`, text: &b.ConfigBucket, check: checkBucket}),
			{name: "alerts", read: func(d *decoder, _ string, at hcl.Range) section {
				d.at[&b.Alerts] = at
				return alertsSection(&b.Alerts)
			}},
		},
	}
}

func alertsSection(a *Alerting) section {
	return section{
		name: "alerts",
		keys: []key{
			{name: "emails", example: `["security@example.com"]`, list: &a.Emails, check: checkEmail},
			{name: "https_endpoints", example: `["https://alerts.example.com/sns"]`, list: &a.HTTPSEndpoints, check: checkEndpoint},
			{name: "guardduty_minimum_severity", example: "7", number: &a.GuardDutyMinimumSeverity, check: checkSeverity},
			{name: "securityhub_severities", example: `["HIGH", "CRITICAL"]`, list: &a.SecurityHubSeverities, check: oneOf("baseline-severity", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL")},
		},
		blocks: []block{{name: "sink", read: func(*decoder, string, hcl.Range) section {
			s := &Sink{Package: "alert-sink.zip", Architecture: "arm64"}
			a.Sink = s
			return section{name: "sink", keys: []key{
				{name: "package", example: `"alert-sink.zip"`, text: &s.Package, check: checkPackage},
				{name: "architecture", example: `"arm64"`, text: &s.Architecture, check: checkArchitecture},
				{name: "ntfy_url", example: `"https://ntfy.example.com"`, text: &s.NtfyURL, check: checkEndpoint},
				{name: "ntfy_token", example: "true", flag: &s.NtfyToken},
				{name: "pushover", example: "true", flag: &s.Pushover},
				{name: "runbook_url", example: `"https://runbooks.example.com"`, text: &s.RunbookURL, check: checkEndpoint},
			}}
		}}},
	}
}

var (
	packageForm      = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*\.zip$`)
	accountAliasForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	roleNameForm     = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]+$`)
	emailForm        = regexp.MustCompile(`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$`)
	endpointForm     = regexp.MustCompile(`^https://[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?$`)
)

var (
	checkEmail    = form(emailForm, "baseline-email", "AWS sends the question whether alerts are wanted to that address", `write it like "security@example.com"`)
	checkPackage  = form(packageForm, "baseline-package", "the program is a zip file in the src stack, the same on every machine that plans", `write its path there, like "alert-sink.zip"`)
	checkEndpoint = form(endpointForm, "baseline-endpoint", "alerts are sent by https, and a secret in the address would be in every plan", `write it like "https://alerts.example.com/sns", without a user, a query and a fragment`)
)

func checkArchitecture(v string) (rule, why, fix string) {
	if v == "arm64" || v == "x86_64" {
		return "", "", ""
	}
	return "baseline-architecture", "a program that was built for something else does not start", `write "arm64", or "x86_64" for GOARCH=amd64`
}

func checkAccountAlias(v string) (rule, why, fix string) {
	if len(v) >= 3 && len(v) <= 63 && accountAliasForm.MatchString(v) && !accountForm.MatchString(v) {
		return "", "", ""
	}
	return "baseline-account-alias", "an account's alias has 3 to 63 lower-case letters, digits and single hyphens, and must not look like an account ID", `write it like "acme-foundations"`
}

func checkRoleName(v string) (rule, why, fix string) {
	if len(v) <= 64 && roleNameForm.MatchString(v) {
		return "", "", ""
	}
	return "baseline-role-name", `a role's name has at most 64 letters, digits and "_+=,.@-"`, `write it like "InfraAdmin"`
}

// between checks a number, as checked hands it over.
func between(least, most int, rule, why string) check {
	return func(v string) (string, string, string) {
		if n, err := strconv.Atoi(v); err == nil && n >= least && n <= most {
			return "", "", ""
		}
		return rule, why, fmt.Sprintf("write a whole number from %d to %d", least, most)
	}
}

// retentions are those that CloudWatch Logs knows, from a month on. Source:
// CloudWatch Logs API Reference, PutRetentionPolicy.
var retentions = []string{"30", "60", "90", "120", "150", "180", "365", "400", "545", "731", "1096", "1827", "2192", "2557", "2922", "3288", "3653"}

func checkRetention(v string) (rule, why, fix string) {
	if slices.Contains(retentions, v) {
		return "", "", ""
	}
	return "baseline-retention", "CloudWatch Logs knows only some numbers of days, and less than a month is too short to look into anything", "write one of 30, 90, 180, 365, 400, 731, 1827, 3653"
}

var (
	checkMFAMaxAge  = between(60, 43200, "baseline-mfa-age", "a code given yesterday says nothing about who is at the keyboard now, and one has to have a minute to use it")
	checkExpireDays = between(90, 36500, "baseline-expire-days", "what an intruder did is often looked for months later; without the line log files stay for ever")
	checkSeverity   = between(1, 10, "baseline-severity", "GuardDuty's severities go from 1 to 10")
)

// baselineDefaults fills in what the block left out.
func (r *Room) baselineDefaults() {
	b := r.Baseline
	if b == nil {
		return
	}
	// In the order of Concerns, whatever the order in the spec.
	without := b.Without
	b.Without = []string{}
	for _, c := range Concerns {
		if slices.Contains(without, c) {
			b.Without = append(b.Without, c)
		}
	}
	text := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	number := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	text(&b.Operator.RoleName, "InfraAdmin")
	number(&b.Operator.MFAMaxAge, 3600)
	text(&b.Audit.Bucket, r.Name+"-audit-"+r.Account)
	number(&b.Audit.RetentionDays, 365)
	text(&b.ConfigBucket, r.Name+"-config-"+r.Account)
	number(&b.Alerts.GuardDutyMinimumSeverity, 7)
	if b.Operator.AllowedRegions == nil {
		b.Operator.AllowedRegions = append([]string{r.Region}, b.Regions...)
	}
	if b.Alerts.SecurityHubSeverities == nil {
		b.Alerts.SecurityHubSeverities = []string{"HIGH", "CRITICAL"}
	}
}

// baseline checks what only the whole spec can tell.
func (d *decoder) baseline(r *Room) {
	b := r.Baseline
	if b == nil {
		return
	}
	d.baselineParts(b)
	d.baselineRegions(r)
	buckets := map[string]string{r.State.Bucket: "the state bucket"}
	for _, c := range []struct {
		concern, what string
		bucket        *string
	}{{AuditLogging, "the audit bucket", &b.Audit.Bucket}, {AWSConfig, "Config's bucket", &b.ConfigBucket}} {
		if !b.Has(c.concern) {
			continue
		}
		at, written := d.at[c.bucket]
		if !written {
			at = d.at[b]
		}
		if other := buckets[*c.bucket]; other != "" {
			d.report("baseline-bucket-shared", fmt.Sprintf("%s %q is %s already", c.what, *c.bucket, other), at, "each bucket lets in what is its own, under its own key, and nothing else", "give it a name of its own")
		}
		buckets[*c.bucket] = c.what
	}
	if a := b.Alerts; a.SecurityHubSeverities != nil && len(a.SecurityHubSeverities) == 0 {
		d.report("baseline-severity", `"securityhub_severities" is empty`, d.at[&b.Alerts.SecurityHubSeverities], "a rule that matches nothing looks like quiet", "name a severity, or remove the line to get the default")
	}
}

// baselineParts refuses settings of what is left out, and alerts that have
// nothing to tell.
func (d *decoder) baselineParts(b *Baseline) {
	at := d.at[&b.Without]
	if b.Has(Alerts) && !b.Has(AuditLogging) && !b.Has(ThreatDetection) {
		d.report("baseline-alerts-of-nothing", "alerts are built without audit-logging and without threat-detection", at, "there would be a topic that nothing is ever sent to, which looks like quiet", `add "alerts" to without, or take one of the two out of it`)
	}
	if len(b.Without) == len(Concerns) {
		d.report("baseline-empty", "every concern of the baseline is left out", at, "there would be nothing in it", "remove the block, or take something out of without")
	}
	for _, part := range []struct {
		concern, name string
		settings      any
	}{
		{OperatorRole, "operator", &b.Operator}, {AuditLogging, "audit", &b.Audit},
		{AWSConfig, "config", &b.ConfigBucket}, {Alerts, "alerts", &b.Alerts}, {AccountHardening, "account_alias", &b.AccountAlias},
	} {
		where, written := d.at[part.settings]
		if written && !b.Has(part.concern) {
			d.report("baseline-without", fmt.Sprintf("%q is about %s, which is left out", part.name, part.concern), where, "what is not built cannot be set, and the setting would silently change nothing", fmt.Sprintf("remove %s, or take %q out of without", part.name, part.concern))
		}
	}
}

// baselineRegions checks that those who have to work in a region may.
func (d *decoder) baselineRegions(r *Room) {
	b := r.Baseline
	for _, region := range b.Regions {
		at := d.elementAt(&b.Regions, region, d.at[&b.Regions])
		switch {
		case region == r.Region:
			d.report("baseline-region", fmt.Sprintf("%q is the room's own region", region), at, "the baseline is there in any case", "remove it")
		case !b.Has(AccountHardening) && !b.Has(AWSConfig) && !b.Has(ThreatDetection):
			d.report("baseline-region", fmt.Sprintf("nothing is built in %q", region), at, "hardening, Config and the detectors are what further regions get, and all are left out", "remove it")
		}
	}
	need := append([]string{r.Region}, b.Regions...)
	for _, fence := range []struct {
		who     string
		is      bool
		regions *[]string
	}{
		{"CI", r.Automation.AllowedRegions != nil, &r.Automation.AllowedRegions},
		{"the operator", b.Has(OperatorRole), &b.Operator.AllowedRegions},
	} {
		for _, region := range need {
			if fence.is && !slices.Contains(*fence.regions, region) {
				d.report("baseline-region-fence", fmt.Sprintf("%s may not work in %s, where the baseline is", fence.who, region), d.at[fence.regions], "whoever is fenced out of a region can neither build the baseline there nor change it", fmt.Sprintf("add %q to allowed_regions", region))
			}
		}
	}
}
