package iam

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// rule is what the API demands of a member wherever it appears.
type rule struct {
	// min and max are lengths in characters, or bounds of a number.
	min, max int
	// chars names the set of characters; ok tells whether one is in it.
	chars string
	ok    func(rune) bool
	// form is a further demand on the whole value, form's text its pattern.
	form    func(string) bool
	pattern string
	// enum lists the values; nil: any.
	enum []string
	// items is the most entries a list may have; 0: no limit.
	items int
}

func wordChar(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_'
}

func nameChar(r rune) bool { return wordChar(r) || strings.ContainsRune("+=,.@-", r) }

// documentChar are the characters of a policy document.
func documentChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xff
}

func textChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= '~' || r >= 0xa1 && r <= 0xff
}

func digits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func visible(r rune) bool { return r >= 0x21 && r <= 0x7e }

func isPath(s string) bool {
	return s == "/" || len(s) > 2 && strings.HasPrefix(s, "/") && strings.HasSuffix(s, "/")
}

func isAlias(s string) bool {
	return !strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-") && !strings.Contains(s, "--") && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

const nameChars = "alphanumeric characters and/or the following: +=,.@_-"

func nameRule(n int) rule { return rule{min: 1, max: n, chars: nameChars, ok: nameChar} }

// rules by member name.
// Source: IAM API Reference, the "Length Constraints" and "Pattern" of each
// parameter; IAM User Guide, reference_iam-quotas.
var rules = map[string]rule{
	"UserName": nameRule(128), "NewUserName": nameRule(64), "GroupName": nameRule(128), "NewGroupName": nameRule(128),
	"RoleName": nameRule(64), "PolicyName": nameRule(128), "InstanceProfileName": nameRule(128),
	"VirtualMFADeviceName": {min: 1, max: 226, chars: nameChars, ok: nameChar},
	"Path":                 pathRule, "NewPath": pathRule,
	"PathPrefix":               {min: 1, max: 512, chars: "printable ASCII characters", ok: visible, form: func(s string) bool { return strings.HasPrefix(s, "/") }, pattern: `\u002F[\u0021-\u007F]*`},
	"PolicyDocument":           documentRule,
	"AssumeRolePolicyDocument": documentRule,
	"PolicyArn":                arnRule, "PermissionsBoundary": {min: 20, max: 2048}, "OpenIDConnectProviderArn": arnRule, "PolicySourceArn": arnRule, "CallerArn": {min: 1, max: 2048},
	"VersionId":           {min: 1, max: 64, form: func(s string) bool { n, ok := versionNumber(s); return ok && n > 0 }, pattern: `v[1-9][0-9]*(\.[A-Za-z0-9-]*)?`},
	"Description":         {max: 1000, chars: "printable characters of Latin-1, tabs and line ends", ok: textChar},
	"MaxSessionDuration":  {min: 3600, max: 43200},
	"AccountAlias":        {min: 3, max: 63, form: isAlias, pattern: `[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]`},
	"AccessKeyId":         {min: 16, max: 128, chars: "letters, digits and _", ok: wordChar},
	"Status":              {enum: []string{"Active", "Inactive"}},
	"MaxItems":            {min: 1, max: 1000},
	"Marker":              {min: 1, max: 2048},
	"Url":                 {min: 1, max: 255},
	"ClientID":            {min: 1, max: 255},
	"ClientIDList":        {min: 1, max: 255},
	"ThumbprintList":      {min: 40, max: 40},
	"SerialNumber":        {min: 9, max: 256, chars: "letters, digits and =/:,.@-_", ok: func(r rune) bool { return wordChar(r) || strings.ContainsRune("=/:,.@-", r) }},
	"AuthenticationCode1": codeRule, "AuthenticationCode2": codeRule,
	"Password": passwordRule, "NewPassword": passwordRule, "OldPassword": passwordRule,
	"MaxPasswordAge": {min: 1, max: 1095}, "MinimumPasswordLength": {min: 6, max: 128}, "PasswordReusePrevention": {min: 1, max: 24},
	"Scope":                      {enum: []string{"All", "AWS", "Local"}},
	"PolicyUsageFilter":          {enum: []string{"PermissionsPolicy", "PermissionsBoundary"}},
	"EntityFilter":               {enum: entityTypes},
	"Filter":                     {enum: entityTypes},
	"AssignmentStatus":           {enum: []string{"Assigned", "Unassigned", "Any"}},
	"GlobalEndpointTokenVersion": {enum: []string{"v1Token", "v2Token"}},
	"AWSServiceName":             {min: 1, max: 128, chars: "letters, digits, _ and .", ok: func(r rune) bool { return wordChar(r) || r == '.' || r == '-' }},
	"CustomSuffix":               {min: 1, max: 64, chars: nameChars, ok: nameChar},
	"DeletionTaskId":             {min: 1, max: 1000},
	"TagKeys":                    {min: 1, max: 128, items: 50},
	"Tags":                       {items: 50},
}

var (
	pathRule = rule{min: 1, max: 512, chars: "printable ASCII characters", ok: visible, form: isPath,
		pattern: `(\u002F)|(\u002F[\u0021-\u007E]+\u002F)`}
	documentRule = rule{min: 1, max: 131072, chars: "printable characters of Latin-1, tabs and line ends", ok: documentChar}
	arnRule      = rule{min: 20, max: 2048}
	codeRule     = rule{min: 6, max: 6, form: digits, pattern: `[\d]+`}
	passwordRule = rule{min: 1, max: 128}
	entityTypes  = []string{"User", "Role", "Group", "LocalManagedPolicy", "AWSManagedPolicy"}
)

// secretMembers are never quoted in an error.
var secretMembers = []string{"Password", "NewPassword", "OldPassword", "AuthenticationCode1", "AuthenticationCode2"}

func (r rule) check(name string, v reflect.Value) error {
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return r.text(name, v.String())
	case reflect.Int32:
		n := int(v.Int())
		if r.max > 0 && n > r.max {
			return invalid("Value '%d' at '%s' failed to satisfy constraint: Member must have value less than or equal to %d", n, lowerFirst(name), r.max)
		}
		if n < r.min {
			return invalid("Value '%d' at '%s' failed to satisfy constraint: Member must have value greater than or equal to %d", n, lowerFirst(name), r.min)
		}
	case reflect.Slice:
		if r.items > 0 && v.Len() > r.items {
			return invalid("Value at '%s' failed to satisfy constraint: Member must have length less than or equal to %d", lowerFirst(name), r.items)
		}
		if v.Type().Elem().Kind() == reflect.String {
			for i := range v.Len() {
				if err := r.text(fmt.Sprintf("%s.%d.member", name, i+1), v.Index(i).String()); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (r rule) text(name, s string) error {
	at := lowerFirst(name)
	shown := "'" + s + "' "
	if slices.Contains(secretMembers, name) || len(s) > 300 {
		shown = ""
	}
	n := utf8.RuneCountInString(s)
	switch {
	case r.max > 0 && n > r.max:
		return invalid("Value %sat '%s' failed to satisfy constraint: Member must have length less than or equal to %d", shown, at, r.max)
	case n < r.min:
		return invalid("Value %sat '%s' failed to satisfy constraint: Member must have length greater than or equal to %d", shown, at, r.min)
	case r.enum != nil && !slices.Contains(r.enum, s):
		return invalid("Value %sat '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]", shown, at, strings.Join(r.enum, ", "))
	case r.form != nil && !r.form(s):
		return invalid("Value %sat '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", shown, at, r.pattern)
	}
	if r.ok != nil {
		for _, c := range s {
			if !r.ok(c) {
				return op.Errorf(400, "ValidationError", "The specified value for %s is invalid. It must contain only %s", at, r.chars)
			}
		}
	}
	return nil
}
