package room

import (
	"slices"
	"strings"
)

// The concerns of a baseline, each with its own src/main.CONCERN.tf and, but for
// the guard, its own module in modules/baseline.
const (
	AccountHardening = "account-hardening"
	AuditLogging     = "audit-logging"
	AWSConfig        = "aws-config"
	ThreatDetection  = "threat-detection"
	Alerts           = "alerts"
	OperatorRole     = "operator-role"
	// Guard is the last act of the src stack: it takes from the apply role what
	// would undo the others.
	Guard = "guard"
)

// Concerns lists the concerns of a baseline, in the order they are told.
var Concerns = []string{AccountHardening, AuditLogging, AWSConfig, ThreatDetection, Alerts, OperatorRole, Guard}

// Baseline is the security baseline that the src stack builds. Every default is
// filled in.
type Baseline struct {
	// Without holds the concerns that are left out, in the order of Concerns.
	Without []string
	// Regions are those beside the room's own in which disks are encrypted by
	// default, Config records, and threats are looked for and told of.
	Regions []string
	// AccountAlias is the account's name in its sign-in address; empty: the spec
	// does not say.
	AccountAlias string
	Operator     Operator
	Audit        Audit
	// ConfigBucket is where Config delivers to.
	ConfigBucket string
	Alerts       Alerting
}

// Operator is the role that people assume.
type Operator struct {
	RoleName string
	// AllowedRegions is the fence around the role.
	AllowedRegions []string
	// MFAMaxAge is how old, in seconds, a sign-in with MFA may be.
	MFAMaxAge int
}

// Audit is the trail and what it writes to.
type Audit struct {
	Bucket string
	// RetentionDays is for how long the log group keeps events.
	RetentionDays int
	// ExpireDays is after how many days log files go; 0: they stay.
	ExpireDays int
}

// Alerting is who is told of what.
type Alerting struct {
	Emails         []string
	HTTPSEndpoints []string
	// GuardDutyMinimumSeverity is the severity from which on GuardDuty's findings
	// are told of.
	GuardDutyMinimumSeverity int
	// SecurityHubSeverities are the labels of the findings of Security Hub that
	// are told of.
	SecurityHubSeverities []string
	// Sink is the function that tells people by ntfy and Pushover; nil: none.
	Sink *Sink
}

// Sink is the alert sink, a function that is subscribed to the alerts.
type Sink struct {
	// Package is the zip file with the program, relative to the src stack.
	Package string
	// Architecture is what the program was built for, "arm64" or "x86_64".
	Architecture string
	// NtfyURL is the ntfy server; empty: ntfy.sh.
	NtfyURL string
	// NtfyToken is whether that server asks for a token.
	NtfyToken bool
	// Pushover is whether critical alerts go to Pushover too.
	Pushover bool
	// RunbookURL is the page of runbooks; empty: none.
	RunbookURL string
}

// HasSink tells whether the baseline has an alert sink. A nil Baseline has none.
func (b *Baseline) HasSink() bool { return b.Has(Alerts) && b.Alerts.Sink != nil }

// Has tells whether the baseline has a concern, one of Concerns. A nil Baseline
// has none.
func (b *Baseline) Has(concern string) bool {
	return b != nil && slices.Contains(Concerns, concern) && !slices.Contains(b.Without, concern)
}

// Partition is the part of AWS that the room's region belongs to, "aws".
// Source: "Amazon Resource Names", Identify AWS resources.
func (r *Room) Partition() string {
	for _, p := range partitions {
		if strings.HasPrefix(r.Region, p[0]) {
			return p[1]
		}
	}
	return "aws"
}

