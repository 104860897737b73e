package serviceref

import (
	"errors"
	"testing"
)

// blocksOf inflates the blocks of some services of the embedded file, as seeds.
func blocksOf(f *testing.F, add func(raw string)) {
	for _, prefix := range []string{"sts", "kms", "tag"} {
		s, ok := Lookup(prefix)
		if !ok {
			f.Fatal(prefix)
		}
		add(reencode(s))
	}
}

// reencode writes a service's keys and actions in the form of a block, without
// resource types: enough of every list to start from.
func reencode(s *Service) string {
	var b []byte
	text := func(t string) { b = append(append(b, byte(len(t))), t...) }
	keys := s.Keys()[:min(len(s.Keys()), 20)]
	b = append(b, byte(len(keys)))
	for _, k := range keys {
		text(k.Name)
		b = append(b, 0)
	}
	b = append(b, 2, 0, byte(min(len(keys), 1)))
	if len(keys) > 0 {
		b = append(b, 0)
	}
	b = append(b, 1) // one resource type, with one form and no keys
	text("thing")
	b = append(b, 1)
	text("arn:${Partition}:x:::${Thing}")
	b = append(b, 0)
	actions := s.Actions()[:min(len(s.Actions()), 20)]
	b = append(b, byte(len(actions)), byte(len(actions)))
	for _, a := range actions {
		text(a.Name)
		b = append(b, 2, 1, 1, 1, 0, 0)
	}
	return string(b)
}

// What no checksum guards against: any bytes are an error or a service whose
// every list can be used.
func FuzzDecodeService(f *testing.F) {
	f.Add("")
	f.Add("\x00\x00\x00\x00\x00")
	blocksOf(f, func(raw string) {
		if _, err := decodeService("x", "X", raw); err != nil {
			f.Fatalf("the seed does not decode: %v", err)
		}
		f.Add(raw)
	})
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := decodeService("x", "X", raw)
		if err != nil {
			if !errors.Is(err, errDamaged) {
				t.Errorf("got error %v, want damaged data", err)
			}
			return
		}
		for _, a := range s.Actions() {
			if _, ok := s.Action(a.Name); !ok {
				t.Errorf("action %q is listed and not found", a.Name)
			}
			for _, r := range a.Resources {
				if _, ok := s.Resource(r.Type); !ok {
					t.Errorf("resource type %q of action %q is not found", r.Type, a.Name)
				}
			}
			for _, k := range a.Keys {
				if _, ok := s.Key(k); !ok {
					t.Errorf("key %q of action %q is not found", k, a.Name)
				}
			}
		}
		s.ResourceTypes("arn:aws:x:::y")
	})
}

func FuzzDecodeKeys(f *testing.F) {
	f.Add("\x00")
	f.Add("\x02\x03a:b\x00\x01\x00\x03a:c\x80\x01\x01\x01")
	f.Fuzz(func(t *testing.T, raw string) {
		l, err := decodeKeys([]string{"a", "b"}, raw)
		if err != nil {
			if !errors.Is(err, errDamaged) {
				t.Errorf("got error %v, want damaged data", err)
			}
			return
		}
		for _, k := range l.all {
			if _, ok := l.find(k.Name); !ok {
				t.Errorf("key %q is listed and not found", k.Name)
			}
		}
	})
}

// One service and one key of it are looked up: no other block is inflated.
func TestLookupIsLazy(t *testing.T) {
	const want = 1
	r, err := Open(embedded)
	if err != nil {
		t.Fatal(err)
	}
	decoded := 0
	for i, f := range r.services {
		r.services[i] = func() (*Service, error) { decoded++; return f() }
	}
	if _, ok, err := r.Key("s3:prefix"); !ok || err != nil || decoded != 0 {
		t.Errorf("Key: got %t, error %v and %d services decoded, want none", ok, err, decoded)
	}
	if _, ok, err := r.Service("s3"); !ok || err != nil || decoded != want {
		t.Errorf("Service: got %t, error %v and %d services decoded, want %d", ok, err, decoded, want)
	}
}
