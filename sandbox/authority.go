package sandbox

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// authority is the CA made for this run. Its key stays in memory, or in the
// data directory with mode 0600.
type authority struct {
	cert *x509.Certificate
	pem  []byte
	key  crypto.Signer
	now  time.Time
	// owns tells which host names get a certificate.
	owns func(host string) bool

	mu     sync.Mutex
	leaf   *ecdsa.PrivateKey // shared by all leaves
	leaves map[string]*tls.Certificate
}

// maxLeaves bounds the cache: each bucket is a host name of its own.
const maxLeaves = 4096

func newAuthority(dir string, now time.Time, owns func(string) bool) (*authority, error) {
	a := &authority{now: now, owns: owns, leaves: map[string]*tls.Certificate{}}
	if dir != "" {
		err := a.load(dir)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return a, err
		}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: "Strongroom sandbox CA", Organization: []string{"Strongroom sandbox, trust on this machine only"}},
		NotBefore:    now.Add(-24 * time.Hour), NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if err := a.set(der, key); err != nil || dir == "" {
		return a, err
	}
	return a, a.save(dir)
}

func (a *authority) set(der []byte, key crypto.Signer) (err error) {
	a.key = key
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	a.cert, err = x509.ParseCertificate(der)
	return err
}

const (
	caFile  = "ca.pem"
	keyFile = "ca-key.pem"
)

func (a *authority) load(dir string) error {
	keyPEM, err := os.ReadFile(filepath.Join(dir, keyFile))
	if err != nil {
		return err
	}
	certPEM, err := os.ReadFile(filepath.Join(dir, caFile))
	if err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return fmt.Errorf("%s: the CA of the data directory cannot be read: %w", dir, err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return fmt.Errorf("%s: the CA's key cannot sign", dir)
	}
	if err := a.set(pair.Certificate[0], key); err != nil {
		return err
	}
	if a.now.After(a.cert.NotAfter) {
		return fs.ErrNotExist // make a new one
	}
	return nil
}

// save writes the certificate first and the key last: load takes a key without
// its certificate, or neither, for none.
func (a *authority) save(dir string) error {
	der, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, caFile), a.pem, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, keyFile), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		panic(err) // crypto/rand does not fail
	}
	return n.Add(n, big.NewInt(1))
}

// certificate answers a TLS client: a leaf for the name that it asks for, or
// for the loopback addresses when it asks for none.
func (a *authority) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(hello.ServerName)
	if ip := net.ParseIP(name); ip != nil && ip.IsLoopback() {
		name = "" // some clients send an address, which names no host
	}
	if name != "" && !a.owns(name) {
		return nil, fmt.Errorf("the sandbox does not answer for %q", name)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if c := a.leaves[name]; c != nil {
		return c, nil
	}
	c, err := a.issue(name)
	if err != nil {
		return nil, err
	}
	if len(a.leaves) >= maxLeaves {
		clear(a.leaves)
	}
	a.leaves[name] = c
	return c, nil
}

func (a *authority) issue(name string) (_ *tls.Certificate, err error) {
	if a.leaf == nil {
		if a.leaf, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			return nil, err
		}
	}
	template := &x509.Certificate{
		SerialNumber: serial(), NotBefore: a.cert.NotBefore, NotAfter: a.cert.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames: []string{name},
	}
	if name == "" || name == "localhost" {
		template.DNSNames = []string{"localhost", "*.localhost"}
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.leaf.Public(), a.key)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: a.leaf}, nil
}

// systemRoots are where systems keep their trust stores as one file.
var systemRoots = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem", "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
}

// writeBundle writes the CA and the system's roots to one file, so that a tool
// that trusts it still verifies the hosts that are tunnelled.
func (a *authority) writeBundle(dir string) (string, error) {
	bundle := bytes.Clone(a.pem)
	for _, name := range append([]string{os.Getenv("SSL_CERT_FILE")}, systemRoots...) {
		if name == "" {
			continue
		}
		if roots, err := os.ReadFile(name); err == nil {
			bundle = append(append(bundle, '\n'), roots...)
			break
		}
	}
	name := filepath.Join(dir, "ca-bundle.pem")
	return name, os.WriteFile(name, bundle, 0o600)
}
