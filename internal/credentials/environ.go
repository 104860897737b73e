package credentials

import (
	"os/user"
	"path/filepath"
	"strings"
)

// environ is an environment with what the SDK takes from it.
type environ map[string]string

func newEnviron(list []string) environ {
	e := environ{}
	for _, kv := range list {
		if k, v, ok := strings.Cut(kv, "="); ok {
			e[k] = v
		}
	}
	return e
}

// first returns the first variable of several that is set, and its name.
func (e environ) first(names ...string) (name, value string) {
	for _, n := range names {
		if e[n] != "" {
			return n, e[n]
		}
	}
	return "", ""
}

// The names under which the SDK looks for keys.
// Source: AWS SDK for Go v2, config/env_config.go.
var (
	keyNames    = []string{"AWS_ACCESS_KEY_ID", "AWS_ACCESS_KEY"}
	secretNames = []string{"AWS_SECRET_ACCESS_KEY", "AWS_SECRET_KEY"}
)

// profile returns the name of the profile that the environment asks for, and the
// variable that does; "default" and none if there is none. The AWS CLI looks at
// AWS_DEFAULT_PROFILE first, the SDK at AWS_PROFILE.
// Source: botocore, configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES; AWS SDK for
// Go v2, config/env_config.go, profileEnvKeys.
func (e environ) profile(tool Tool) (variable, name string) {
	names := []string{"AWS_PROFILE", "AWS_DEFAULT_PROFILE"}
	if tool == CLI {
		names = []string{"AWS_DEFAULT_PROFILE", "AWS_PROFILE"}
	}
	if variable, name = e.first(names...); name == "" {
		name = "default"
	}
	return variable, name
}

// files are the shared config and credentials files.
func (e environ) files() (config, credentials []string) {
	home := e["HOME"]
	if home == "" {
		if u, err := user.Current(); err == nil {
			home = u.HomeDir
		}
	}
	config = []string{filepath.Join(home, ".aws", "config")}
	if f := e["AWS_CONFIG_FILE"]; f != "" {
		config = []string{f}
	}
	credentials = []string{filepath.Join(home, ".aws", "credentials")}
	if f := e["AWS_SHARED_CREDENTIALS_FILE"]; f != "" {
		credentials = []string{f}
	}
	return config, credentials
}

// masked shows of a key ID what tells it from others.
func masked(id string) string {
	if len(id) <= 8 {
		return "****"
	}
	return "****" + id[len(id)-4:]
}
