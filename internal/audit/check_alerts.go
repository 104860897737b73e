package audit

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	events "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/examples"
	"github.com/strongroom-dev/strongroom/internal/eventpattern"
	"github.com/strongroom-dev/strongroom/internal/room"
)

const alertsModule = "modules/baseline/alerts"

// alerts checks that rules and alarms are there and on, that the rules match the
// sample events that they should and no others, and that somebody is told.
func alerts() *Check {
	return &Check{
		Lock:    "alerts-end-to-end",
		Claim:   "Every event that matters has a rule or an alarm that tells somebody.",
		Without: lacks(room.Alerts),
		Do: func(ctx context.Context, a *Account, f *Finder) error {
			b := a.Room.Baseline
			samples, err := examples.Samples()
			if err != nil {
				return err
			}
			regions := []string{a.Room.Region}
			if b.Has(room.ThreatDetection) {
				regions = append(regions, b.Regions...)
			}
			for _, region := range regions {
				if b.Has(room.ThreatDetection) {
					for _, role := range []string{"guardduty", "securityhub"} {
						if err := rule(ctx, a, f, region, role, samples); err != nil {
							return err
						}
					}
				}
			}
			if b.Has(room.AuditLogging) {
				for _, role := range []string{"root-sign-in", "root-api-call"} {
					if err := alarm(ctx, a, f, role); err != nil {
						return err
					}
				}
			}
			return told(ctx, a, f)
		},
	}
}

// rule checks one EventBridge rule.
func rule(ctx context.Context, a *Account, f *Finder, region, role string, samples []examples.Sample) error {
	client, name := eventbridge.NewFromConfig(a.In(region)), a.Room.Name+"-"+role
	arn := a.arn("events", region, "rule/"+name)
	out, err := client.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &name})
	if isCode(err, "ResourceNotFoundException") {
		f.Short(arn, "there is no such rule", "apply "+alertsModule)
		return nil
	}
	if err != nil {
		return err
	}
	if out.State != events.RuleStateEnabled {
		f.Short(arn, "the rule is "+strings.ToLower(string(out.State)), "apply "+alertsModule)
	}
	if !stated(a.Room.Baseline.Alerts) {
		samples = nil // the thresholds are the spec's own: the samples expect the module's
	}
	pattern, err := eventpattern.Compile(aws.ToString(out.EventPattern))
	if err != nil {
		return fmt.Errorf("pattern of rule %s: %w", name, err)
	}
	for _, s := range samples {
		if s.Kind != examples.KindEvent {
			continue
		}
		event, err := eventpattern.NewEvent(string(s.In(a.Room.Account, region)))
		if err != nil {
			return err
		}
		wanted := false
		for _, by := range s.Expect.By {
			wanted = wanted || by == role
		}
		if got := pattern.Match(event); got != wanted {
			f.Short(arn, fmt.Sprintf("it %s the sample event %s (%s)", map[bool]string{true: "tells of", false: "is silent about"}[got], s.Name, s.About), alertsModule+": the rule's pattern as the module writes it; apply it again")
		}
	}
	targets, err := client.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &name})
	if err != nil {
		return err
	}
	for _, t := range targets.Targets {
		if strings.HasSuffix(aws.ToString(t.Arn), ":"+a.Room.Name+"-alerts") {
			return nil
		}
	}
	f.Short(arn, "it has no target "+a.Room.AlertsTopicARN(region), "apply "+alertsModule)
	return nil
}

// stated tells whether the spec leaves the thresholds as the module has them.
func stated(s room.Alerting) bool {
	return s.GuardDutyMinimumSeverity == 7 && strings.Join(s.SecurityHubSeverities, ",") == "HIGH,CRITICAL"
}

// alarm checks one tripwire.
func alarm(ctx context.Context, a *Account, f *Finder, role string) error {
	name := a.Room.Name + "-" + role
	arn := a.arn("cloudwatch", a.Room.Region, "alarm:"+name)
	out, err := cloudwatch.NewFromConfig(a.cfg).DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}})
	if err != nil {
		return err
	}
	if len(out.MetricAlarms) == 0 {
		f.Short(arn, "there is no such alarm", "apply "+alertsModule)
		return nil
	}
	m := out.MetricAlarms[0]
	if !aws.ToBool(m.ActionsEnabled) {
		f.Short(arn, "its actions are off", "aws cloudwatch enable-alarm-actions --alarm-names "+name)
	}
	for _, action := range m.AlarmActions {
		if action == a.Room.AlertsTopicARN(a.Room.Region) {
			return nil
		}
	}
	f.Short(arn, "it tells nobody", "apply "+alertsModule)
	return nil
}

// told checks that somebody is subscribed, and has confirmed it.
func told(ctx context.Context, a *Account, f *Finder) error {
	topic := a.Room.AlertsTopicARN(a.Room.Region)
	pages := sns.NewListSubscriptionsByTopicPaginator(sns.NewFromConfig(a.cfg), &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
	confirmed, pending := 0, 0
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if isCode(err, "NotFound") {
			f.Short(topic, "there is no such topic", "apply "+alertsModule)
			return nil
		}
		if err != nil {
			return err
		}
		for _, s := range page.Subscriptions {
			if strings.HasPrefix(aws.ToString(s.SubscriptionArn), "arn:") {
				confirmed++
			} else {
				pending++
			}
		}
	}
	switch {
	case confirmed == 0 && pending == 0:
		f.Short(topic, "nobody is subscribed", alertsModule+": emails, https_endpoints or lambda_arns, from the spec's block alerts")
	case pending > 0:
		f.Short(topic, fmt.Sprintf("%d subscriptions wait for their confirmation", pending), "whoever is subscribed opens the link in AWS's mail")
	}
	return nil
}
