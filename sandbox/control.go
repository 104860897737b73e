package sandbox

import (
	"net/http"
	"strings"

	"github.com/strongroom-dev/strongroom/sandbox/internal/control"
)

// Token mints an OIDC token as a pipeline of the forge would get it. The error
// names the field that is wrong.
func (s *Sandbox) Token(r TokenRequest) (string, error) { return s.parts.forge.Mint(r) }

// MintToken is Token, for the control API.
func (s *Sandbox) MintToken(r TokenRequest) (string, error) { return s.Token(r) }

// AttachPolicy is AttachSCP, for the control API.
func (s *Sandbox) AttachPolicy(p SCP) error {
	return s.AttachSCP(p.Account, p.Level, p.Name, p.Document)
}

// Environment returns what makes a process use the sandbox as the root user of
// an account, which is created on first use. Empty: the sandbox's own account.
func (s *Sandbox) Environment(account string) (Environment, error) {
	creds := s.Credentials()
	if account == "" {
		account = s.opts.Account
	} else if account != s.opts.Account {
		var err error
		if creds, err = s.RootCredentials(account); err != nil {
			return Environment{}, err
		}
	}
	e := Environment{Account: account, Unset: EnvUnset()}
	for _, v := range s.env(creds) {
		name, value, _ := strings.Cut(v, "=")
		e.Set = append(e.Set, Variable{Name: name, Value: value})
	}
	return e, nil
}

func (s *Sandbox) controlHandler() http.Handler {
	return http.StripPrefix(s.control, control.Handler(s))
}