// partitions are what the regions of other partitions begin with.
var partitions = [][2]string{
	{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"},
	{"us-iso-", "aws-iso"}, {"us-isob-", "aws-iso-b"}, {"eu-isoe-", "aws-iso-e"}, {"us-isof-", "aws-iso-f"},
}

func (r *Room) iamARN(resource string) string {
	return "arn:" + r.Partition() + ":iam::" + r.Account + ":" + resource
}

// StateBucketARN returns the ARN of the state bucket.
func (r *Room) StateBucketARN() string {
	return "arn:" + r.Partition() + ":s3:::" + r.State.Bucket
}

// GuardPolicyARN and BoundaryPolicyARN return the ARNs of the policies that the
// bootstrap stack makes for a baseline: what the apply role may no longer do, and
// the most that roles made by CI can do.
func (r *Room) GuardPolicyARN() string    { return r.iamARN("policy/" + r.Name + "-baseline-guard") }
func (r *Room) BoundaryPolicyARN() string { return r.iamARN("policy/" + r.Name + "-boundary") }

// OperatorRoleARN returns the ARN of the role that people assume. The room has a
// baseline.
func (r *Room) OperatorRoleARN() string { return r.iamARN("role/" + r.Baseline.Operator.RoleName) }

// TrailName and LogGroup return the names of the trail and of the log group that
// it writes to; TrailARN the trail's ARN.
func (r *Room) TrailName() string { return r.Name + "-audit" }
func (r *Room) LogGroup() string  { return r.Name + "-audit" }
func (r *Room) TrailARN() string {
	return "arn:" + r.Partition() + ":cloudtrail:" + r.Region + ":" + r.Account + ":trail/" + r.TrailName()
}

// AlertsTopicARN returns the ARN of the topic that alerts of a region go to.
func (r *Room) AlertsTopicARN(region string) string {
	return "arn:" + r.Partition() + ":sns:" + region + ":" + r.Account + ":" + r.Name + "-alerts"
}

// BaselineBuckets returns the buckets that the baseline's logs go to, sorted.
func (r *Room) BaselineBuckets() []string {
	list := []string{}
	if r.Baseline.Has(AuditLogging) {
		list = append(list, r.Baseline.Audit.Bucket)
	}
	if r.Baseline.Has(AWSConfig) {
		list = append(list, r.Baseline.ConfigBucket)
	}
	slices.Sort(list)
	return list
}

// BaselineModules returns the names of the src stack's module blocks.
func (r *Room) BaselineModules() []string {
	list := []string{}
	for _, c := range Concerns {
		if c == Guard || !r.Baseline.Has(c) {
			continue
		}
		name := strings.ReplaceAll(c, "-", "_")
		list = append(list, name)
		if c == AccountHardening || c == AWSConfig || c == ThreatDetection || c == Alerts && r.Baseline.Has(ThreatDetection) {
			for _, region := range r.Baseline.Regions {
				list = append(list, name+"_"+identifier(region))
			}
		}
		if c == Alerts && r.Baseline.HasSink() {
			list = append(list, "alert_sink")
		}
	}
	return list
}

// identifier makes a name of HCL out of a region's.
func identifier(region string) string { return strings.ReplaceAll(region, "-", "_") }

// sink is the alert sink, or one that says nothing.
func (b *Baseline) sink() *Sink {
	if b.Alerts.Sink == nil {
		return &Sink{}
	}
	return b.Alerts.Sink
}

// SinkARN returns the ARN of the alert sink's function.
func (r *Room) SinkARN() string {
	return "arn:" + r.Partition() + ":lambda:" + r.Region + ":" + r.Account + ":function:" + r.Name + "-alert-sink"
}

// Notes say what the baseline lacks because of the concerns that are left out,
// one sentence each. Empty: nothing, or there is no baseline at all.
func (r *Room) Notes() []string {
	list := []string{}
	b := r.Baseline
	if b == nil {
		return list
	}
	note := func(is bool, text string) {
		if is {
			list = append(list, text)
		}
	}
	note(!b.Has(AuditLogging), "without audit-logging nobody can tell afterwards what happened in the account")
	note(!b.Has(AuditLogging) && b.Has(Alerts), "without audit-logging the alerts have no tripwires: nobody is told when root signs in or calls")
	note(!b.Has(ThreatDetection) && b.Has(Alerts), "without threat-detection the alerts have no findings to tell of, only what root does")
	note(!b.Has(AWSConfig) && b.Has(ThreatDetection), "without aws-config Security Hub cannot evaluate the controls that read Config's records, which are most of them")
	note(!b.Has(Alerts) && (b.Has(ThreatDetection) || b.Has(AuditLogging)), "without alerts what is recorded and found interrupts nobody")
	subscribers := len(b.Alerts.Emails) + len(b.Alerts.HTTPSEndpoints)
	note(b.Has(Alerts) && subscribers == 0 && !b.HasSink(), `the alerts have no subscriber: name some with emails or https_endpoints in the spec's block alerts`)
	note(b.HasSink(), "the alert sink needs src/"+b.sink().Package+" and its secrets in SSM: modules/alert-sink/README.md says how")
	note(b.HasSink() && subscribers == 0, "nobody but the alert sink hears of an alert, and nobody hears of it when the sink is what is broken: name an address in emails")
	note(b.HasSink() && b.Has(ThreatDetection) && len(b.Regions) > 0, "the alert sink hears of the room's own region alone; findings of "+strings.Join(b.Regions, ", ")+" go to emails and https_endpoints")
	note(b.Has(Guard) && !b.Has(OperatorRole), "without operator-role and with the guard, changes to the baseline need an administrator of the account's own making")
	note(!b.Has(Guard), "without the guard whatever runs as the apply role can stop the trail and the detectors it made")
	return list
}
