package lock

import (
	"fmt"
	"net/url"
	"strings"
)

// nameOf returns the last part of an ARN: the name of a role.
func nameOf(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// unescape undoes the RFC 3986 encoding in which IAM returns documents.
func unescape(document string) (string, error) { return url.PathUnescape(document) }

// quoteEngine shortens an engine's refusal to the lines that say what was
// broken, on one line.
func quoteEngine(text string) string {
	var words []string
	for _, line := range strings.Split(text, "\n") {
		line = strings.Trim(line, " │╷╵|\t\r")
		if line != "" {
			words = append(words, line)
		}
	}
	s := strings.Join(words, " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + " ..."
	}
	return s
}

// roleOf returns the ARN of the role behind a session's ARN. The role has no path.
func roleOf(session string) (string, error) {
	parts := strings.Split(session, ":")
	resource := strings.Split(parts[len(parts)-1], "/")
	if len(parts) != 6 || len(resource) != 3 || resource[0] != "assumed-role" {
		return "", fmt.Errorf("%q is not the session of a role", session)
	}
	return "arn:" + parts[1] + ":iam::" + parts[4] + ":role/" + resource[1], nil
}
