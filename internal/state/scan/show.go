package scan

import (
	"encoding/json"
	"strings"

	"github.com/strongroom-dev/strongroom/internal/secret"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// maxShown is how long a text may be that is shown: longer ones are documents.
const maxShown = 120

// Show returns what of a state may be shown: names that do not look like secrets,
// and, with values, scalars that the provider's schema is known not to call
// sensitive, whose name does not say that they are secret, and that do not look
// like one. What a state marks is never shown, whatever Show says.
func (s *Schema) Show(values bool) tfstate.Show {
	show := tfstate.Show{Secret: secret.Looks}
	if values {
		show.Value, show.Sensitive = s.harmless, s.secret
	}
	return show
}

// secret reports whether a value is one by the provider's schema, or by its name.
func (s *Schema) secret(v tfstate.Value) bool {
	if v.Instance != nil {
		sensitive, _ := s.of(v.Instance.Provider, v.Instance.Mode, v.Instance.Type)
		if sensitive.steps(v.Path) > 0 {
			return true
		}
	}
	text, _ := v.Scalar.(string)
	return secret.Named(name(v, v.Output), text)
}

func (s *Schema) harmless(v tfstate.Value) bool {
	if v.Sensitive {
		return false
	}
	own := ""
	if v.Instance != nil {
		sensitive, known := s.of(v.Instance.Provider, v.Instance.Mode, v.Instance.Type)
		if !known || sensitive.steps(v.Path) > 0 {
			return false
		}
	} else if v.Output != nil {
		own = v.Output.Name
	}
	for _, step := range v.Path {
		if !step.List {
			own = step.Name
			if secret.IsName(own) {
				return false
			}
		}
	}
	switch scalar := v.Scalar.(type) {
	case nil, bool:
		return true
	case json.Number:
		return !secret.IsName(own)
	case string:
		// A value's name may stand beside it, where this cannot see it.
		return len(scalar) <= maxShown && !strings.ContainsAny(scalar, "\r\n") && !strings.EqualFold(own, "value") &&
			!secret.IsName(own) && len(secret.Find(scalar)) == 0 && secret.Random(scalar) == 0
	}
	return false
}
