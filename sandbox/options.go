package sandbox

import (
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"sync"
	"time"
)

// DefaultAccount is the account of Options without one.
const DefaultAccount = "111122223333"

// DefaultRegion is what Env exports when Options name no region.
const DefaultRegion = "eu-west-2"

// Options say how to start a sandbox. The zero value is ready to use.
type Options struct {
	// Listen is HOST:PORT on a loopback address. Empty: a free port of 127.0.0.1.
	Listen string
	// Account is the ID of the account whose root credentials Env exports, 12
	// digits. Empty: DefaultAccount.
	Account string
	// AccessKey and SecretKey are its root credentials. Empty: generated, or
	// those of the data directory. Set both or none.
	AccessKey, SecretKey string
	// Region is what Env exports. Empty: DefaultRegion. Every region is served.
	Region string
	// DataDir keeps accounts, keys and objects. Empty: memory only. One
	// sandbox at a time can have it open.
	DataDir string
	// Issuers are further OIDC issuers to stand in for, such as
	// "https://gitlab.example.com". gitlab.com and GitHub's are always there.
	Issuers []string
	// Audit gets one JSON line for each request, in CloudTrail's shape. Nil:
	// events are kept for Sandbox.Events only.
	Audit io.Writer
	// ForgeAudit gets one JSON line for each request to GitLab's API, a ForgeEvent,
	// before it is answered. Nil: they are kept for Sandbox.ForgeEvents only.
	ForgeAudit io.Writer
	// Clock tells the time. Nil: time.Now.
	Clock func() time.Time
	// Rand is the source of keys and IDs. Nil: crypto/rand.
	Rand io.Reader
	// Log gets the sandbox's own faults and, at debug level, denials in full.
	// Nil: none.
	Log *slog.Logger
	// RunFunctions executes the code of Lambda functions: as processes of this machine that
	// can do what the sandbox's user can, so it is for code that is trusted. Zip files of the
	// runtimes provided.al2023 and provided.al2 for this machine's architecture (Linux) run;
	// invoking any other is refused by name. False: so is every invocation.
	RunFunctions bool
	// MaxBody bounds a request's body, in bytes. Zero: 512 MiB.
	MaxBody int64
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

func (o *Options) complete() error {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Account == "" {
		o.Account = DefaultAccount
	}
	if o.Region == "" {
		o.Region = DefaultRegion
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	} else {
		o.Rand = &oneByOne{r: o.Rand}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if !accountID.MatchString(o.Account) {
		return fmt.Errorf("account %q is not 12 digits", o.Account)
	}
	if (o.AccessKey == "") != (o.SecretKey == "") {
		return fmt.Errorf("an access key and its secret key must be given together")
	}
	return loopback(o.Listen)
}

// loopback refuses an address that other machines could reach. A host name
// other than localhost is refused too: what it means can change.
func loopback(listen string) error {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return fmt.Errorf("listen address %q is not HOST:PORT", listen)
	}
	if host == "localhost" {
		return nil
	}
	ip, err := netip.ParseAddr(host)
	if err != nil || !ip.IsLoopback() {
		return fmt.Errorf("listen address %q is not a loopback address: the sandbox answers this machine only, use 127.0.0.1", listen)
	}
	return nil
}

// oneByOne lets many goroutines read a source that is made for one.
type oneByOne struct {
	mu sync.Mutex
	r  io.Reader
}

func (o *oneByOne) Read(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.r.Read(b)
}
