package alerts

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// planned is a plan or a state that is being read.
type planned struct {
	rules *Rules
	// config is nil for a state, in which everything is known.
	config    *tfjson.Config
	variables map[string]*tfjson.PlanVariable
	unknown   map[string]map[string]any // by address
	resources []*resource
}

// resource is a managed resource of a plan.
type resource struct {
	*tfjson.StateResource
	// module is the path of module calls, each with its index as the address has it.
	module []string
	// config is nil if the configuration does not have it.
	config *tfjson.ConfigResource
	region string
}

// readPlan reads the JSON of a plan or of a state.
func (r *Rules) readPlan(data []byte) error {
	var plan tfjson.Plan
	if err := json.Unmarshal(data, &plan); err != nil {
		return fmt.Errorf("it is no plan and no state that can be read: %w", err)
	}
	if plan.PlannedValues != nil {
		return r.addPlan(&plan)
	}
	var state tfjson.State
	if err := json.Unmarshal(data, &state); err != nil {
		return fmt.Errorf("it is no plan and no state that can be read: %w", err)
	}
	if state.Values == nil {
		return errors.New("it is the plan or state of nothing")
	}
	return r.addPlan(&tfjson.Plan{PlannedValues: state.Values})
}

// addPlan adds what a plan makes.
func (r *Rules) addPlan(plan *tfjson.Plan) error {
	p := &planned{rules: r, config: plan.Config, variables: plan.Variables, unknown: map[string]map[string]any{}}
	for _, c := range plan.ResourceChanges {
		if c != nil && c.Change != nil {
			if m, ok := c.Change.AfterUnknown.(map[string]any); ok {
				p.unknown[c.Address] = m
			}
		}
	}
	var root *tfjson.ConfigModule
	if p.config != nil {
		root = p.config.RootModule
	}
	if err := p.walk(plan.PlannedValues.RootModule, root, nil); err != nil {
		return err
	}
	if plan.PriorState != nil && plan.PriorState.Values != nil {
		p.account(plan.PriorState.Values.RootModule)
	}
	if r.Account == "" {
		r.Account = p.allowed()
	}
	if r.Region == "" {
		r.Region = p.region("aws")
	}
	return p.convert()
}

// walk collects the resources of a module and those below it.
func (p *planned) walk(m *tfjson.StateModule, config *tfjson.ConfigModule, path []string) error {
	if m == nil {
		return nil
	}
	for _, res := range m.Resources {
		if res == nil || res.Mode != tfjson.ManagedResourceMode {
			continue
		}
		own := &resource{StateResource: res, module: path}
		if config != nil {
			at := slices.IndexFunc(config.Resources, func(c *tfjson.ConfigResource) bool {
				return c.Mode == tfjson.ManagedResourceMode && c.Type == res.Type && c.Name == res.Name
			})
			if at >= 0 {
				own.config = config.Resources[at]
				own.region = p.region(own.config.ProviderConfigKey)
			}
		}
		p.resources = append(p.resources, own)
	}
	for _, child := range m.ChildModules {
		step := strings.TrimPrefix(child.Address, m.Address)
		step = strings.TrimPrefix(strings.TrimPrefix(step, "."), "module.")
		name, _, _ := strings.Cut(step, "[")
		var below *tfjson.ConfigModule
		if config != nil && config.ModuleCalls[name] != nil {
			below = config.ModuleCalls[name].Module
		}
		if err := p.walk(child, below, append(slices.Clone(path), step)); err != nil {
			return err
		}
	}
	return nil
}

// region is a provider's; empty: it is not known.
func (p *planned) region(key string) string {
	if p.config == nil || p.config.ProviderConfigs[key] == nil {
		return ""
	}
	return p.text(p.config.ProviderConfigs[key].Expressions["region"])
}

