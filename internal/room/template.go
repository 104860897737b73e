package room

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// The templates of the stacks are in HCL's own template language, as the engines'
// templatefile function reads it: $${...} stays for the engine. (Go's text/template
// would do as well, but a program that links it keeps every method of every type it
// has: with the AWS SDK's clients that is a third of the program.)

// execute fills in a template and formats what comes of it.
func execute(name string, src []byte, values map[string]cty.Value) ([]byte, error) {
	expression, found := hclsyntax.ParseTemplate(src, name, hcl.InitialPos)
	if found.HasErrors() {
		return nil, fmt.Errorf("template %w", found)
	}
	value, found := expression.Value(&hcl.EvalContext{Variables: values, Functions: functions})
	if found.HasErrors() {
		return nil, fmt.Errorf("template %w", found)
	}
	if value.IsNull() || value.Type() != cty.String {
		return nil, fmt.Errorf("template %s is no text", name)
	}
	return hclwrite.Format([]byte(value.AsString())), nil
}

// functions are what the templates call, besides HCL's own operators.
var functions = map[string]function.Function{
	"quote":      textual("text", cty.String, func(v cty.Value) string { return quote(v.AsString()) }),
	"identifier": textual("region", cty.String, func(v cty.Value) string { return identifier(v.AsString()) }),
	"list":       textual("texts", cty.List(cty.String), func(v cty.Value) string { return list(textsOf(v)) }),
	"length":     stdlib.LengthFunc,
}

// textual is a function of one value whose answer is a text.
func textual(parameter string, of cty.Type, answer func(cty.Value) string) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: parameter, Type: of}},
		Type:   function.StaticReturnType(cty.String),
		Impl:   func(args []cty.Value, _ cty.Type) (cty.Value, error) { return cty.StringVal(answer(args[0])), nil },
	})
}

// quote writes a text as HCL does, with its template markers escaped.
func quote(s string) string {
	return string(hclwrite.TokensForValue(cty.StringVal(s)).Bytes())
}

// list writes a list of texts, one a line if there are several.
func list(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = quote(v)
	}
	if len(quoted) < 2 {
		return "[" + strings.Join(quoted, "") + "]"
	}
	return "[\n" + strings.Join(quoted, ",\n") + ",\n]"
}

func textsOf(v cty.Value) (texts []string) {
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		texts = append(texts, element.AsString())
	}
	return texts
}
