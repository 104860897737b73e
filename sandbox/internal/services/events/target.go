package events

import (
	"encoding/json"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// target is where a rule passes events on to.
type target struct {
	ID, ARN string
	// Input, Path and Template make what the target gets; nil: the event itself.
	Input, Path, Template *string
	// Paths are the variables of Template.
	Paths map[string]string
	// MaxAge and MaxAttempts are the retry policy. What fails in the sandbox (a
	// permission, a target that is gone) is not retried by EventBridge either.
	MaxAge, MaxAttempts *int32
}

// maxTargets is how many targets a rule has.
// Source: EventBridge User Guide "Amazon EventBridge quotas".
const maxTargets = 5

func (s *Service) targetRows() []op.Row {
	return []op.Row{
		op.New("PutTargets", "EventBridge API_PutTargets", op.Write, s.checkPutTargets, s.putTargets),
		op.New("RemoveTargets", "EventBridge API_RemoveTargets", op.Write,
			onRule(s, "RemoveTargets", func(in *sdk.RemoveTargetsInput) (_, _ *string) { return in.EventBusName, in.Rule }), s.removeTargets),
		op.New("ListTargetsByRule", "EventBridge API_ListTargetsByRule", op.Read,
			onRule(s, "ListTargetsByRule", func(in *sdk.ListTargetsByRuleInput) (_, _ *string) { return in.EventBusName, in.Rule }), s.listTargets),
	}
}

func (s *Service) checkPutTargets(c *op.Call, in *sdk.PutTargetsInput) ([]op.Check, error) {
	if len(in.Targets) == 0 {
		return nil, wrong("Parameter Targets is required.")
	}
	var arns []string
	for _, t := range in.Targets {
		arns = append(arns, text(t.Arn))
	}
	check, err := s.ruleCheck(c, "PutTargets", in.EventBusName, in.Rule, op.Multi("events:TargetArn", arns...))
	if err != nil {
		return nil, err
	}
	checks := []op.Check{check}
	for _, t := range in.Targets {
		if text(t.RoleArn) == "" {
			continue
		}
		pass, err := passRole(*t.RoleArn)
		if err != nil {
			return nil, err
		}
		checks = append(checks, pass)
	}
	return checks, nil
}

// newTarget checks a target of a request.
func (s *Service) newTarget(in *types.Target) (t target, err error) {
	id := text(in.Id)
	t = target{ID: id, ARN: text(in.Arn)}
	if !nameForm.MatchString(id) || len(id) > 64 {
		return t, wrong("1 validation error detected: Value '%s' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+", id)
	}
	part := strings.SplitN(t.ARN, ":", 6)
	if len(part) != 6 || part[0] != "arn" {
		return t, wrong("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.ARN)
	}
	if !s.Targets[part[2]] {
		return t, refuse("targets of the service " + part[2])
	}
	if part[2] == "logs" && !strings.HasPrefix(part[5], "log-group:") {
		return t, wrong("Parameter %s is not valid. Reason: Provided Arn is not in correct format.", t.ARN)
	}
	for name, set := range map[string]bool{
		"AppSyncParameters": in.AppSyncParameters != nil, "BatchParameters": in.BatchParameters != nil, "EcsParameters": in.EcsParameters != nil,
		"HttpParameters": in.HttpParameters != nil, "KinesisParameters": in.KinesisParameters != nil, "RedshiftDataParameters": in.RedshiftDataParameters != nil,
		"RunCommandParameters": in.RunCommandParameters != nil, "SageMakerPipelineParameters": in.SageMakerPipelineParameters != nil, "SqsParameters": in.SqsParameters != nil,
	} {
		if set {
			return t, wrong("Parameter %s is not valid for target %s: it is for another kind of target.", name, id)
		}
	}
	if text(in.RoleArn) != "" {
		return t, refuse("roles of targets (RoleArn): topics, log groups and functions admit EventBridge by their own policy")
	}
	if in.DeadLetterConfig != nil && text(in.DeadLetterConfig.Arn) != "" {
		return t, refuse("dead-letter queues of targets (DeadLetterConfig)")
	}
	if r := in.RetryPolicy; r != nil {
		t.MaxAge, t.MaxAttempts = r.MaximumEventAgeInSeconds, r.MaximumRetryAttempts
		if t.MaxAge != nil && (*t.MaxAge < 60 || *t.MaxAge > 86400) {
			return t, wrong("Parameter MaximumEventAgeInSeconds is not valid: it is 60 to 86400.")
		}
		if t.MaxAttempts != nil && (*t.MaxAttempts < 0 || *t.MaxAttempts > 185) {
			return t, wrong("Parameter MaximumRetryAttempts is not valid: it is 0 to 185.")
		}
	}
	return t, t.shape(in)
}

// shape checks what the target is to get.
func (t *target) shape(in *types.Target) error {
	ways := 0
	for _, set := range []bool{in.Input != nil, in.InputPath != nil, in.InputTransformer != nil} {
		if set {
			ways++
		}
	}
	if ways > 1 {
		return wrong("Only one of Input, InputPath, or InputTransformer must be provided for target %s.", t.ID)
	}
	t.Input, t.Path = in.Input, in.InputPath
	if t.Input != nil && !json.Valid([]byte(*t.Input)) {
		return wrong("JSON syntax error in input for target %s : the text is not valid JSON", t.ID)
	}
	if t.Path != nil {
		if _, err := parsePath(*t.Path); err != nil {
			return wrong("Invalid InputPath for target %s : %v", t.ID, err)
		}
	}
	if in.InputTransformer == nil {
		return nil
	}
	t.Template, t.Paths = in.InputTransformer.InputTemplate, in.InputTransformer.InputPathsMap
	if text(t.Template) == "" {
		return wrong("InputTemplate for target %s is required.", t.ID)
	}
	for name, path := range t.Paths {
		if strings.HasPrefix(strings.ToLower(name), "aws") {
			return wrong("Invalid InputPathsMap for target %s : a name must not begin with AWS", t.ID)
		}
		if _, err := parsePath(path); err != nil {
			return wrong("Invalid InputPath for target %s : %v", t.ID, err)
		}
	}
	return checkTemplate(t.ID, *t.Template, t.Paths)
}

func (t *target) view() types.Target {
	out := types.Target{Id: &t.ID, Arn: &t.ARN, Input: t.Input, InputPath: t.Path}
	if t.Template != nil {
		out.InputTransformer = &types.InputTransformer{InputTemplate: t.Template, InputPathsMap: t.Paths}
	}
	if t.MaxAge != nil || t.MaxAttempts != nil {
		out.RetryPolicy = &types.RetryPolicy{MaximumEventAgeInSeconds: t.MaxAge, MaximumRetryAttempts: t.MaxAttempts}
	}
	return out
}

func (s *Service) putTargets(c *op.Call, in *sdk.PutTargetsInput) (*sdk.PutTargetsOutput, error) {
	r, err := s.existing(c, in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	own := *r
	own.Targets = slices.Clone(r.Targets)
	for i := range in.Targets {
		t, err := s.newTarget(&in.Targets[i])
		if err != nil {
			return nil, err
		}
		if at := slices.IndexFunc(own.Targets, func(old target) bool { return old.ID == t.ID }); at >= 0 {
			own.Targets[at] = t
		} else {
			own.Targets = append(own.Targets, t)
		}
	}
	if len(own.Targets) > maxTargets {
		return nil, op.Errorf(400, "LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	sortBy(own.Targets, func(t target) string { return t.ID })
	s.rules.Put(own.key(), &own)
	return &sdk.PutTargetsOutput{FailedEntries: []types.PutTargetsResultEntry{}}, nil
}

func (s *Service) removeTargets(c *op.Call, in *sdk.RemoveTargetsInput) (*sdk.RemoveTargetsOutput, error) {
	r, err := s.existing(c, in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	own := *r
	own.Targets = slices.Clone(r.Targets)
	out := &sdk.RemoveTargetsOutput{FailedEntries: []types.RemoveTargetsResultEntry{}}
	for _, id := range in.Ids {
		at := slices.IndexFunc(own.Targets, func(t target) bool { return t.ID == id })
		if at < 0 {
			out.FailedEntries = append(out.FailedEntries, types.RemoveTargetsResultEntry{
				TargetId: &id, ErrorCode: new("ResourceNotFoundException"), ErrorMessage: new("Rule " + r.Name + " does not have target " + id + "."),
			})
			continue
		}
		own.Targets = slices.Delete(own.Targets, at, at+1)
	}
	out.FailedEntryCount = int32(len(out.FailedEntries))
	s.rules.Put(own.key(), &own)
	return out, nil
}

func (s *Service) listTargets(c *op.Call, in *sdk.ListTargetsByRuleInput) (*sdk.ListTargetsByRuleOutput, error) {
	r, err := s.existing(c, in.EventBusName, in.Rule)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListTargetsByRuleOutput{Targets: []types.Target{}}
	list := r.Targets
	list, out.NextToken, err = page(list, func(t target) string { return t.ID }, in.Limit, in.NextToken)
	for i := range list {
		out.Targets = append(out.Targets, list[i].view())
	}
	return out, err
}
