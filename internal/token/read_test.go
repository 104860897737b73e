package token_test

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/token"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestReadRefuses(t *testing.T) {
	honest := sign(t, jose.RS256, keys().rsa, claims(t, nil), nil)
	p := strings.Split(honest, ".")
	var said bytes.Buffer
	for _, tt := range []struct{ name, text, rule, summary string }{
		{"nothing", " \n", "token-empty", "there is no token"},
		{"one word", "garbage", "token-form", "this is no token: it has 0 dots"},
		{"JSON form", `{"payload":"x","signatures":[]}`, "token-form", "this is JSON, not a token"},
		{"a secret beside it", "Bearer " + honest, "token-form", "white space inside"},
		{"wrapped", honest[:70] + "\n" + honest[70:], "token-form", "white space inside"},
		{"cut before the signature", p[0] + "." + p[1], "token-truncated", "two parts of three"},
		{"encrypted", honest + ".x.y", "token-encrypted", "an encrypted token (JWE"},
		{"cut inside the payload", p[0] + "." + p[1][:len(p[1])-len(p[1])%4-7] + "." + p[2], "token-base64", "payload cannot be decoded"},
		{"payload cut at a whole byte", p[0] + "." + p[1][:len(p[1])/8*4] + "." + p[2], "token-json", "the token's payload is not JSON"},
		{"signature no base64", p[0] + "." + p[1] + ".#!", "token-base64", "signature cannot be decoded"},
		{"padded", p[0] + "=." + p[1] + "." + p[2], "token-base64", "header cannot be decoded"},
		{"header no JSON", encode("garbage") + "." + p[1] + "." + p[2], "token-json", "the token's header is not JSON"},
		{"payload a list", p[0] + "." + encode("[1]") + "." + p[2], "token-json", "payload is JSON, but no object"},
		{"payload null", p[0] + "." + encode("null") + "." + p[2], "token-json", "payload is JSON, but no object"},
		{"text after the payload", p[0] + "." + encode("{}{}") + "." + p[2], "token-json", "is not JSON"},
		{"invalid UTF-8", p[0] + "." + encode("{\"sub\":\"\xff\"}") + "." + p[2], "token-json", "is not UTF-8"},
		{"bomb of lists", p[0] + "." + encode(`{"x":`+strings.Repeat("[", 200_000)) + "." + p[2], "token-json", "nests deeper than 16 levels"},
		{"bomb of objects", p[0] + "." + encode(strings.Repeat(`{"x":`, 5000)+"1"+strings.Repeat("}", 5000)) + "." + p[2], "token-json", "nests deeper than 16 levels"},
		{"bomb of values", p[0] + "." + encode(`{"x":[`+strings.Repeat("1,", 100_000)+"1]}") + "." + p[2], "token-json", "holds too many values"},
		{"a megabyte", strings.Repeat("a", token.MaxSize+1), "token-size", "longer than 1048576 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := token.Read(tt.text)
			list := diag.All(err)
			if len(list) != 1 || list[0].Rule != tt.rule || !strings.Contains(list[0].Summary, tt.summary) {
				t.Fatalf("got %v, want %s: %s", err, tt.rule, tt.summary)
			}
			d := list[0]
			all := d.Summary + d.Found + d.Why + d.Fix
			for _, part := range strings.FieldsFunc(tt.text, func(r rune) bool { return r == '.' || r == ' ' || r == '\n' }) {
				if len(part) > 10 && strings.Contains(all, part) {
					t.Error("the error repeats the text")
				}
			}
			if d.Fix == "" {
				t.Error("no repair is named")
			}
			fmt.Fprintf(&said, "== %s\n%s\n", tt.name, wording(d))
		})
	}
	golden(t, "testdata/unreadable.txt", said.Bytes())
}

func TestReadTakesWhiteSpaceAround(t *testing.T) {
	tok, err := token.Read("\n " + sign(t, jose.RS256, keys().rsa, claims(t, nil), nil) + "\r\n")
	if err != nil || tok.Issuer != issuer || len(tok.Flaws) > 0 {
		t.Errorf("got %+v, %v", tok, err)
	}
}

func TestFlawsAreBounded(t *testing.T) {
	tok, err := token.Read(encode(`{"alg":"none"}`) + "." + encode("{"+strings.Repeat(`"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,`, 100)+`"z":1}`) + ".")
	if err != nil || len(tok.Flaws) != 10 {
		t.Errorf("got %d flaws, %v", len(tok.Flaws), err)
	}
}

// FuzzDecode makes a token of a header, a payload and a signature, and reads the
// payload as the text of a token too.
func FuzzDecode(f *testing.F) {
	honest := sign(f, jose.RS256, keys().rsa, claims(f, nil), nil)
	p := strings.Split(honest, ".")
	f.Add(decode(p[0]), decode(p[1]), p[2], string(jwksText(f, one())))
	f.Add(`{"alg":"RS256","kid":"one"}`, honest, "", `{"keys":[{"kty":"oct","k":"AAAA","kid":"one"}]}`)
	f.Add(`{"alg":"none","jwk":{"kty":"RSA"},"crit":["b64"],"b64":false}`, `{"iss":"https://accounts.google.com","aud":["a","b"],"azp":7,"exp":1e9,"exp":-1}`, "", `{"keys":[1,{}]}`)
	f.Add(`{"alg":"HS256","kid":"`+p[2][:200]+`"}`, `{"iss":{},"sub":["x"],"x":"`+p[2]+`"}`, p[2], `{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}`)
	f.Fuzz(func(t *testing.T, header, payload, signature, set string) {
		if _, err := token.Read(payload); err != nil && len(payload) >= 24 && strings.Contains(texts(err), strings.TrimSpace(payload)) {
			t.Fatal("the error repeats the text")
		}
		text := encode(header) + "." + encode(payload) + "." + signature
		tok, err := token.Read(text)
		if err != nil {
			if strings.Contains(texts(err), text) {
				t.Fatal("the error repeats the token")
			}
			return
		}
		with := token.Inspection{Now: now}
		if with.Keys, with.NoKeys = token.ParseKeys([]byte(set), "keys"); with.NoKeys != nil {
			with.Keys = nil
		}
		r := tok.Inspect(with)
		out := outputs(t, r)
		for _, part := range strings.Split(strings.TrimSpace(text), ".") {
			if len(part) >= 16 && strings.Contains(out, part) {
				t.Fatalf("the output holds a part of the token: %q", part)
			}
		}
		if strings.IndexFunc(out, func(r rune) bool { return r < ' ' && r != '\n' }) >= 0 {
			t.Fatal("the output holds control characters")
		}
		if r.Verdict == token.Good && r.Signature.Status != token.Verified {
			t.Fatal("good without a signature")
		}
	})
}

// texts is all that an error may print.
func texts(err error) (all string) {
	for _, d := range diag.All(err) {
		all += d.Summary + d.Found + d.Why + d.Fix
	}
	return all
}

func decode(part string) string {
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		panic(err)
	}
	return string(text)
}
