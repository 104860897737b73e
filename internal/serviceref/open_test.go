package serviceref_test

import (
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/strongroom-dev/strongroom/internal/serviceref"
)

func committed(tb testing.TB) string {
	tb.Helper()
	data, err := os.ReadFile("data/services.bin")
	if err != nil {
		tb.Fatal(err)
	}
	return string(data)
}

func TestDamagedData(t *testing.T) {
	data := committed(t)
	for name, bad := range map[string]string{
		"empty":          "",
		"another file":   "PK\x03\x04" + data,
		"magic only":     serviceref.Magic,
		"head cut":       data[:len(serviceref.Magic)+100],
		"end cut":        data[:len(data)-1],
		"end added":      data + "x",
		"head changed":   strings.Replace(data, "Amazon S3", "Amazon S4", 1),
		"another format": strings.Replace(data, "sar-1", "sar-2", 1),
	} {
		if _, err := serviceref.Open(bad); err == nil || !strings.Contains(err.Error(), "damaged service data") {
			t.Errorf("%s: got error %v, want damaged service data", name, err)
		}
	}
	// A block is checked when it is decoded; the last one is that of the keys.
	r, err := serviceref.Open(data[:len(data)-1] + string([]byte{data[len(data)-1] ^ 1}))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Key("s3:prefix"); err == nil {
		t.Error("a damaged block of keys decodes")
	}
	if _, ok, err := r.Service("s3"); err != nil || !ok {
		t.Errorf("damage elsewhere: got %t and error %v, want the service", ok, err)
	}
}

func TestConcurrentLookup(t *testing.T) {
	r, err := serviceref.Open(committed(t))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	found := make([]*serviceref.Service, 8)
	for i := range found {
		wg.Go(func() {
			found[i], _, _ = r.Service("iam")
			_, _, _ = r.Key("s3:prefix")
		})
	}
	wg.Wait()
	for _, s := range found {
		if s == nil || s != found[0] {
			t.Fatal("lookups at the same time got different services")
		}
	}
}

// FuzzOpen changes one place of the file and mends nothing: whatever it is, an
// error and not a panic.
func FuzzOpen(f *testing.F) {
	data := committed(f)
	f.Add(0, []byte("x"))
	f.Add(len(serviceref.Magic), []byte{0, 0, 0, 0})
	f.Add(len(data)-3, []byte("xyz"))
	f.Fuzz(func(t *testing.T, at int, change []byte) {
		bad := string(change)
		if at >= 0 && at < len(data) {
			bad = data[:at] + string(change) + data[min(at+len(change), len(data)):]
		}
		r, err := serviceref.Open(bad)
		if err != nil {
			return
		}
		for _, p := range r.Prefixes() {
			if s, ok, err := r.Service(p); err == nil && ok {
				s.ResourceTypes("arn:aws:s3:::b/*")
			}
		}
		if _, _, err := r.Key("s3:prefix"); err != nil && !strings.Contains(err.Error(), "damaged") {
			t.Errorf("got error %v, want one that says the data is damaged", err)
		}
	})
}

// Cold: the head is read and one service decoded, as a command does once.
func BenchmarkLookupCold(b *testing.B) {
	data := committed(b)
	for _, prefix := range []string{"s3", "ec2", "sts"} {
		b.Run(prefix, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r, err := serviceref.Open(data)
				if err != nil {
					b.Fatal(err)
				}
				if _, ok, err := r.Service(prefix); err != nil || !ok {
					b.Fatal(ok, err)
				}
			}
		})
	}
}

func BenchmarkFindKeyCold(b *testing.B) {
	data := committed(b)
	b.ReportAllocs()
	for b.Loop() {
		r, err := serviceref.Open(data)
		if err != nil {
			b.Fatal(err)
		}
		if _, ok, err := r.Key("kms:EncryptionContext:app"); err != nil || !ok {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkGlobalKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := serviceref.FindKey("aws:PrincipalTag/team"); !ok {
			b.Fatal("not found")
		}
	}
}

func BenchmarkResourceTypes(b *testing.B) {
	s, _ := serviceref.Lookup("ec2")
	b.ReportAllocs()
	for b.Loop() {
		if len(s.ResourceTypes("arn:aws:ec2:eu-west-2:111122223333:instance/i-1")) != 1 {
			b.Fatal("not found")
		}
	}
}
