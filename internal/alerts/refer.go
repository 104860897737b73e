package alerts

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// deepest bounds how far references are followed: configuration cannot refer to itself,
// but a file that only looks like a plan can.
const deepest = 50

// follow finds the resources behind references that were made in a module: through its
// inputs and through outputs of the modules that it calls. of is the resource that has
// the expression, for its each.
func (p *planned) follow(of *resource, module []string, references []string, depth int) (found []*resource, err error) {
	if depth > deepest {
		return nil, errors.New("its references do not end")
	}
	add := func(list []*resource, err error) error {
		for _, x := range list {
			if !slices.Contains(found, x) {
				found = append(found, x)
			}
		}
		return err
	}
	for _, ref := range whole(references) {
		part := strings.Split(ref, ".")
		switch {
		case part[0] == "each" && len(part) > 1 && part[1] == "key":
			continue // says which, not what
		case part[0] == "each" || part[0] == "count":
			if of == nil || of.config == nil || of.config.ForEachExpression == nil || of.config.ForEachExpression.ExpressionData == nil {
				return nil, errors.New("it goes by " + ref)
			}
			err = add(p.follow(nil, module, of.config.ForEachExpression.References, depth+1))
		case part[0] == "var" && len(part) > 1:
			name, _, _ := strings.Cut(part[1], "[")
			err = add(p.input(module, name, depth))
		case part[0] == "module" && len(part) > 2:
			err = add(p.output(of, module, part[1], part[2], depth))
		case part[0] == "local":
			return nil, fmt.Errorf("it goes by %s, and plans do not say what local values are made of", ref)
		case part[0] == "data" || len(part) < 2:
			return nil, fmt.Errorf("it goes by %s", ref)
		default:
			err = add(p.instances(of, module, ref))
		}
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// whole leaves out the references that others begin with: an expression's list has
// "aws_sns_topic.alerts.arn" and "aws_sns_topic.alerts".
func whole(references []string) []string {
	return slices.DeleteFunc(slices.Clone(references), func(r string) bool {
		return slices.ContainsFunc(references, func(other string) bool {
			return strings.HasPrefix(other, r+".") || strings.HasPrefix(other, r+"[")
		})
	})
}

// instances are those of a resource of the module. Of several, it is the one with the
// index that the reference names, or with the referring one's own.
func (p *planned) instances(of *resource, module []string, ref string) (list []*resource, err error) {
	part := strings.SplitN(ref, ".", 3)
	name, rest, indexed := strings.Cut(part[1], "[")
	for _, res := range p.resources {
		if res.sibling(module, part[0]+"."+name) {
			list = append(list, res)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("it goes by %s, which the plan does not have", ref)
	}
	if len(list) == 1 {
		return list, nil
	}
	var key any
	if indexed {
		key, _, _ = strings.Cut(rest, "]")
		key = strings.Trim(key.(string), `"`)
	} else if of != nil {
		key = of.Index
	}
	for _, res := range list {
		if res.Index != nil && fmt.Sprint(res.Index) == fmt.Sprint(key) {
			return []*resource{res}, nil
		}
	}
	return list, nil
}

// input follows what a module is given for a variable.
func (p *planned) input(module []string, name string, depth int) ([]*resource, error) {
	if len(module) == 0 {
		return nil, errors.New("it goes by the root variable " + name)
	}
	above := module[:len(module)-1]
	call := p.call(above, module[len(module)-1])
	if call == nil || call.Expressions[name] == nil || call.Expressions[name].ExpressionData == nil {
		return nil, fmt.Errorf("the module does not get its variable %s", name)
	}
	return p.follow(nil, above, call.Expressions[name].References, depth+1)
}

// output follows an output of a module that is called.
func (p *planned) output(of *resource, module []string, step, name string, depth int) ([]*resource, error) {
	call := p.call(module, step)
	name, _, _ = strings.Cut(name, "[")
	if call == nil || call.Module == nil || call.Module.Outputs[name] == nil || call.Module.Outputs[name].Expression == nil || call.Module.Outputs[name].Expression.ExpressionData == nil {
		return nil, fmt.Errorf("there is no output %s of the module %s", name, step)
	}
	// Of a module with several instances the reference names one, or it is none's in
	// particular.
	var below []string
	for _, res := range p.resources {
		if len(res.module) > len(module) && slices.Equal(res.module[:len(module)], module) {
			if s := res.module[len(module)]; s == step || base(s) == base(step) && !strings.Contains(step, "[") {
				if below != nil && below[len(module)] != s {
					return nil, fmt.Errorf("the module %s has several instances", step)
				}
				below = res.module[:len(module)+1]
			}
		}
	}
	if below == nil {
		return nil, fmt.Errorf("the plan has nothing of the module %s", step)
	}
	return p.follow(of, below, call.Module.Outputs[name].Expression.References, depth+1)
}

// base is a module call's name without an index.
func base(step string) string {
	name, _, _ := strings.Cut(step, "[")
	return name
}

// call is the configuration of a module call.
func (p *planned) call(module []string, step string) *tfjson.ModuleCall {
	m := p.config.RootModule
	for _, s := range module {
		if m == nil || m.ModuleCalls[base(s)] == nil {
			return nil
		}
		m = m.ModuleCalls[base(s)].Module
	}
	if m == nil {
		return nil
	}
	return m.ModuleCalls[base(step)]
}
