package wire

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxList bounds the entries of one list or map parameter.
const maxList = 10_000

// formNode is the tree that dotted parameter names spell out.
type formNode struct {
	value    *string
	children map[string]*formNode
}

// decodeForm reads the parameters into the struct v.
func decodeForm(form url.Values, v reflect.Value, p *plan) error {
	root := &formNode{}
	for name, values := range form {
		n := root
		for part := range strings.SplitSeq(name, ".") {
			if n.children == nil {
				n.children = map[string]*formNode{}
			}
			next := n.children[part]
			if next == nil {
				next = &formNode{}
				n.children[part] = next
			}
			n = next
		}
		n.value = &values[0]
	}
	return readForm(root, p, v, "")
}

func readForm(n *formNode, p *plan, v reflect.Value, path string) error {
	switch p.kind {
	case kindStruct:
		if n.value != nil {
			return fmt.Errorf("the parameter %q is a structure, not a value", path)
		}
		v = p.target(v)
		for _, name := range sortedNames(n.children) {
			i, ok := p.byName[name]
			if !ok && name != "" {
				// A few members begin with a small letter on the wire, such as
				// STS's PolicyArns.member.1.arn.
				i, ok = p.byName[strings.ToUpper(name[:1])+name[1:]]
			}
			if !ok {
				return fmt.Errorf("unknown parameter %q", join(path, name))
			}
			f := p.fields[i]
			if err := readForm(n.children[name], f.plan, v.Field(f.index), join(path, name)); err != nil {
				return err
			}
		}
		return nil
	case kindList:
		return readFormList(n, p, v, path)
	case kindMap:
		return readFormMap(n, p, v, path)
	case kindUnion:
		return fmt.Errorf("the sandbox does not implement the parameter %q", path)
	}
	if n.value == nil || len(n.children) > 0 {
		return fmt.Errorf("the parameter %q is a value, not a structure", path)
	}
	return setParameter(*n.value, p, p.target(v), path)
}

// entries returns NAME.member.1, NAME.member.2 ... in order. A list that is
// sent empty is the bare name with an empty value.
func entries(n *formNode, label, path string) ([]*formNode, error) {
	if n.value != nil {
		if *n.value == "" && len(n.children) == 0 {
			return nil, nil
		}
		return nil, fmt.Errorf("the parameter %q is a list, not a value", path)
	}
	members := n.children[label]
	if label == "" {
		members, label = n, "N"
	} else if members == nil || len(n.children) != 1 || members.value != nil {
		return nil, fmt.Errorf("the parameter %q has a part that is not %q", path, label+".N")
	}
	index := make([]int, 0, len(members.children))
	for name := range members.children {
		i, err := strconv.Atoi(name)
		if err != nil || i < 1 || i > maxList || strconv.Itoa(i) != name {
			return nil, fmt.Errorf("the parameter %q has the index %q", path, name)
		}
		index = append(index, i)
	}
	slices.Sort(index)
	out := make([]*formNode, len(index))
	for k, i := range index {
		out[k] = members.children[strconv.Itoa(i)]
	}
	return out, nil
}

func readFormList(n *formNode, p *plan, v reflect.Value, path string) error {
	label := "member"
	if p.flat {
		label = ""
	}
	members, err := entries(n, label, path)
	if err != nil {
		return err
	}
	list := reflect.MakeSlice(p.typ, len(members), len(members))
	for i, m := range members {
		if err := readForm(m, p.elem, list.Index(i), path+".member."+strconv.Itoa(i+1)); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

func readFormMap(n *formNode, p *plan, v reflect.Value, path string) error {
	list, err := entries(n, "entry", path)
	if err != nil {
		return err
	}
	m := reflect.MakeMap(p.typ)
	for _, e := range list {
		k, val := e.children["key"], e.children["value"]
		if k == nil && val == nil { // SNS has other names for some maps
			k, val = e.children["Name"], e.children["Value"]
		}
		if k == nil || val == nil || k.value == nil || len(e.children) != 2 {
			return fmt.Errorf("an entry of %q is not a key and a value", path)
		}
		key := reflect.ValueOf(*k.value).Convert(p.typ.Key())
		if m.MapIndex(key).IsValid() {
			return fmt.Errorf("the key %q appears twice in %q", *k.value, path)
		}
		x := reflect.New(p.typ.Elem()).Elem()
		if err := readForm(val, p.elem, x, path+"."+*k.value); err != nil {
			return err
		}
		m.SetMapIndex(key, x)
	}
	v.Set(m)
	return nil
}

// setParameter sets a scalar from text. The value stays out of errors.
func setParameter(s string, p *plan, v reflect.Value, path string) error {
	switch p.kind {
	case kindString:
		v.SetString(s)
	case kindBool:
		if s != "true" && s != "false" {
			return wrongParameter(path, "true or false")
		}
		v.SetBool(s == "true")
	case kindInt:
		i, err := strconv.ParseInt(s, 10, 64)
		if err != nil || v.OverflowInt(i) {
			return wrongParameter(path, "a whole number")
		}
		v.SetInt(i)
	case kindFloat:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return wrongParameter(path, "a number")
		}
		v.SetFloat(f)
	case kindBlob:
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return wrongParameter(path, "base64 text")
		}
		v.SetBytes(b)
	case kindTime:
		t, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return wrongParameter(path, "a time such as 2026-01-02T15:04:05Z")
		}
		v.Set(reflect.ValueOf(t.UTC()))
	default:
		return errors.New("not a scalar")
	}
	return nil
}

func wrongParameter(path, want string) error {
	return fmt.Errorf("the parameter %q is not %s", path, want)
}

func writeXML(b *bytes.Buffer, p *plan, v reflect.Value) {
	switch p.kind {
	case kindString:
		escape(b, v.String())
	case kindBool:
		b.WriteString(strconv.FormatBool(v.Bool()))
	case kindInt:
		b.WriteString(strconv.FormatInt(v.Int(), 10))
	case kindFloat:
		b.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, 64))
	case kindBlob:
		b.WriteString(base64.StdEncoding.EncodeToString(v.Bytes()))
	case kindTime:
		t := v.Interface().(time.Time)
		b.WriteString(t.UTC().Format("2006-01-02T15:04:05Z"))
	case kindList:
		for i := range v.Len() {
			name := "member"
			if p.flat {
				name = "item"
			}
			writeElement(b, name, p.elem, v.Index(i))
		}
	case kindMap:
		for _, k := range sortedKeys(v) {
			b.WriteString("<entry><key>")
			escape(b, k.String())
			b.WriteString("</key>")
			writeElement(b, "value", p.elem, v.MapIndex(k))
			b.WriteString("</entry>")
		}
	case kindStruct:
		for _, f := range p.fields {
			if fv, ok := f.plan.present(v.Field(f.index)); ok {
				b.WriteString("<" + f.name + ">")
				writeXML(b, f.plan, fv)
				b.WriteString("</" + f.name + ">")
			}
		}
	}
}

func writeElement(b *bytes.Buffer, name string, p *plan, v reflect.Value) {
	if p.pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	b.WriteString("<" + name + ">")
	writeXML(b, p, v)
	b.WriteString("</" + name + ">")
}

func sortedNames(m map[string]*formNode) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}
