package serviceref

import (
	_ "embed"
	"fmt"
	"sort"
	"sync"
)

//go:embed data/services.bin
var embedded string

// standard is the embedded reference.
var standard = sync.OnceValue(func() *Reference {
	r, err := Open(embedded)
	if err != nil {
		panic("the embedded service data is damaged: " + err.Error())
	}
	return r
})

// Reference is one version of the data. The package's functions ask the
// embedded one. It is safe for concurrent use.
type Reference struct {
	source   string
	prefixes []string
	names    []string
	services []func() (*Service, error)
	keys     func() (keyList, error)
}

// Source names where the embedded data comes from, with its version.
func Source() string { return standard().Source() }

// Lookup finds a service by its prefix, in any case.
func Lookup(prefix string) (*Service, bool) {
	s, ok, err := standard().Service(prefix)
	if err != nil {
		panic("the embedded service data is damaged: " + err.Error())
	}
	return s, ok
}

// Prefixes lists the prefixes of all services, in order. It decodes none.
func Prefixes() []string { return standard().Prefixes() }

// FindKey finds a condition key by its full name, in any case: a global key, a
// key of any service, or a key that STS makes of a token issuer's claims. It
// decodes no service. A name that is not found is one that AWS does not
// document.
func FindKey(name string) (*Key, bool) {
	if k, ok := GlobalKey(name); ok {
		return k, true
	}
	k, ok, err := standard().Key(name)
	if err != nil {
		panic("the embedded service data is damaged: " + err.Error())
	}
	return k, ok
}

// Source names where the data comes from, with its version.
func (r *Reference) Source() string { return r.source }

// Prefixes lists the prefixes of all services, in order. It decodes none.
func (r *Reference) Prefixes() []string { return append([]string(nil), r.prefixes...) }

// Service decodes the service of a prefix, in any case; ok says whether there is
// one. The error is for damaged data.
func (r *Reference) Service(prefix string) (s *Service, ok bool, err error) {
	prefix = lower(prefix)
	i := sort.SearchStrings(r.prefixes, prefix)
	if i == len(r.prefixes) || r.prefixes[i] != prefix {
		return nil, false, nil
	}
	if s, err = r.services[i](); err != nil {
		return nil, false, fmt.Errorf("service %q: %w", prefix, err)
	}
	return s, true, nil
}

// Key finds a condition key that a service lists or that STS makes of a token
// issuer's claims, in any case; Services is complete. Global keys are not among
// them. The error is for damaged data.
func (r *Reference) Key(name string) (k *Key, ok bool, err error) {
	keys, err := r.keys()
	if err != nil {
		return nil, false, fmt.Errorf("condition keys: %w", err)
	}
	if k, ok := keys.find(name); ok {
		return k, true, nil
	}
	k, ok = issuerKey(name)
	return k, ok, nil
}
