package events

import (
	"errors"
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/strongroom-dev/strongroom/internal/eventpattern"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// rule is a rule of a bus with its targets.
type rule struct {
	Name, Bus, Account, Region, Description, Pattern, Schedule string
	State                                                      types.RuleState
	Tags                                                       map[string]string
	// Creator is the account that created it.
	Creator string
	Targets []target
	// Next is when the schedule fires; zero: never, or it has none.
	Next time.Time

	pattern  *eventpattern.Pattern
	schedule schedule
}

func ruleKey(account, region, bus, name string) string {
	return place(account, region) + bus + "/" + name
}

func (r *rule) key() string { return ruleKey(r.Account, r.Region, r.Bus, r.Name) }

func (r *rule) arn() string { return ruleARN(r.Account, r.Region, r.Bus, r.Name) }

func ruleARN(account, region, bus, name string) string {
	if bus != defaultBus {
		name = bus + "/" + name
	}
	return "arn:aws:events:" + region + ":" + account + ":rule/" + name
}

func (r *rule) creator() []op.Key { return []op.Key{op.Single("events:creatorAccount", r.Creator)} }

// Loaded compiles pattern and schedule after the record was read from disk.
func (r *rule) Loaded() (err error) {
	if r.Pattern != "" {
		if r.pattern, err = eventpattern.Compile(r.Pattern); err != nil {
			return err
		}
	}
	if r.Schedule != "" {
		r.schedule, err = parseSchedule(r.Schedule)
	}
	return err
}

func (r *rule) enabled() bool { return r.State != types.RuleStateDisabled }

// ruleResource is a rule as a policy sees it: its bus's policy speaks for it.
func (s *Service) ruleResource(r *rule) op.Resource {
	resource := op.Resource{ARN: r.arn(), Account: r.Account, Tags: r.Tags}
	if b := s.find(r.Account, r.Region, r.Bus); b != nil {
		resource.Policy = b.compiled
	}
	return resource
}

// ruleCheck is the check of an action on a rule, there or not.
func (s *Service) ruleCheck(c *op.Call, action string, busName, name *string, keys ...op.Key) (op.Check, error) {
	b, err := s.own(c, busName)
	if err != nil {
		return op.Check{}, err
	}
	if n := text(name); !nameForm.MatchString(n) || len(n) > 64 {
		return op.Check{}, wrong("1 validation error detected: Value '%s' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+", n)
	}
	r := s.rules.Get(ruleKey(c.Caller.Account, c.Region, b, *name))
	if r == nil {
		r = &rule{Name: *name, Bus: b, Account: c.Caller.Account, Region: c.Region, Creator: c.Caller.Account}
	}
	return op.Check{Action: "events:" + action, Resource: s.ruleResource(r), Context: append(keys, r.creator()...)}, nil
}

func onRule[In any](s *Service, action string, names func(*In) (bus, rule *string)) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) {
		bus, name := names(in)
		check, err := s.ruleCheck(c, action, bus, name)
		return []op.Check{check}, err
	}
}

// existing returns a rule of the caller's, which must be there.
func (s *Service) existing(c *op.Call, busName, name *string) (*rule, error) {
	b, err := s.known(c, busName)
	if err != nil {
		return nil, err
	}
	if r := s.rules.Get(ruleKey(c.Caller.Account, c.Region, b.Name, text(name))); r != nil {
		return r, nil
	}
	return nil, missing("Rule %s does not exist on EventBus %s.", text(name), b.Name)
}

