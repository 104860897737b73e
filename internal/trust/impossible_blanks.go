package trust

import (
	"fmt"
	"strings"
)

// blanks: a value with blanks before or after it.
var blanks = &impossible{id: "value-blanks", scope: ScopeAny, find: func(w *want) (why, fix string) {
	bare := strings.TrimSpace(w.value)
	if bare == w.value {
		return "", ""
	}
	return "the value has blanks before or after it, and they are compared like any other character", fmt.Sprintf("write %s", show(bare))
}}
