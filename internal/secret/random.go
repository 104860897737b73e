package secret

import (
	"math"
	"strings"
)

// Random returns the length of the longest piece of a text that looks drawn by
// lot, 0 if none does. It is about what has no format: keys of 20 to 512
// characters of base 62, base64 or base 36. These it leaves out, because states
// are full of them and they are public: hexadecimal of every length (digests,
// UUIDs, IDs), ARNs and addresses, certificates and public keys, base64 of text,
// AWS's unique IDs, names made of words.
//
// How often it is wrong is measured by this package's tests.
func Random(text string) int {
	if len(text) < shortest {
		return 0
	}
	text = withoutPEM(withoutX509(text))
	longest := 0
	for _, field := range strings.FieldsFunc(text, func(r rune) bool {
		return r == ' ' || r == '\n' || r == '\r' || r == '\t' || r == '"' || r == '\'' || r == ',' || r == ';' || r == '<' || r == '>' || r == '(' || r == ')' || r == '{' || r == '}' || r == '[' || r == ']' || r == '|' || r == '&'
	}) {
		if strings.HasPrefix(field, "arn:") || strings.Contains(field, "://") || strings.Contains(field, "verification") || strings.HasPrefix(field, "sha") {
			continue
		}
		for _, run := range runs(field, base64All, shortest) {
			if n := len(run); n > longest && random(run) {
				longest = n
			}
		}
	}
	return longest
}

// shortest and longestRun bound what is looked at. Longer ones are files.
const (
	shortest   = 20
	longestRun = 512
)

var base64All = newClass("azAZ09++//==__--")

func random(run string) bool {
	if len(run) > longestRun || strings.HasPrefix(run, "AAAA") { // AAAA...: an SSH public key's length
		return false
	}
	core := strings.TrimRight(run, "=")
	var s shape
	s.measure(core)
	switch {
	case s.digits == 0 && (s.lower == 0 || s.upper == 0), s.letters() == 0, s.hex:
		return false
	case s.words > 0.52 || s.entropy < 3.4:
		return false
	case uniqueID(core), s.hexParts:
		return false
	}
	if raw, ok := decoded(run); ok && len(raw) > 0 && (printable(raw) || raw[0] == 0x30 && len(raw) > 64 || len(raw) > 2 && raw[0] == 0x1f && raw[1] == 0x8b) {
		return false // text; DER; gzip
	}
	if s.lower > 0 && s.upper > 0 {
		// CamelCase changes class at words, a key at every second character.
		return s.digits > 0 && s.changes > 0.34 || s.digits == 0 && s.changes > 0.3 && len(core) >= 24
	}
	// Of one case, with digits: base 36. Names have their digits at the end, and
	// hyphens between words.
	return s.digits >= 3 && s.punctuation == 0 && s.changes > 0.2 && len(core) >= 24
}

// uniqueID reports whether this is one of AWS's: AROA..., AIDA..., Z0123... for
// hosted zones. Source: IAM "IAM identifiers".
func uniqueID(s string) bool {
	if len(s) < 16 || len(s) > 32 {
		return false
	}
	for i := range len(s) {
		if !upper[s[i]] {
			return false
		}
	}
	switch s[:4] {
	case "AROA", "AIDA", "AGPA", "AIPA", "ANPA", "ANVA", "APKA", "ASCA", "ACCA", "ABIA":
		return true
	}
	return s[0] == 'Z' || s[0] == 'E'
}

// shape is what is measured of a run.
type shape struct {
	lower, upper, digits, punctuation int
	// changes is how often two neighbours are of different classes, of all pairs.
	changes float64
	// words is the part of pairs of letters that are frequent in words.
	words float64
	// entropy is in bits a character.
	entropy float64
	// hex is true of hexadecimal, with hyphens or without.
	hex bool
	// hexParts is true of names whose parts are hexadecimal, numbers or words:
	// eni-0a1b..., queue-3f9a...
	hexParts bool
}

func (s *shape) letters() int { return s.lower + s.upper }

func kind(b byte) int {
	switch {
	case b >= 'a' && b <= 'z':
		return 1
	case b >= 'A' && b <= 'Z':
		return 2
	case b >= '0' && b <= '9':
		return 3
	}
	return 4
}

