package wire

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// maxXMLDepth is far above the deepest document of S3.
const maxXMLDepth = 32

// node is one element of a parsed document.
type node struct {
	name  string
	attrs map[string]string
	text  string
	kids  []*node
}

// DecodeXML reads a document whose root element is called root into v, a
// pointer to a struct with encoding/xml's tags. Unlike encoding/xml it refuses,
// by path, what the struct does not have: unknown elements and attributes,
// repeated single elements, text between elements. Namespaces are ignored, as
// S3 does. The error is for the caller of the API.
func DecodeXML(body []byte, root string, v any) error {
	n, err := parseXML(body)
	if err != nil {
		return err
	}
	if n.name != root {
		return fmt.Errorf("the root element is %q, want %q", n.name, root)
	}
	return bindXML(n, reflect.ValueOf(v).Elem(), root)
}

func parseXML(body []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var root *node
	var stack []*node
	for {
		tok, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("the document is not well-formed XML: %v", err)
		}
		switch t := tok.(type) {
		case xml.StartElement:
			if len(stack) == 0 && root != nil {
				return nil, fmt.Errorf("the document has a second root element %q", t.Name.Local)
			}
			if len(stack) == maxXMLDepth {
				return nil, fmt.Errorf("the document is nested deeper than %d elements", maxXMLDepth)
			}
			n := &node{name: t.Name.Local}
			for _, a := range t.Attr {
				if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" || a.Name.Local == "schemaLocation" {
					continue
				}
				if n.attrs == nil {
					n.attrs = map[string]string{}
				}
				n.attrs[a.Name.Local] = a.Value
			}
			if len(stack) == 0 {
				root = n
			} else {
				p := stack[len(stack)-1]
				p.kids = append(p.kids, n)
			}
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text += string(t)
			} else if len(bytes.TrimSpace(t)) > 0 {
				return nil, fmt.Errorf("the document has text outside its root element")
			}
		case xml.Directive:
			return nil, fmt.Errorf("the document has a directive, which is not accepted")
		}
	}
	if root == nil {
		return nil, fmt.Errorf("the document is empty")
	}
	return root, nil
}

// xmlField is where an element or attribute of a struct, or of one that it
// embeds, goes.
type xmlField struct {
	index []int
	path  []string // element names, outermost first
	attr  bool
	text  bool
}

func xmlFields(t reflect.Type) []xmlField {
	var fields []xmlField
	for _, f := range reflect.VisibleFields(t) {
		if f.Anonymous {
			continue
		}
		name, opts, _ := strings.Cut(f.Tag.Get("xml"), ",")
		if name == "-" || !f.IsExported() || f.Name == "XMLName" {
			continue
		}
		if _, local, ok := strings.Cut(name, " "); ok {
			name = local
		}
		if name == "" {
			name = f.Name
		}
		fields = append(fields, xmlField{
			index: f.Index, path: strings.Split(name, ">"),
			attr: strings.Contains(opts, "attr"), text: strings.Contains(opts, "chardata"),
		})
	}
	return fields
}

func bindXML(n *node, v reflect.Value, path string) error {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return bindXML(n, v.Elem(), path)
	}
	if v.Kind() != reflect.Struct {
		return bindText(n, v, path)
	}
	fields := xmlFields(v.Type())
	for name, value := range n.attrs {
		i := findField(fields, name, true)
		if i < 0 {
			return fmt.Errorf("the element %s has an attribute %q that is not known", path, name)
		}
		v.FieldByIndex(fields[i].index).SetString(value)
	}
	textual := false
	for _, f := range fields {
		if f.text {
			v.FieldByIndex(f.index).SetString(n.text)
			textual = true
		}
	}
	if !textual && strings.TrimSpace(n.text) != "" {
		return fmt.Errorf("the element %s has text where elements belong", path)
	}
	seen := map[string]bool{}
	for _, kid := range n.kids {
		i := findField(fields, kid.name, false)
		if i < 0 {
			return fmt.Errorf("the element %s/%s is not known or not implemented", path, kid.name)
		}
		f := fields[i]
		dst := v.FieldByIndex(f.index)
		if err := bindChild(kid, dst, f.path[1:], path+"/"+kid.name, seen); err != nil {
			return err
		}
	}
	return nil
}

// bindChild binds kid to dst: a single value once, a slice's next element, or
// the elements of a wrapper.
func bindChild(kid *node, dst reflect.Value, inner []string, path string, seen map[string]bool) error {
	many := dst.Kind() == reflect.Slice
	if (!many || len(inner) > 0) && seen[kid.name] {
		return fmt.Errorf("the element %s appears twice", path)
	}
	seen[kid.name] = true
	if len(inner) > 0 {
		if many && dst.IsNil() {
			dst.Set(reflect.MakeSlice(dst.Type(), 0, len(kid.kids)))
		}
		if strings.TrimSpace(kid.text) != "" || len(kid.attrs) > 0 {
			return fmt.Errorf("the element %s has text or attributes where elements belong", path)
		}
		within := map[string]bool{}
		for _, k := range kid.kids {
			if k.name != inner[0] {
				return fmt.Errorf("the element %s/%s is not known or not implemented", path, k.name)
			}
			if err := bindChild(k, dst, inner[1:], path+"/"+k.name, within); err != nil {
				return err
			}
		}
		return nil
	}
	if !many {
		return bindXML(kid, dst, path)
	}
	e := reflect.New(dst.Type().Elem()).Elem()
	if err := bindXML(kid, e, path); err != nil {
		return err
	}
	dst.Set(reflect.Append(dst, e))
	return nil
}

func findField(fields []xmlField, name string, attr bool) int {
	for i, f := range fields {
		if f.attr == attr && !f.text && f.path[0] == name {
			return i
		}
	}
	return -1
}

func bindText(n *node, v reflect.Value, path string) error {
	if len(n.kids) > 0 {
		return fmt.Errorf("the element %s/%s is not known or not implemented", path, n.kids[0].name)
	}
	if len(n.attrs) > 0 {
		return fmt.Errorf("the element %s has an attribute that is not known", path)
	}
	if err := setText(v, n.text); err != nil {
		return fmt.Errorf("the element %s: %v", path, err)
	}
	return nil
}

// setText sets a string, integer or Boolean from its text on the wire.
func setText(v reflect.Value, s string) error {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		return setText(v.Elem(), s)
	case reflect.String:
		v.SetString(s)
	case reflect.Int, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(strings.TrimSpace(s), 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%q is not an integer", s)
		}
		v.SetInt(i)
	case reflect.Bool:
		switch strings.ToLower(strings.TrimSpace(s)) {
		case "true", "1":
			v.SetBool(true)
		case "false", "0":
			v.SetBool(false)
		default:
			return fmt.Errorf("%q is not true or false", s)
		}
	default:
		panic(fmt.Sprintf("wire: a field of kind %s cannot be read from text", v.Kind()))
	}
	return nil
}

// EncodeXML writes a document with this root element and namespace (empty:
// none). v is a struct with encoding/xml's tags, or a pointer to one.
func EncodeXML(root, namespace string, v any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	start := xml.StartElement{Name: xml.Name{Local: root}}
	if namespace != "" {
		start.Attr = []xml.Attr{{Name: xml.Name{Local: "xmlns"}, Value: namespace}}
	}
	if err := e.EncodeElement(v, start); err != nil {
		return nil, fmt.Errorf("encode %s: %w", root, err)
	}
	if err := e.Close(); err != nil {
		return nil, fmt.Errorf("encode %s: %w", root, err)
	}
	return b.Bytes(), nil
}
