package secret

import (
	"net/url"
	"slices"
	"strings"
	"unicode"
)

// secretWords are words of names whose values are secrets.
var secretWords = set("password passwd pwd passphrase passcode secret secrets token apikey credential credentials passwords psk privatekey secretkey authkey accesstoken htpasswd")

// secretPairs are two words, one after the other.
var secretPairs = set("api key|api keys|private key|secret key|auth key|signing key|encryption key|master key|shared key|access token|connection string|user key|app key|license key|webhook url|account key|client key|hmac key|db pass|database pass|smtp pass|mail pass|redis pass|mysql pass|postgres pass|user pass|admin pass|root pass|ldap pass|http pass|auth pass|basic pass", "|")

// about are words of names that speak of a secret and are none: password_policy,
// secret_arn, token_url.
var about = set(`arn arns id ids name names path paths parameter parameters policy length url uri endpoint type version versions
	enabled required reset validity units ttl expiry expiration expires age date time rotation rotated created updated last count
	prefix suffix hash sha256 sha1 md5 digest fingerprint file filename verification public issuer audience scope scopes algorithm
	format usage spec description label status state mode method region alias arn reference ref header field attribute prompt
	recovery max min history reuse lowercase uppercase numbers symbols complexity creation client_token idempotency next page
	request dkim vending provider manager engine source location bucket stage stages config configuration settings options
	update strategy domain domains encrypted from selection expression store`)

// notSecret are pairs whose second word is a secret's by itself.
var notSecret = set("creation token|client token|next token|request token|page token|continuation token|caller token|dkim token|csrf token|lock token", "|")

func set(text string, sep ...string) map[string]bool {
	m := map[string]bool{}
	parts := strings.Fields(text)
	if len(sep) > 0 {
		parts = strings.Split(text, sep[0])
	}
	for _, p := range parts {
		m[p] = true
	}
	return m
}

// words splits a name at punctuation and where upper case begins.
func words(name string) []string {
	var list []string
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			list = append(list, strings.ToLower(b.String()))
			b.Reset()
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			flush()
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			flush()
		}
		b.WriteRune(r)
	}
	flush()
	return list
}

// IsName reports whether a name says that its value is a secret: db_password, and
// not password_policy. Of a name with colons, such as a condition key's that begins with
// an issuer, only the last part counts.
func IsName(name string) bool {
	if len(name) > 128 {
		return false
	}
	name = name[strings.LastIndexByte(name, ':')+1:]
	list := words(name)
	found := false
	for i, w := range list {
		pair := ""
		if i > 0 {
			pair = list[i-1] + " " + w
		}
		if about[w] && !secretPairs[pair] || notSecret[pair] {
			return false
		}
		found = found || secretWords[w] || secretPairs[pair]
	}
	return found
}

// longest is how long a value may be that is a secret by its name.
const longest = 4096

// Named reports whether a value is a secret because its name says so, and it is
// neither a reference (an ARN, a path, ${...}) nor a placeholder.
func Named(name, value string) bool {
	return len(value) >= 6 && len(value) <= longest && IsName(name) && (!ordinary(value) || hook(name, value))
}

// hook reports whether an address is one that whoever knows it may post to.
func hook(name, value string) bool {
	list := words(name)
	for i := 1; i < len(list); i++ {
		if list[i-1] != "webhook" || list[i] != "url" {
			continue
		}
		address, err := url.Parse(value)
		if err != nil || address.Scheme != "https" {
			return false
		}
		return slices.ContainsFunc(strings.FieldsFunc(address.Path+"&"+address.RawQuery, func(r rune) bool { return strings.ContainsRune("/&=@", r) }), func(part string) bool {
			return len(part) >= 16 && hasDigit(part)
		})
	}
	return false
}

// ordinary reports whether a value cannot be a secret though its name may say so.
func ordinary(value string) bool {
	switch strings.ToLower(value) {
	case "required", "optional", "enabled", "disabled", "default", "standard", "custom", "always", "never", "cognito", "lambda", "string", "securestring", "bearer", "request":
		return true
	}
	if reference(value) || Placeholder(value) || strings.Count(value, " ") > 5 {
		return true
	}
	digits := 0
	for _, r := range value {
		if r >= '0' && r <= '9' {
			digits++
		}
	}
	return digits == len(value) && digits < 8
}

// reference reports whether a value says where a secret is.
func reference(value string) bool {
	v := strings.TrimSpace(value)
	for _, p := range []string{"arn:", "/", "./", "alias/", "projects/", "$", "{{", "<", "%", "file:", "vault:", "ssm:", "secretsmanager:", "env:", "ref+", "@Microsoft.KeyVault", "****", "var.", "local.", "module.", "data.", "process.env", "os.environ", "ENV["} {
		if strings.HasPrefix(v, p) && !strings.HasPrefix(v, "$2") && !strings.HasPrefix(v, "$5$") && !strings.HasPrefix(v, "$6$") && !strings.HasPrefix(v, "$y$") && !strings.HasPrefix(v, "$argon2") {
			return p != "/" || path(v)
		}
	}
	if at := strings.Index(v, "://"); at > 0 && !strings.Contains(v, "@") {
		return true
	}
	return false
}

