package policycheck_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/strongroom-dev/strongroom/internal/policycheck"
)

// sarifSchema is what SARIF 2.1.0 requires of the members that are used here.
// Source: OASIS SARIF 2.1.0, the members' own sections.
const sarifSchema = `{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "$defs": {
    "message": {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}, "additionalProperties": false},
    "level": {"enum": ["none", "note", "warning", "error"]},
    "location": {
      "type": "object", "required": ["physicalLocation"], "additionalProperties": false,
      "properties": {
        "physicalLocation": {
          "type": "object", "required": ["artifactLocation"], "additionalProperties": false,
          "properties": {
            "artifactLocation": {"type": "object", "required": ["uri"], "additionalProperties": false,
              "properties": {"uri": {"type": "string", "format": "uri-reference", "pattern": "^[^/ \\\\][^ \\\\]*$"}}},
            "region": {"type": "object", "required": ["startLine"], "additionalProperties": false,
              "properties": {"startLine": {"type": "integer", "minimum": 1}, "startColumn": {"type": "integer", "minimum": 1}}}
          }
        },
        "logicalLocations": {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["fullyQualifiedName"], "properties": {"fullyQualifiedName": {"type": "string", "minLength": 1}}}}
      }
    }
  },
  "type": "object", "required": ["version", "runs"], "additionalProperties": false,
  "properties": {
    "$schema": {"type": "string", "format": "uri"},
    "version": {"const": "2.1.0"},
    "runs": {"type": "array", "minItems": 1, "maxItems": 1, "items": {
      "type": "object", "required": ["tool", "results"], "additionalProperties": false,
      "properties": {
        "tool": {"type": "object", "required": ["driver"], "additionalProperties": false, "properties": {"driver": {
          "type": "object", "required": ["name", "rules"], "additionalProperties": false,
          "properties": {
            "name": {"type": "string", "minLength": 1}, "version": {"type": "string", "minLength": 1}, "informationUri": {"type": "string", "format": "uri"},
            "rules": {"type": "array", "minItems": 1, "uniqueItems": true, "items": {
              "type": "object", "required": ["id", "shortDescription", "fullDescription", "help", "helpUri", "defaultConfiguration"], "additionalProperties": false,
              "properties": {
                "id": {"type": "string", "pattern": "^[a-z-]+$"}, "shortDescription": {"$ref": "#/$defs/message"}, "fullDescription": {"$ref": "#/$defs/message"},
                "help": {"$ref": "#/$defs/message"}, "helpUri": {"type": "string", "format": "uri"},
                "defaultConfiguration": {"type": "object", "required": ["level"], "properties": {"level": {"$ref": "#/$defs/level"}}}
              }}}
          }}}},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "invocations": {"type": "array", "items": {"type": "object", "required": ["executionSuccessful"], "additionalProperties": false, "properties": {
          "executionSuccessful": {"type": "boolean"},
          "toolExecutionNotifications": {"type": "array", "items": {"type": "object", "required": ["message"], "additionalProperties": false,
            "properties": {"level": {"$ref": "#/$defs/level"}, "message": {"$ref": "#/$defs/message"}, "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}}}}}}}},
        "results": {"type": "array", "items": {
          "type": "object", "required": ["message", "ruleId", "ruleIndex", "level", "locations"], "additionalProperties": false,
          "properties": {
            "ruleId": {"type": "string"}, "ruleIndex": {"type": "integer", "minimum": 0}, "level": {"$ref": "#/$defs/level"}, "message": {"$ref": "#/$defs/message"},
            "locations": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/location"}}
          }}}
      }}}
  }
}`

func TestSarifIsValid(t *testing.T) {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(sarifSchema)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", schema); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{
		"wrong é 100%.json": `{"Statement": [{"Effect": "Allow", "Action": ["s3:Nothing", "sns:List*", "sns:ListTopics"], "Resource": "*"}]}`,
		"later.tf":          "resource \"aws_iam_policy\" \"p\" {\n  policy = var.policy\n}\n",
		"broken.tf":         "resource {",
	} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, names := range [][]string{{"."}, {filepath.Join(dir, "wrong é 100%.json")}, {"nowhere"}} {
		out, err := json.Marshal(policycheck.Run(names, policycheck.Options{}).Sarif(dir, "devel"))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(out))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(doc); err != nil {
			t.Errorf("%q: %v\n%s", names, err, out)
		}
		if names[0] != "nowhere" && !bytes.Contains(out, []byte(`"uri":"wrong%20%C3%A9%20100%25.json"`)) {
			t.Errorf("%q: the file is not named from the root: %s", names, out)
		}
	}
}

// A result points at its rule by place in the list.
func TestSarifResultsPointAtTheirRules(t *testing.T) {
	rules := policycheck.Rules()
	for i, r := range rules {
		run := run(t, r, r.Wrong).Sarif("/", "devel").Runs[0]
		found := false
		for _, res := range run.Results {
			if run.Tool.Driver.Rules[res.RuleIndex].ID != res.RuleID {
				t.Errorf("%s: index %d is %s", res.RuleID, res.RuleIndex, run.Tool.Driver.Rules[res.RuleIndex].ID)
			}
			found = found || res.RuleIndex == i
		}
		if !found {
			t.Errorf("%s: no result", r.ID)
		}
	}
}