func (s *Service) ruleRows() []op.Row {
	return []op.Row{
		op.New("PutRule", "EventBridge API_PutRule", op.Write, s.checkPutRule, s.putRule),
		op.New("DescribeRule", "EventBridge API_DescribeRule", op.Read,
			onRule(s, "DescribeRule", func(in *sdk.DescribeRuleInput) (_, _ *string) { return in.EventBusName, in.Name }), s.describeRule),
		op.New("DeleteRule", "EventBridge API_DeleteRule", op.Write,
			onRule(s, "DeleteRule", func(in *sdk.DeleteRuleInput) (_, _ *string) { return in.EventBusName, in.Name }), s.deleteRule),
		op.New("EnableRule", "EventBridge API_EnableRule", op.Write,
			onRule(s, "EnableRule", func(in *sdk.EnableRuleInput) (_, _ *string) { return in.EventBusName, in.Name }),
			func(c *op.Call, in *sdk.EnableRuleInput) (*sdk.EnableRuleOutput, error) {
				return &sdk.EnableRuleOutput{}, s.turn(c, in.EventBusName, in.Name, types.RuleStateEnabled)
			}),
		op.New("DisableRule", "EventBridge API_DisableRule", op.Write,
			onRule(s, "DisableRule", func(in *sdk.DisableRuleInput) (_, _ *string) { return in.EventBusName, in.Name }),
			func(c *op.Call, in *sdk.DisableRuleInput) (*sdk.DisableRuleOutput, error) {
				return &sdk.DisableRuleOutput{}, s.turn(c, in.EventBusName, in.Name, types.RuleStateDisabled)
			}),
	}
}

// compile reads the pattern of a request.
func compile(pattern string) (*eventpattern.Pattern, error) {
	fault := func(message string) error {
		return op.Errorf(400, "InvalidEventPatternException", "%s", message)
	}
	if n := len([]rune(pattern)); n > eventpattern.MaxLength {
		return nil, fault("Event pattern is not valid. Reason: it is longer than the quota of 2048 characters")
	}
	p, err := eventpattern.Compile(pattern)
	if err != nil {
		return nil, fault(err.Error())
	}
	return p, nil
}

// patternKeys are the condition keys that a pattern's exact values make.
// Source: EventBridge User Guide "Using IAM policy conditions in Amazon EventBridge".
func patternKeys(p *eventpattern.Pattern) (keys []op.Key) {
	for _, name := range []string{"source", "detail-type"} {
		if values := p.Strings(name); values != nil {
			keys = append(keys, op.Multi("events:"+name, values...))
		}
	}
	for _, name := range []string{"detail.service", "detail.eventTypeCode", "detail.userIdentity.principalId"} {
		if values := p.Strings(name); len(values) == 1 {
			keys = append(keys, op.Single("events:"+name, values[0]))
		} else if len(values) > 1 {
			keys = append(keys, op.Multi("events:"+name, values...))
		}
	}
	return keys
}

func (s *Service) checkPutRule(c *op.Call, in *sdk.PutRuleInput) ([]op.Check, error) {
	asked, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	keys := tags.RequestKeys(asked)
	if text(in.EventPattern) != "" {
		p, err := compile(*in.EventPattern)
		if err != nil {
			return nil, err
		}
		keys = append(keys, patternKeys(p)...)
	}
	check, err := s.ruleCheck(c, "PutRule", in.EventBusName, in.Name, keys...)
	if err != nil {
		return nil, err
	}
	checks := []op.Check{check}
	if len(asked) > 0 {
		check.Action = "events:TagResource"
		checks = append(checks, check)
	}
	if text(in.RoleArn) != "" {
		pass, err := passRole(*in.RoleArn)
		if err != nil {
			return nil, err
		}
		checks = append(checks, pass)
	}
	return checks, nil
}

// passRole is what a caller needs who hands a role to EventBridge.
func passRole(arn string) (op.Check, error) {
	part := strings.SplitN(arn, ":", 6)
	if len(part) != 6 || part[2] != "iam" || !strings.HasPrefix(part[5], "role/") {
		return op.Check{}, wrong("RoleArn is not in correct format. Reason: Invalid ARN")
	}
	return op.Check{Action: "iam:PassRole", Resource: op.Resource{ARN: arn, Account: part[4]},
		Context: []op.Key{op.Single("iam:PassedToService", "events.amazonaws.com")}}, nil
}