// path reports whether what begins with a slash is made of names. Base64 may begin
// with one.
func path(v string) bool {
	if strings.Count(v, "/") > 1 || strings.ContainsAny(v, "-_.") {
		return Random(v) == 0
	}
	return len(v) < 16
}

// placeholders are what people write until they have a secret.
var placeholders = set(`placeholder changeme change replaceme replace dummy unset undefined none null empty setme tbd redacted
	notset fillme fixme example sample initial temporary bootstrap managed manual manually outofband overwrite overwritten sensitive masked hidden`)

// Placeholder reports whether a value stands for a secret that is yet to be put:
// "PLACEHOLDER", "change-me", "<token>".
func Placeholder(value string) bool {
	v := strings.TrimSpace(value)
	if len(v) > 80 || v == "" {
		return v == ""
	}
	if v[0] == '<' && v[len(v)-1] == '>' || repeats(v) || len(v) == 1 {
		return true
	}
	list := words(v)
	if len(list) == 0 {
		return true // nothing but punctuation
	}
	if placeholders[list[0]] || placeholders[strings.Join(list, "")] {
		for _, w := range list { // a password may begin with a word
			if Random(w) > 0 || hasDigit(w) {
				return false
			}
		}
		return true
	}
	joined := " " + strings.Join(list, " ") + " "
	for _, phrase := range []string{" placeholder ", " change me ", " replace me ", " set me ", " to be set ", " not set ", " to be replaced ", " set by ", " set manually ", " out of band ", " put here ", " goes here ", " your "} {
		if strings.Contains(joined, phrase) {
			return true
		}
	}
	return false
}

func hasDigit(s string) bool { return strings.ContainsAny(s, "0123456789") }

// assignments finds what a name is written before, in scripts, files of settings
// and connection strings.
func (f *finder) assignments() {
	text := f.text
	for i := 1; i < len(text)-6; i++ {
		if text[i] != '=' && text[i] != ':' {
			continue
		}
		colon := text[i] == ':'
		end := i
		for end > 0 && (text[end-1] == ' ' || text[end-1] == '"' || text[end-1] == '\'') && i-end < 3 {
			end--
		}
		from := end
		for from > 0 && (base64URL[text[from-1]] || text[from-1] == '.') && end-from < 64 {
			from--
		}
		to := i + 1
		for to < len(text) && (text[to] == ' ' || text[to] == '\t') {
			to++
		}
		// a:b is a pair of names: an action, a part of an ARN.
		if from == end || to >= len(text) || colon && to == i+1 && text[to] != '"' && text[to] != '\'' {
			continue
		}
		name := text[from:end]
		if !IsName(name) { // before the value is looked for, which may be long
			continue
		}
		stop := " \t\r\n;,&<>\"'"
		if text[to] == '"' || text[to] == '\'' {
			stop = text[to : to+1]
			to++
		}
		rest := text[to:min(len(text), to+longest+1)]
		length := strings.IndexAny(rest, stop)
		if length < 0 {
			length = len(rest)
		}
		value := text[to : to+length]
		if len(stop) > 1 && code(value) {
			continue
		}
		if !Named(name, value) || colon && stop != `"` && stop != `'` && !mixed(value) || strings.HasPrefix(value, "=") {
			continue
		}
		f.add("assignment", "a secret by the name before it", "", len(value))
		i = to + length
	}
}

// code reports whether a value without quotes is an expression of a program:
// request.headers[..., get_token(..., options.token.
func code(value string) bool {
	if at := strings.IndexAny(value, "[("); at > 0 {
		value = value[:at]
	} else if !strings.Contains(value, ".") {
		return false
	}
	for _, part := range strings.Split(value, ".") {
		if part == "" || strings.IndexFunc(part, func(r rune) bool { return !unicode.IsLetter(r) && r != '_' }) >= 0 || unicode.IsUpper(rune(part[0])) && !strings.Contains(value, ".") {
			return false
		}
	}
	return true
}

// mixed reports whether a value is no word of a sentence.
func mixed(value string) bool {
	return len(value) >= 8 && strings.IndexFunc(value[1:], func(r rune) bool { return !unicode.IsLower(r) }) >= 0 && strings.Trim(value, ".!?()") == value
}

// Speaks reports whether a name is about secrets and names none: password_policy,
// token_validity_units. What stands below it is no secret by its own name.
func Speaks(name string) bool {
	secrets, others := false, false
	for _, w := range words(name) {
		secrets = secrets || secretWords[w]
		others = others || about[w]
	}
	return secrets && others
}
