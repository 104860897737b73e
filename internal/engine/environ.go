package engine

import (
	"slices"
	"strings"
)

// passed are the variables that an engine and its provider may read from the
// surrounding environment, and why they need them.
var passed = []string{
	"PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "TMP", "TEMP", "LANG", "LC_ALL", "TZ", "TERM", // a process
	"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_DATA_DIRS", // where configuration and plugins lie
	"SYSTEMROOT", "APPDATA", "LOCALAPPDATA", "USERPROFILE", // the same, on Windows
	"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", // the way out
	"SSL_CERT_FILE", "SSL_CERT_DIR", // and whom to trust on it
	"TF_CLI_CONFIG_FILE", "TF_PLUGIN_CACHE_DIR", "TF_REGISTRY_CLIENT_TIMEOUT", "TF_REGISTRY_DISCOVERY_RETRY", // provider installation
	"TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE",
	"TF_HTTP_USERNAME", "TF_HTTP_PASSWORD", // the http backend's credentials, which belong nowhere else
	"STRONGROOM_SANDBOX", // so that a child knows where it runs
}

// Environ returns the environment an engine gets: of base only the variables
// that are declared here and those of AWS (AWS_*), then set on top, without
// the names in unset. All are KEY=VALUE; when a key comes twice the last
// counts. Variables that would change what an engine does behind the caller's
// back (TF_CLI_ARGS, TF_VAR_*, TF_WORKSPACE, TF_LOG) never pass, wherever they
// come from; for TF_VAR_* there are Options.Variables.
func Environ(base, set, unset []string) []string {
	var out []string
	put := func(key, value string) {
		out = slices.DeleteFunc(out, func(kv string) bool { return strings.HasPrefix(kv, key+"=") })
		out = append(out, key+"="+value)
	}
	for _, kv := range base {
		if k, v, ok := strings.Cut(kv, "="); ok && (slices.Contains(passed, k) || strings.HasPrefix(k, "AWS_")) {
			put(k, v)
		}
	}
	out = slices.DeleteFunc(out, func(kv string) bool {
		k, _, _ := strings.Cut(kv, "=")
		return slices.Contains(unset, k)
	})
	for _, kv := range set {
		if k, v, ok := strings.Cut(kv, "="); ok && !reserved(k) {
			put(k, v)
		}
	}
	return out
}

// variablePrefix is what the names of input variables begin with in an environment.
// Source: "Environment Variables", TF_VAR_name.
const variablePrefix = "TF_VAR_"

// Variables returns the values of input variables in an environment, for
// Options.Variables: a stack that a person plans with them has another plan without.
func Variables(environ []string) []string {
	var list []string
	for _, kv := range environ {
		if k, _, ok := strings.Cut(kv, "="); ok && strings.HasPrefix(k, variablePrefix) {
			list = append(list, kv)
		}
	}
	return list
}

// reserved names belong to the arguments of a command, or to terraform-exec.
func reserved(key string) bool {
	for _, prefix := range []string{"TF_CLI_ARGS", variablePrefix, "TF_LOG"} {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	switch key {
	case "TF_INPUT", "TF_IN_AUTOMATION", "TF_WORKSPACE", "TF_DATA_DIR", "TF_REATTACH_PROVIDERS",
		"TF_APPEND_USER_AGENT", "TF_DISABLE_PLUGIN_TLS", "TF_SKIP_PROVIDER_VERIFY":
		return true
	}
	return false
}

// getenv returns the last value of a key in an environment; "" when not set.
func getenv(environ []string, key string) string {
	for _, kv := range slices.Backward(environ) {
		if k, v, ok := strings.Cut(kv, "="); ok && k == key {
			return v
		}
	}
	return ""
}
