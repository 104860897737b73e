package explain

// All answers every question of one request. The answer is that of the first
// that is denied, or else the first that cannot be decided, or else the first; the
// others are in its Also. read finds the policies that apply to a question.
func All(questions []*Question, opts Options, read func(*Question) (*Policies, error)) (*Answer, error) {
	var answers []*Answer
	main := 0
	for i, q := range questions {
		p, err := read(q)
		if err != nil {
			return nil, err
		}
		a, err := Explain(q, p, opts)
		if err != nil {
			return nil, err
		}
		answers = append(answers, a)
		if rank(a.Decision) > rank(answers[main].Decision) {
			main = i
		}
	}
	for i, a := range answers {
		if i != main {
			answers[main].Also = append(answers[main].Also, Part{a.Action, a.Resource, a.Decision, a.Sentence})
		}
	}
	return answers[main], nil
}

func rank(d Decision) int {
	switch d {
	case Denied:
		return 2
	case CannotTell:
		return 1
	}
	return 0
}
