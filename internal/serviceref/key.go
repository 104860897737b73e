package serviceref

import (
	"sort"
	"strings"
)

// Key is a condition key.
type Key struct {
	// Name as AWS writes it; a template has placeholders,
	// "aws:RequestTag/${TagKey}". For a key that fits a template it is the template.
	Name string
	// Type of one value: String, ARN, Numeric, Date, Bool, IPAddress or Binary.
	Type string
	// Multi says that a request may carry several values (AWS: ArrayOf...), so
	// that conditions need ForAllValues or ForAnyValue.
	Multi bool
	// Global says that requests to any service may carry the key.
	Global bool
	// Services are the prefixes of the services that list the key; nil for a
	// global key. A key found through a Service has that one only.
	Services []string

	// perService: global, but carried only for actions that list it.
	perService bool
}

// Template reports that the name has placeholders.
func (k *Key) Template() bool { return strings.Contains(k.Name, "${") }

// federated reports that STS makes the key of a token's or an assertion's claim.
func (k *Key) federated() bool {
	vendor, _, _ := strings.Cut(k.Name, ":")
	return contains(k.Services, "sts") && vendor != "sts" && vendor != "iam"
}

// keyList finds keys by name: exactly, else by template.
type keyList struct {
	all       []*Key // by name
	templates []*Key
}

func newKeyList(all []*Key) keyList {
	l := keyList{all: all}
	for _, k := range all {
		if k.Template() {
			l.templates = append(l.templates, k)
		}
	}
	return l
}

func (l keyList) find(name string) (*Key, bool) {
	i := sort.Search(len(l.all), func(i int) bool { return compareFold(l.all[i].Name, name) >= 0 })
	if i < len(l.all) && compareFold(l.all[i].Name, name) == 0 {
		return l.all[i], true
	}
	var best *Key
	bestSize := -1
	for _, k := range l.templates {
		if size, ok := fitsTemplate(k.Name, name); ok && size > bestSize {
			best, bestSize = k, size
		}
	}
	return best, best != nil
}

// fitsTemplate reports whether name is the template with text for each of its
// placeholders, and how much of the template is literal.
func fitsTemplate(template, name string) (literal int, ok bool) {
	head, rest, found := strings.Cut(template, "${")
	if !found {
		return len(template), compareFold(template, name) == 0
	}
	if len(name) <= len(head) || compareFold(head, name[:len(head)]) != 0 {
		return 0, false
	}
	_, rest, _ = strings.Cut(rest, "}")
	for i := len(head) + 1; i <= len(name); i++ {
		if size, ok := fitsTemplate(rest, name[i:]); ok {
			return len(head) + size, true
		}
	}
	return 0, false
}
