package filterpattern

import "strings"

// expr is a condition, of JSON or of a field.
type expr interface {
	// eval says whether it holds, and why or why not.
	eval(at any) (bool, string)
}

// all holds if every part does, some if one does.
type (
	all  []expr
	some []expr
)

// maxDepth bounds parentheses.
const maxDepth = 100

// either reads conditions with || between: the weakest operator.
// Source: the guide's page, order of operations: () > && > ||.
func (r *reader) either(leaf func() (expr, error)) (expr, error) {
	var list some
	for {
		e, err := r.both(leaf)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		if r.spaces(); !r.take("||") {
			break
		}
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return list, nil
}

func (r *reader) both(leaf func() (expr, error)) (expr, error) {
	var list all
	for {
		e, err := leaf()
		if err != nil {
			return nil, err
		}
		list = append(list, e)
		if r.spaces(); !r.take("&&") {
			break
		}
	}
	if len(list) == 1 {
		return list[0], nil
	}
	return list, nil
}

func (l all) eval(at any) (bool, string) {
	var held, failed []string
	for _, e := range l {
		ok, why := e.eval(at)
		if ok {
			held = append(held, why)
		} else {
			failed = append(failed, why)
		}
	}
	if failed != nil {
		return false, strings.Join(failed, "; ")
	}
	return true, strings.Join(held, "; ")
}

func (l some) eval(at any) (bool, string) {
	var failed []string
	for _, e := range l {
		ok, why := e.eval(at)
		if ok {
			return true, why
		}
		failed = append(failed, "("+why+")")
	}
	return false, "none of " + strings.Join(failed, " or ")
}