// allowed is the one account that the provider allows; empty: it does not say.
func (p *planned) allowed() string {
	if p.config == nil || p.config.ProviderConfigs["aws"] == nil {
		return ""
	}
	e := p.config.ProviderConfigs["aws"].Expressions["allowed_account_ids"]
	if e == nil || e.ExpressionData == nil {
		return ""
	}
	if list, ok := e.ConstantValue.([]any); ok && len(list) == 1 {
		account, _ := list[0].(string)
		return account
	}
	return ""
}

// account takes the account that a data source of the plan has found.
func (p *planned) account(m *tfjson.StateModule) {
	if m == nil {
		return
	}
	for _, res := range m.Resources {
		if id, ok := res.AttributeValues["account_id"].(string); ok && res.Type == "aws_caller_identity" && p.rules.Account == "" {
			p.rules.Account = id
		}
	}
	for _, child := range m.ChildModules {
		p.account(child)
	}
}

// text is a constant, or the value of a root variable; empty: it is something else.
func (p *planned) text(e *tfjson.Expression) string {
	if e == nil || e.ExpressionData == nil {
		return ""
	}
	if s, ok := e.ConstantValue.(string); ok {
		return s
	}
	if len(e.References) == 1 {
		if name, ok := strings.CutPrefix(e.References[0], "var."); ok && p.variables[name] != nil {
			s, _ := p.variables[name].Value.(string)
			return s
		}
	}
	return ""
}

// address is the address of a resource of the same module, without an index.
func (res *resource) sibling(module []string, relative string) bool {
	return slices.Equal(res.module, module) && res.Type+"."+res.Name == relative
}

// arn is a resource's ARN, or what it is going to be: those of these types are made of
// names.
func (p *planned) arn(res *resource) (string, error) {
	if s, ok := res.AttributeValues["arn"].(string); ok && s != "" {
		return s, nil
	}
	name, _ := res.AttributeValues["name"].(string)
	if res.Type == "aws_lambda_function" {
		name, _ = res.AttributeValues["function_name"].(string)
	}
	if name == "" {
		return "", fmt.Errorf("%s has no name that is known before it is made", res.Address)
	}
	begin := ":" + res.region + ":" + p.rules.Account + ":"
	switch res.Type {
	case "aws_sns_topic":
		return "arn:aws:sns" + begin + name, nil
	case "aws_cloudwatch_log_group":
		return "arn:aws:logs" + begin + "log-group:" + name, nil
	case "aws_lambda_function":
		return "arn:aws:lambda" + begin + "function:" + name, nil
	}
	return "", fmt.Errorf("the ARN of %s is not known before it is made, and not made of its name", res.Address)
}

// arns are the values of an attribute that holds ARNs: those that are known, and
// those of the resources that the configuration refers to there.
func (p *planned) arns(res *resource, attribute string) ([]string, error) {
	var list []string
	switch v := res.AttributeValues[attribute].(type) {
	case string:
		list = append(list, v)
	case []any:
		for _, x := range v {
			if s, ok := x.(string); ok {
				list = append(list, s)
			}
		}
	}
	if !later(p.unknown[res.Address][attribute]) {
		return list, nil
	}
	fail := func(why string) error {
		return fmt.Errorf("%s: who %s is, is known after apply only, and the plan does not tell: %s", res.Address, attribute, why)
	}
	if res.config == nil || res.config.Expressions[attribute] == nil || res.config.Expressions[attribute].ExpressionData == nil {
		return nil, fail("the configuration does not have it")
	}
	found, err := p.follow(res, res.module, res.config.Expressions[attribute].References, 0)
	if err != nil {
		return nil, fail(err.Error())
	}
	if len(found) != 1 || len(list) > 0 {
		return nil, fail(fmt.Sprintf("it may be any of %d resources; give the state's JSON once it is applied", len(found)))
	}
	arn, err := p.arn(found[0])
	if err != nil {
		return nil, err
	}
	return []string{arn}, nil
}

// later reports a value that is known after apply only, or has a part that is.
func later(v any) bool {
	switch v := v.(type) {
	case bool:
		return v
	case []any:
		return slices.ContainsFunc(v, later)
	case map[string]any:
		for _, x := range v {
			if later(x) {
				return true
			}
		}
	}
	return false
}
