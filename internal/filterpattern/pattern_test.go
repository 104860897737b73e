package filterpattern_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/filterpattern"
)

// documented is the guide's JSON event, with what its examples for compound expressions add.
const documented = `{"eventType":"UpdateTrail","sourceIPAddress":"111.111.111.111","arrayKey":["value","another value"],
	"objectList":[{"name":"a","id":1},{"name":"b","id":2}],"SomeObject":null,"ThisFlag":true,"OtherFlag":false,"cluster.name":"c",
	"user":{"id":1,"email":"John.Stiles@example.com"},"users":[{"id":2,"email":"John.Doe@example.com"},{"id":3,"email":"Jane.Doe@example.com"}],
	"actions":["GET","PUT","DELETE"],"coordinates":[[0,1,2],[4,5,6],[7,8,9]],
	"latency":50,"errorCode":400,"number":[1000,0.001],"quoted":"say \"hi\" \\ there","account":"123456789012"}`

const apache = `127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534`

var matching = []struct {
	pattern, message string
	want             bool
}{
	// Source: the guide's page, unstructured log events.
	{"ERROR", "[ERROR 400] BAD REQUEST", true},
	{"ERROR", "Exiting with ERRORCODE: -1", true},
	{"ERROR", "error", false},
	{"ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", true},
	{"ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", false},
	{"?ERROR ?ARGUMENTS", "[ERROR 400] BAD REQUEST", true},
	{"?ERROR ?ARGUMENTS", "INVALID ARGUMENTS", true},
	{"?ERROR ?ARGUMENTS", "fine", false},
	{"?ERROR ?ARGUMENTS REQUEST", "[INFO] REQUEST FAILED", true},
	{"?ERROR ?ARGUMENTS REQUEST", "[ERROR] FAILED", false},
	{"?ERROR -WARN", "fine", true},
	{`"INTERNAL SERVER ERROR"`, "[ERROR 500] INTERNAL SERVER ERROR", true},
	{`"INTERNAL SERVER ERROR"`, "INTERNAL ERROR SERVER", false},
	{"ERROR -ARGUMENTS", "[ERROR 401] UNAUTHORIZED REQUEST", true},
	{"ERROR -ARGUMENTS", "[ERROR 420] INVALID ARGUMENTS", false},
	{`ERROR -"BAD REQUEST"`, "[ERROR 400] BAD REQUEST", false},
	{`" "`, "anything", true},
	{"", "anything", true},
	{`"say \"hi\""`, `say "hi"`, true},

	// Source: the same page, regular expressions.
	{"%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST", true},
	{"%AUTHORIZED%", "[ERROR 401] REFUSED", false},
	{"%^[hc]at%", "hat stand", true},
	{"%^[hc]at%", "a hat", false},
	{"%[hc]at$%", "a cat", true},
	{"%colou?r%", "color", true},
	{"%[abcx-z]%", "d", false},
	{"%^a{3,5}$%", "aaaa", true},
	{"%^a{3,5}$%", "aaaaaa", false},
	{"%^a{,2}$%", "aaa", false},
	{"%^a{2,}$%", "aaa", true},
	{"%^starting|^initializing|^shutting down%", "shutting down", true},
	{"%^starting|^initializing|^shutting down%", "skipping initializing", false},
	{`%\[.\]%`, "[7]", true},
	{`%10\.10\.0\.1%`, "10010,051", false},
	{`%10.10.0.1%`, "10010,051", true},
	{`%ab[0-9]*%`, "ab", true},
	{`%ab+c%`, "ac", false},
	{`%\x28%`, "a(b", true},
	{`%\d\s\w%`, "1 a", true},
	{`%\D%`, "123", false},

	// Source: the same page, JSON log events.
	{`{ $.eventType = "UpdateTrail" }`, documented, true},
	{`{ $.eventType = UpdateTrail }`, documented, true},
	{`{ $.eventType = "updateTrail" }`, documented, false},
	{`{ $.eventType = "Update*" }`, documented, true},
	{`{ $.eventType = *Trail }`, documented, true},
	{`{ $.eventType = "*dateTr*" }`, documented, true},
	{`{ $.eventType = "Upd*il" }`, documented, false},
	{`{ $.sourceIPAddress != 123.123.* }`, documented, true},
	{`{ $.sourceIPAddress != 111.111.* }`, documented, false},
	{`{ $.arrayKey[0] = "value" }`, documented, true},
	{`{ $.arrayKey[1] = "value" }`, documented, false},
	{`{ $.arrayKey[9] = "value" }`, documented, false},
	{`{ $.eventType = %Trail% }`, documented, true},
	{`{ $.eventType != %Trail% }`, documented, false},
	{`{ $.arrayKey[*] = %val.{2}% }`, documented, true},
	{`{ $.arrayKey[*] = "another value" }`, documented, true},
	{`{ $.objectList[*].id = 2 }`, documented, true},
	{`{ $.objectList[*].id = 3 }`, documented, false},
	{`{ $.* = %111\.111\.111\.1[0-9]{1,2}% }`, documented, true},
	{`{ $.['cluster.name'] = "c" }`, documented, true},
	{`{ $.objectList[1].id = 2 }`, documented, true},
	{`{ $.SomeObject IS NULL }`, documented, true},
	{`{ $.eventType IS NULL }`, documented, false},
	{`{ $.SomeOtherObject IS NULL }`, documented, false},
	{`{ $.SomeOtherObject NOT EXISTS }`, documented, true},
	{`{ $.SomeObject NOT EXISTS }`, documented, false},
	{`{ $.ThisFlag IS TRUE }`, documented, true},
	{`{ $.ThisFlag IS FALSE }`, documented, false},
	{`{ $.OtherFlag IS FALSE }`, documented, true},
	{`{ $.latency IS TRUE }`, documented, false},
	{`{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }`, documented, true},
	{`{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch" && $.actions[2] = "nonmatch" }`, documented, true},
	{`{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = "nonmatch") && $.actions[2] = "nonmatch" }`, documented, false},
	{`{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }`, documented, false},
	{`{ $.coordinates[1][2] = 6 }`, documented, true},
	{`{ $.latency > 49.5 }`, documented, true},
	{`{ $.latency < 50 }`, documented, false},
	{`{ $.latency <= 50 }`, documented, true},
	{`{ $.latency >= +51 }`, documented, false},
	{`{ $.errorCode = 400}`, documented, true},
	{`{ $.errorCode != 500 }`, documented, true},
	{`{ $.errorCode = 4* }`, documented, true},
	{`{ $.number[0] = 1e+3 }`, documented, true},
	{`{ $.number[1] != 1e-3 }`, documented, false},
	{`{ $.latency = * }`, documented, true},
	{`{ $.nothing = * }`, documented, false},
	{`{ $.account = 123456789012 }`, documented, true},
	{`{ $.account > 1 }`, documented, false},
	{`{ $.quoted = "say \"hi\" \\ there" }`, documented, true},

	// A property that points to an array or object does not match, nor one that is absent.
	{`{ $.users = 1 }`, documented, false},
	{`{ $.users != 1 }`, documented, false},
	{`{ $.user != 1 }`, documented, false},
	{`{ $.SomeObject != 1 }`, documented, false},
	{`{ $.ThisFlag != "x" }`, documented, false},
	{`{ $.absent != "x" }`, documented, false},
	{`{ $.absent != "x" || $.absent NOT EXISTS }`, documented, true},
	{`{ $.eventType = "UpdateTrail" }`, "UpdateTrail", false},
	{`{ $.a = 1 }`, `{"a":1} {"a":1}`, false},
	{`{ $.a = 1 }`, `[{"a":1}]`, false},
	{`{ $.a NOT EXISTS }`, `null`, false},

	// Source: the same page, space-delimited log events.
	{`[ip=%127\.0\.0\.[1-9]%, user, username, timestamp, request =*.html*, status_code = 4*, bytes]`, apache, true},
	{`[..., request =*.html*, status_code = 4*, bytes]`, apache, true},
	{`[..., request =*.html*, status_code = 5*, bytes]`, apache, false},
	{`[ip, user, username, timestamp, request =*.html*, status_code = 404 || status_code = 410, bytes]`, apache, true},
	{`[ip, user, username, timestamp, request =*.html*, status_code = 403 || status_code = 410, bytes]`, apache, false},
	{`[ip, user, username, timestamp, request, status_code = 4* && status_code != 403, bytes]`, apache, true},
	{`[ip, user, username, timestamp, request, status_code, bytes > 1000]`, apache, true},
	{`[ip, user, username, timestamp, request, status_code, bytes > 1534]`, apache, false},
	{`[ip, user, ...]`, apache, true},
	{`[ip, user, username, timestamp, request, status_code, bytes, more]`, apache, false},
	{`[..., request=*.html*, status_code=4*,]`, apache, true},
	{`[w1=ERROR, w2]`, "ERROR 09/25/2014 12:00:02 Failed to process request", true},
	{`[w1=ERROR, w2]`, "WARNING 09/25/2014 12:00:02 Invalid user request", false},
	{`[w1=ERROR || W1=WARNING, w2]`, "WARNING 09/25/2014 12:00:02 Invalid user request", true},
	{`[w1!=ERROR && w1!=WARNING, w2]`, "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200", true},
	{`[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]`, "INFO 09/25/2014 12:00:00 GET /service/resource/67 1200", true},
	{`[logLevel, date, time, method, url=%/service/resource/[0-9]+$%, response_time]`, "INFO 09/25/2014 12:00:01 POST /service/resource/67/part/111 1310", false},
}

