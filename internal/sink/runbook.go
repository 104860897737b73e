package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Runbooks says which page tells what to do about a type of alert. The zero value
// has none.
type Runbooks struct {
	base  string
	pages map[string]string
}

// maxLink is the longest address that Pushover takes.
// Source: Pushover "Message API", supplementary URLs.
const maxLink = 512

// ParseRunbooks reads SINK_RUNBOOKS: an https address to which the type is added as
// a path, or a JSON object of type to https address. An empty text has none.
func ParseRunbooks(s string) (Runbooks, error) {
	if s == "" {
		return Runbooks{}, nil
	}
	if !strings.HasPrefix(s, "{") {
		if !isLink(s) || strings.ContainsAny(s, "?#") {
			return Runbooks{}, errors.New("is neither an https address without query nor a JSON object of type to https address")
		}
		return Runbooks{base: strings.TrimRight(s, "/")}, nil
	}
	var pages map[string]string
	if err := json.Unmarshal([]byte(s), &pages); err != nil {
		return Runbooks{}, errors.New("is not a JSON object of type to https address")
	}
	out := Runbooks{pages: map[string]string{}}
	var wrong []string
	for kind, page := range pages {
		if !isLink(page) {
			wrong = append(wrong, plain(kind, 60))
			continue
		}
		out.pages[strings.Trim(kind, "/")] = page
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return Runbooks{}, fmt.Errorf("has no https address of at most %d characters for %s", maxLink, strings.Join(wrong, ", "))
	}
	return out, nil
}

// isLink reports whether a text is an address that may be put into a notification.
func isLink(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && len(s) <= maxLink && printable(s, false) == s && !strings.Contains(s, " ")
}

// For returns the page for a type of alert, empty if there is none.
func (r Runbooks) For(kind string) string {
	if r.base == "" {
		page, _ := lookup(r.pages, kind)
		return page
	}
	path := make([]string, 0, 4)
	for segment := range strings.SplitSeq(kind, "/") {
		path = append(path, url.PathEscape(segment))
	}
	if page := r.base + "/" + strings.Join(path, "/"); len(page) <= maxLink {
		return page
	}
	return r.base
}
