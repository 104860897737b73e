package secret

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// draw returns a made-up text of n characters of a class.
func draw(r *rand.Rand, c *class, n int) string {
	var alphabet []byte
	for b := range 256 {
		if c[b] && b != '=' && b != '.' && b != '/' && b != '$' && b != ',' {
			alphabet = append(alphabet, byte(b))
		}
	}
	out := make([]byte, n)
	for i := range out {
		out[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(out)
}

func TestEveryFormatIsFoundWhereverItStands(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, f := range formats {
		n := f.min
		if n < 8 {
			n = 8
		}
		made := f.prefix + draw(r, f.body, n)
		for _, around := range [][2]string{{"", ""}, {"x ", " y"}, {`{"k":"`, `"}`}, {"K=", "\n"}, {"a,", ",b"}, {"(", ")"}} {
			if f.body == argonText && around[0] == "a," {
				continue // commas are its own
			}
			text := around[0] + made + around[1]
			found := false
			for _, m := range Find(text) {
				found = found || m.Format == f.id && m.Length == len(made)
				if shown := Mask(m); len(m.Prefix) > 4 || strings.Contains(shown, made[5:]) {
					t.Errorf("%s: the mask %q shows too much", f.what, shown)
				}
			}
			if !found {
				t.Errorf("%s is not found in %sSECRET%s: %v", f.what, around[0], around[1], Find(text))
			}
		}
		if f.max > 0 {
			if found := Find(made + draw(r, f.body, 1)); len(found) > 0 && found[0].Format == f.id {
				t.Errorf("%s is found in a longer text of its characters", f.what)
			}
		}
		if f.id != "putty-key" && len(f.prefix) > 2 {
			for _, m := range Find(f.prefix + strings.Repeat("x", max(f.min, 40))) {
				if m.Format == f.id {
					t.Errorf("%s is found where the rest is one character over and over, as in an example", f.what)
				}
			}
		}
	}
}