func (s *shape) measure(run string) {
	var counts [256]int
	pairs, frequent, changed := 0, 0, 0
	s.hex = true
	for i := range len(run) {
		b := run[i]
		counts[b]++
		k := kind(b)
		switch k {
		case 1:
			s.lower++
		case 2:
			s.upper++
		case 3:
			s.digits++
		default:
			s.punctuation++
		}
		if k != 3 && b != '-' && (b|0x20 < 'a' || b|0x20 > 'f') {
			s.hex = false
		}
		if i == 0 {
			continue
		}
		before := kind(run[i-1])
		if before != k && !(before == 2 && k == 1 && (i < 2 || kind(run[i-2]) != 2)) || before == 3 && k != 3 {
			changed++
		}
		if before <= 2 && k <= 2 {
			pairs++
			if bigrams[[2]byte{run[i-1] | 0x20, b | 0x20}] {
				frequent++
			}
		}
	}
	n := float64(len(run))
	for _, c := range counts {
		if c > 0 {
			p := float64(c) / n
			s.entropy -= p * math.Log2(p)
		}
	}
	if len(run) > 1 {
		s.changes = float64(changed) / (n - 1)
	}
	if pairs > 0 {
		s.words = float64(frequent) / float64(pairs)
	}
	s.hexParts = hexParts(run)
}

// hexParts reports whether every part between hyphens, underscores and slashes is
// hexadecimal, a number, or short.
func hexParts(run string) bool {
	parts := strings.FieldsFunc(run, func(r rune) bool { return r == '-' || r == '_' || r == '/' })
	if len(parts) < 2 {
		return false
	}
	for _, p := range parts {
		var upper, lower, digits, other bool
		for i := range len(p) {
			switch k := kind(p[i]); {
			case k == 3:
				digits = true
			case k == 2:
				upper = true
				other = other || p[i] > 'F'
			case k == 1:
				lower = true
				other = other || p[i] > 'f'
			default:
				return false
			}
		}
		if other && (digits || upper && lower) && len(p) > 8 || upper && lower && digits && !title(p) {
			return false
		}
	}
	return true
}

// title reports whether only the first letter is upper case.
func title(p string) bool { return p[1:] == strings.ToLower(p[1:]) }

// bigrams are pairs of letters that words, and names of resources, are made of.
var bigrams = func() map[[2]byte]bool {
	m := map[[2]byte]bool{}
	for _, p := range strings.Fields(`th he in er an re nd at on nt ha es st en ed to it ou ea hi is or ti as te et ng of al de se le sa si ar ve ra ld ur
		me co ro ri io li ic ne no ma el ec la lo us ta ce un tr ch ca di po pr pe om ss ns mo so su ac ct ap pi ad ag am be bl bu ck cl cr da do
		ee em ev ex fi fo fr ge gr id ig il im ir iv ke ki ll ly mi na ni nc ol oo op os ot ow pa pl rd rm rn rs rt sc sh sp tu uc ul um up ut vi wa
		we wi wo ws aw ci ds dr ef ei ek ff ga gi go gn gu ho ie if ip ks lt mp nf ob od og ok oy pu py qu rc rg rk rl ru ry sk sn sy ts ty ue ui va vo yp ys`) {
		m[[2]byte{p[0], p[1]}] = true
	}
	return m
}()

// withoutX509 takes out certificates as SAML's metadata has them.
// Source: "XML Signature Syntax and Processing", X509Certificate.
func withoutX509(text string) string {
	const name = "X509Certificate>"
	if !strings.Contains(text, name) {
		return text
	}
	var b strings.Builder
	for i, part := range strings.Split(text, name) {
		if i%2 == 0 { // every second part is between a beginning and an end
			b.WriteString(part + " ")
		}
	}
	return b.String()
}

// withoutPEM takes out what PEM holds but private keys: certificates and public
// keys.
func withoutPEM(text string) string {
	if !strings.Contains(text, "-----BEGIN ") {
		return text
	}
	var b strings.Builder
	for {
		i := strings.Index(text, "-----BEGIN ")
		if i < 0 {
			b.WriteString(text)
			return b.String()
		}
		b.WriteString(text[:i] + " ")
		end := strings.Index(text[i:], "-----END ")
		if end < 0 {
			return b.String()
		}
		text = text[i+end+len("-----END "):]
		if nl := strings.IndexByte(text, '\n'); nl >= 0 {
			text = text[nl:]
		}
	}
}
