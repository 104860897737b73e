package serviceref

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// fits tries steps on a text by definition: each wildcard on each length.
func fits(steps []step, text string, emptyPlaceholders bool) bool {
	if len(steps) == 0 {
		return text == ""
	}
	s := steps[0]
	if emptyPlaceholders && s.first && fits(steps[1:], text, true) {
		return true
	}
	if s.many && fits(steps[1:], text, emptyPlaceholders) {
		return true
	}
	if text == "" || s.any && s.within && text[0] == ':' || !s.any && rune(text[0]) != s.char {
		return false
	}
	if s.many {
		return fits(steps, text[1:], emptyPlaceholders)
	}
	return fits(steps[1:], text[1:], emptyPlaceholders)
}

// Forms and patterns compare as trying every short text on both does.
func TestFormsCompareAsTryingAllTextsDoes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var texts []string
	for level := []string{""}; len(level[0]) <= 6; {
		texts = append(texts, level...)
		var longer []string
		for _, s := range level {
			longer = append(longer, s+"a", s+"b", s+":")
		}
		level = longer
	}
	sequence := func(placeholders bool) []step {
		var steps []step
		for range random.IntN(4) {
			within := random.IntN(2) == 0
			switch n := random.IntN(6); {
			case n < 3:
				steps = append(steps, step{char: rune("ab:"[n])})
			case n == 3:
				steps = append(steps, step{any: true, many: true, within: within})
			case placeholders:
				steps = append(steps, step{any: true, first: true, within: within}, step{any: true, many: true, within: within})
			default:
				steps = append(steps, step{any: true, within: within})
			}
		}
		return steps
	}
	met, taken := 0, 0
	for range 1500 {
		form, want := sequence(true), sequence(false)
		common, all := false, true
		for _, text := range texts {
			if fits(want, text, false) {
				common = common || fits(form, text, false)
				all = all && fits(form, text, true)
			}
		}
		m := meeting{form, want, make([]bool, (len(form)+1)*(len(want)+1))}
		got := m.meet(0, 0)
		if got != common {
			t.Fatalf("meet(%+v, %+v): got %t, want %t", form, want, got, common)
		}
		in := takesIn(form, want)
		if in && !all {
			t.Fatalf("takesIn(%+v, %+v): got true, and a text of the second does not fit the first", form, want)
		}
		if got {
			met++
		}
		if in {
			taken++
		}
	}
	if met < 150 || taken < 75 {
		t.Errorf("the pairs are too dull: %d meet and %d are taken in", met, taken)
	}
}

func TestPolicyVariablesInARNs(t *testing.T) {
	s, _ := Lookup("s3")
	for arn, want := range map[string]string{
		"arn:aws:s3:::b/${*}":                        "object",
		"arn:aws:s3:::${aws:PrincipalTag/team, 'x'}": "bucket",
		"arn:aws:s3:::b/${aws:x, '}:{'}/k":           "object",
		"arn:aws:s3:::b${":                           "bucket",
		"arn:aws:s3:::b/é":                           "object",
		"arn:${aws:x}:s3:::b":                        "bucket",
	} {
		list := s.ResourceTypes(arn)
		if len(list) == 0 || list[0].Type != want {
			t.Errorf("%s: got %v, want %s first", arn, list, want)
		}
	}
}

func TestLongPatterns(t *testing.T) {
	s, _ := Lookup("s3")
	long := "arn:aws:s3:::" + strings.Repeat("*", longestARN)
	if got := len(s.ResourceTypes(long)); got != len(s.Resources()) {
		t.Errorf("a pattern that is too long: got %d types, want all %d", got, len(s.Resources()))
	}
	if got := s.ResourceTypes(long[:longestARN]); len(got) != 2 {
		t.Errorf("the longest pattern: got %d types, want bucket and object", len(got))
	}
}

func FuzzResourceTypes(f *testing.F) {
	for _, arn := range []string{"*", "arn:aws:s3:::b/*", "arn:aws:kms:*:*:key/${aws:x, 'y'}", "${", "${}", "${'}'}", "::::::", "arn:aws:iam::1:role/?*?"} {
		f.Add(arn)
	}
	f.Fuzz(func(t *testing.T, arn string) {
		for _, prefix := range []string{"s3", "iam"} {
			s, _ := Lookup(prefix)
			for _, r := range s.ResourceTypes(arn) {
				if def, ok := s.Resource(r.Type); !ok || def != r {
					t.Errorf("%s: got type %q, which the service does not have", arn, r.Type)
				}
			}
		}
	})
}
