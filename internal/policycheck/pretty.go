package policycheck

import (
	"bytes"
	"encoding/json"
	"strings"
)

// pretty writes a policy of an example over several lines, as in documentation:
// lists and short objects stay on one.
func pretty(policy string) string {
	var b strings.Builder
	var doc struct {
		Version   string
		Statement []json.RawMessage
	}
	if json.Unmarshal([]byte(policy), &doc) != nil || len(doc.Statement) == 0 {
		return "  " + policy + "\n"
	}
	for _, s := range doc.Statement {
		b.WriteString("  {\n")
		dec := json.NewDecoder(bytes.NewReader(s))
		_, _ = dec.Token() // the opening brace: the text was an object when it was read
		first := true
		for dec.More() {
			name, err := dec.Token()
			var value json.RawMessage
			if err != nil || dec.Decode(&value) != nil {
				break
			}
			if !first {
				b.WriteString(",\n")
			}
			first = false
			text, _ := name.(string)
			b.WriteString(`    "` + text + `": ` + string(value))
		}
		b.WriteString("\n  }\n")
	}
	if doc.Version != "2012-10-17" {
		b.WriteString(`  with "Version": "` + doc.Version + "\"\n")
	}
	return b.String()
}