func (s *Service) putRule(c *op.Call, in *sdk.PutRuleInput) (*sdk.PutRuleOutput, error) {
	b, err := s.known(c, in.EventBusName)
	if err != nil {
		return nil, err
	}
	r := &rule{Name: *in.Name, Bus: b.Name, Account: c.Caller.Account, Region: c.Region, Creator: c.Caller.Account}
	if old := s.rules.Get(r.key()); old != nil {
		// Tags are for a new rule alone. Source: API_PutRule: "If you are updating an existing
		// rule, any tags you specify in the PutRule operation are ignored".
		r.Creator, r.Targets, r.Tags = old.Creator, old.Targets, old.Tags
	} else if r.Tags, err = tagMap(in.Tags); err != nil {
		return nil, err
	}
	r.Description, r.Pattern, r.Schedule, r.State = text(in.Description), text(in.EventPattern), text(in.ScheduleExpression), in.State
	switch {
	case text(in.RoleArn) != "":
		return nil, refuse("roles of rules (RoleArn); a role belongs to a target")
	case r.Pattern == "" && r.Schedule == "":
		return nil, wrong("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	case r.Schedule != "" && r.Bus != defaultBus:
		return nil, wrong("ScheduleExpression is supported only on the default event bus.")
	case len([]rune(r.Description)) > 512:
		return nil, wrong("Parameter Description is not valid.")
	}
	switch r.State {
	case "":
		r.State = types.RuleStateEnabled
	case types.RuleStateEnabled, types.RuleStateDisabled, types.RuleStateEnabledWithAllCloudtrailManagementEvents:
	default:
		return nil, wrong("Parameter State is not valid.")
	}
	if r.Schedule != "" {
		if r.schedule, err = parseSchedule(r.Schedule); err != nil {
			var own *op.Error
			if errors.As(err, &own) {
				return nil, own
			}
			return nil, wrong("Parameter ScheduleExpression is not valid.")
		}
		r.Next = r.schedule.next(c.Now)
	}
	if r.Pattern != "" {
		if r.pattern, err = compile(r.Pattern); err != nil {
			return nil, err
		}
	}
	s.rules.Put(r.key(), r)
	return &sdk.PutRuleOutput{RuleArn: new(r.arn())}, nil
}

func (s *Service) describeRule(c *op.Call, in *sdk.DescribeRuleInput) (*sdk.DescribeRuleOutput, error) {
	r, err := s.existing(c, in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	return &sdk.DescribeRuleOutput{
		Arn: new(r.arn()), Name: &r.Name, EventBusName: &r.Bus, CreatedBy: &r.Creator, Description: optional(r.Description),
		EventPattern: optional(r.Pattern), ScheduleExpression: optional(r.Schedule), State: r.State,
	}, nil
}

// deleteRule: a rule that is not there is no error; one with targets stays.
func (s *Service) deleteRule(c *op.Call, in *sdk.DeleteRuleInput) (*sdk.DeleteRuleOutput, error) {
	b, err := s.known(c, in.EventBusName)
	if err != nil {
		return nil, err
	}
	key := ruleKey(c.Caller.Account, c.Region, b.Name, *in.Name)
	if r := s.rules.Get(key); r != nil && len(r.Targets) > 0 {
		return nil, wrong("Rule can't be deleted since it has targets.")
	}
	s.rules.Delete(key)
	return &sdk.DeleteRuleOutput{}, nil
}

func (s *Service) turn(c *op.Call, busName, name *string, state types.RuleState) error {
	r, err := s.existing(c, busName, name)
	if err != nil {
		return err
	}
	own := *r
	own.State = state
	if own.schedule != nil {
		own.Next = own.schedule.next(c.Now)
	}
	s.rules.Put(own.key(), &own)
	return nil
}