func TestMatch(t *testing.T) {
	for _, c := range matching {
		p, err := filterpattern.Compile(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		got, why := p.Explain([]byte(c.message))
		if got != c.want || p.Match([]byte(c.message)) != c.want || why == "" {
			t.Errorf("%s on %.60s: %v, %s", c.pattern, c.message, got, why)
		}
	}
}

// The patterns that a benchmark which many accounts follow prescribes, in the forms that
// are found: with and without quotation marks, spaces and parentheses.
// Source: CIS Amazon Web Services Foundations Benchmark, section Monitoring.
func TestPatternsInUse(t *testing.T) {
	const root = `{"userIdentity":{"type":"Root"},"eventSource":"signin.amazonaws.com","eventName":"ConsoleLogin","eventType":"AwsConsoleSignIn","additionalEventData":{"MFAUsed":"No"},"responseElements":{"ConsoleLogin":"Success"}}`
	const kms = `{"userIdentity":{"type":"IAMUser"},"eventSource":"kms.amazonaws.com","eventName":"ScheduleKeyDeletion","errorCode":"AccessDeniedException"}`
	for _, c := range []struct {
		pattern   string
		root, kms bool
	}{
		{`{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") }`, false, true},
		{`{($.errorCode="*UnauthorizedOperation") || ($.errorCode="AccessDenied*") || ($.sourceIPAddress!="delivery.logs.amazonaws.com") || ($.eventName!="HeadBucket") }`, true, true},
		{`{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }`, true, false},
		{`{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }`, true, false},
		{`{($.eventName=DeleteGroupPolicy)||($.eventName=DeleteRolePolicy)||($.eventName=DetachGroupPolicy)}`, false, false},
		{`{($.eventName=ConsoleLogin) && ($.errorMessage="Failed authentication")}`, false, false},
		{`{($.eventSource=kms.amazonaws.com) && (($.eventName=DisableKey)||($.eventName=ScheduleKeyDeletion)) }`, false, true},
		{`{($.eventSource=s3.amazonaws.com) && (($.eventName=PutBucketAcl) || ($.eventName=PutBucketPolicy))}`, false, false},
		{`{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") && ($.userIdentity.type = "IAMUser") && ($.responseElements.ConsoleLogin = "Success") }`, false, false},
	} {
		p, err := filterpattern.Compile(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if got := p.Match([]byte(root)); got != c.root {
			t.Errorf("%s on the root sign-in: %v", c.pattern, got)
		}
		if got := p.Match([]byte(kms)); got != c.kms {
			t.Errorf("%s on the refused call: %v", c.pattern, got)
		}
	}
}

// What is wrong is told with its place, and what AWS does not support by name.
func TestErrors(t *testing.T) {
	for _, c := range []struct {
		pattern string
		column  int
		words   string
	}{
		{"user-agent", 1, "Invalid character(s) in term 'user-agent'"},
		{"ok [x", 4, "Invalid character(s) in term '[x'"},
		{`a "b`, 3, "quotation mark is not closed"},
		{`"a"b`, 4, "kept apart by spaces"},
		{"a - b", 4, "no term"},
		{"%a", 1, "not closed"},
		{"%%", 1, "empty"},
		{"%something!%", 11, "'!' is not supported"},
		{"%(a)%", 2, "( and ) operators"},
		{"%é%", 2, "multi-byte"},
		{"%a{%", 3, "repetition"},
		{"%a{2000}%", 1, "not valid"},
		{`%\b%`, 2, `escape \b`},
		{`%\xfg%`, 2, "hexadecimal"},
		{"{ $.a = 1", 10, "must end with '}'"},
		{"[a, b", 6, "must end with ']'"},
		{"{ }", 3, "begins with $."},
		{"{ $a = 1 }", 4, "begins with $."},
		{"{ $[0] = 1 }", 4, "begins with $."},
		{"{ $.a }", 7, "one of ="},
		{"{ $.a == 1 }", 8, "= is put in double quotation marks"},
		{"{ $.a = }", 9, "a string or a number is wanted"},
		{"{ $.a = us-east-1 }", 9, "double quotation marks"},
		{`{ $.a > "1" }`, 9, "compares with a number"},
		{"{ $.a EXISTS }", 7, "EXISTS is not supported"},
		{"{ $.a IS NOT NULL }", 7, "IS NOT is not supported"},
		{"{ $.a IS MISSING }", 7, "wanted here, not IS"},
		{"{ $.a = 1 & $.b = 2 }", 11, "&&, || or }"},
		{"{ ($.a = 1 }", 12, "that at character 3"},
		{"{ $.a = 1 } x }", 13, "nothing may follow"},
		{"{ $.a[*].b[*] = 1 }", 3, "at most one wildcard"},
		{"{ $.a[*] = 1 || $.b[*] = 1 || $.c[*] = 1 || $.d[*] = 1 }", 1, "at most 3 wildcard"},
		{"{ $.a = %a% || $.b = %b% || $.c = %c% }", 1, "at most 2 regular"},
		{"{ $.a[x] = 1 }", 7, "[NUMBER] or [*]"},
		{"{ $.['a] = 1 }", 6, "['NAME']"},
		{`{ $.a = "\n" }`, 10, "alone are escapes"},
		{"[a, a]", 5, "twice"},
		{"[..., ...]", 7, "one ellipsis"},
		{"[a = 1 && b = 2]", 11, "on that field"},
		{"[a b]", 4, "one of ="},
		{"[= 1]", 2, "name of a field"},
		{"[a=%a%, b=%b%, c=%c%]", 1, "at most 2 regular"},
		{`"é" "x`, 5, "not closed"},
	} {
		_, err := filterpattern.Compile(c.pattern)
		var bad *filterpattern.Error
		if !errors.As(err, &bad) {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		if bad.Column != c.column || !strings.Contains(bad.Reason, c.words) {
			t.Errorf("%s: %v, want column %d and %q", c.pattern, bad, c.column, c.words)
		}
	}
}

// An explanation names what the pattern wanted beside what the event carried.
func TestExplain(t *testing.T) {
	const root = `{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }`
	for _, c := range []struct {
		pattern, message string
		want             bool
		why              string
	}{
		{root, `{"userIdentity":{"type":"Root"},"eventType":"AwsApiCall"}`, true,
			`$.userIdentity.type is "Root", wanted = "Root"; $.userIdentity.invokedBy is absent, wanted NOT EXISTS; $.eventType is "AwsApiCall", wanted != "AwsServiceEvent"`},
		{root, `{"userIdentity":{"type":"AssumedRole"},"eventType":"AwsApiCall"}`, false, `$.userIdentity.type is "AssumedRole", wanted = "Root"`},
		{root, `{"userIdentity":{"type":"Root","invokedBy":"x"},"eventType":"AwsServiceEvent"}`, false,
			`$.userIdentity.invokedBy is "x", wanted NOT EXISTS; $.eventType is "AwsServiceEvent", wanted != "AwsServiceEvent"`},
		{root, `{"eventType":"AwsApiCall"}`, false, `$.userIdentity.type is absent, as $.userIdentity is, wanted = "Root"`},
		{`{ $.a = 1 || $.b = 2 }`, `{"a":2,"b":[]}`, false, `none of ($.a is 2, wanted = 1) or ($.b is an array (neither a string nor a number), wanted = 2)`},
		{`{ $.a = 1 }`, `hello`, false, "it is not a JSON object"},
		{`[a, b]`, "x", false, "it has 1 fields, and the pattern wants 2"},
		{`[a = 1, b]`, "2 x", false, `a is "2", wanted = 1`},
		{"ERROR -WARN", "WARN", false, `it does not contain "ERROR"; it contains "WARN", which is excluded`},
	} {
		p, err := filterpattern.Compile(c.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got, why := p.Explain([]byte(c.message)); got != c.want || why != c.why {
			t.Errorf("%s on %s: %v,\n%s\nwant %v,\n%s", c.pattern, c.message, got, why, c.want, c.why)
		}
	}
}

func TestValues(t *testing.T) {
	p, err := filterpattern.Compile(`[..., request =*.html*, status_code = 4*,]`)
	if err != nil {
		t.Fatal(err)
	}
	got := p.Values([]byte(apache))
	for name, want := range map[string]string{"$1": "127.0.0.1", "$2": "Prod", "$4": "10/Oct/2000:13:25:15 -0700", "$request": "GET /index.html HTTP/1.0", "$status_code": "404", "$7": "1534"} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q; all %v", name, got[name], want, got)
		}
	}
	if len(got) != 7 {
		t.Errorf("values %v", got)
	}
	if v := p.Values([]byte("a b c")); v != nil {
		t.Errorf("values of an event that does not match: %v", v)
	}
	p, err = filterpattern.Compile(`{ $.latency = * && $.SomeObject IS NULL }`)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Values([]byte(documented)); len(got) != 1 || got["$.latency"] != "50" {
		t.Errorf("values %v", got)
	}
	if v, ok := p.Value([]byte(documented), "$.eventType"); !ok || v != "UpdateTrail" {
		t.Errorf("value %q, %v", v, ok)
	}
	for _, selector := range []string{"$.users", "$.absent", "$.users[*].id", "latency", "$.latency x", "$latency"} {
		if v, ok := p.Value([]byte(documented), selector); ok {
			t.Errorf("%s is %q", selector, v)
		}
	}
	p, err = filterpattern.Compile("ERROR")
	if err != nil {
		t.Fatal(err)
	}
	if p.Structured() || p.Selects("$.a") == "" {
		t.Error("a pattern of terms extracts values")
	}
}

// How fast a CloudTrail record is held against a tripwire's pattern.
func BenchmarkMatch(b *testing.B) {
	p, err := filterpattern.Compile(`{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }`)
	if err != nil {
		b.Fatal(err)
	}
	record := []byte(`{"userIdentity":{"type":"Root","arn":"arn:aws:iam::111122223333:root"},"eventType":"AwsApiCall","requestParameters":{"text":"` + strings.Repeat("x", 1000) + `"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if !p.Match(record) {
			b.Fatal("no match")
		}
	}
}

// No pattern and no message panics, and what is explained is what is matched.
func FuzzPattern(f *testing.F) {
	for _, c := range matching {
		f.Add(c.pattern, c.message)
	}
	f.Fuzz(func(t *testing.T, pattern, message string) {
		p, err := filterpattern.Compile(pattern)
		if err != nil {
			var bad *filterpattern.Error
			if !errors.As(err, &bad) || bad.Column < 1 || bad.Reason == "" {
				t.Fatalf("%q: %v", pattern, err)
			}
			return
		}
		got, why := p.Explain([]byte(message))
		if got != p.Match([]byte(message)) || why == "" {
			t.Fatalf("%q on %q: %v, %q", pattern, message, got, why)
		}
		if (p.Values([]byte(message)) != nil) != got {
			t.Fatalf("%q on %q: matched %v, values %v", pattern, message, got, p.Values([]byte(message)))
		}
	})
}
