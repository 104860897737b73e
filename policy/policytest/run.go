package policytest

import "time"

// Evaluator answers one case: the decision, and why in words. An error means
// that it could not decide, never a decision.
type Evaluator func(*Case) (got Answer, because string, err error)

// Summary is the result of a run; its JSON form is that of
// `strongroom policy test`.
type Summary struct {
	FormatVersion int     `json:"format_version"`
	Cases         int     `json:"cases"`
	Agree         int     `json:"agree"`
	Disagree      int     `json:"disagree"`
	Skipped       int     `json:"skipped"`
	Seconds       float64 `json:"seconds"`
	Misses        []Miss  `json:"misses"`
	// Errors are cases that could not be decided; they are in Cases, but
	// neither agree nor disagree. They have no place in the JSON form.
	Errors []*LineError `json:"-"`
	// Apart are the misses of cases with deviations, which are not counted.
	Apart []Miss `json:"-"`
}

// Miss is a case with another answer than the expected one.
type Miss struct {
	ID      string `json:"id"`
	Want    Answer `json:"want"`
	Got     Answer `json:"got"`
	Because string `json:"because"`
	File    string `json:"-"`
	Line    int    `json:"-"`
}

// Run asks the evaluator about every case, in order.
func Run(cases []Case, evaluate Evaluator) Summary {
	s := Summary{FormatVersion: 1, Misses: []Miss{}}
	start := time.Now()
	for i := range cases {
		c := &cases[i]
		s.Cases++
		got, because, err := evaluate(c)
		if err != nil {
			s.Errors = append(s.Errors, &LineError{c.File, c.Line, err})
			continue
		}
		miss := Miss{ID: c.ID, Want: c.Expected, Got: got, Because: because, File: c.File, Line: c.Line}
		switch {
		case len(c.Deviations) > 0:
			s.Skipped++
			if got != c.Expected {
				s.Apart = append(s.Apart, miss)
			}
		case got == c.Expected:
			s.Agree++
		default:
			s.Disagree++
			s.Misses = append(s.Misses, miss)
		}
	}
	s.Seconds = time.Since(start).Seconds()
	return s
}
