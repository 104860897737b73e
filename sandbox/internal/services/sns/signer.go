package sns

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1" // signature version 1 is SHA-1, and the default
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"math/big"
	"strings"
	"time"
)

// signer is the key that signs messages, with its certificate.
type signer struct {
	Key         []byte // PKCS #8
	Certificate string // PEM
	// Name of the certificate's file.
	Name string

	key *rsa.PrivateKey
}

// Loaded reads the key.
func (s *signer) Loaded() error {
	key, err := x509.ParsePKCS8PrivateKey(s.Key)
	if err != nil {
		return err
	}
	s.key = key.(*rsa.PrivateKey) // newSigner wrote it
	return nil
}

// newSigner makes a key and a certificate that vouches for itself: subscribers trust
// it because it comes from an address of SNS.
// Source: SNS Developer Guide "Verifying the signatures of Amazon SNS messages".
func newSigner(now time.Time) (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	form := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "sns.amazonaws.com"}, DNSNames: []string{"sns.amazonaws.com"},
		NotBefore: now.Add(-24 * time.Hour), NotAfter: now.AddDate(10, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	s := &signer{key: key, Certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))}
	if s.Key, err = x509.MarshalPKCS8PrivateKey(key); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	s.Name = certificatePrefix + hex.EncodeToString(sum[:16]) + ".pem"
	return s, nil
}

const certificatePrefix = "SimpleNotificationService-"

// sign returns the signature of the text in base64.
func (s *signer) sign(version, text string) (string, error) {
	hash, sum := crypto.SHA1, []byte(nil)
	if version == "2" {
		h := sha256.Sum256([]byte(text))
		hash, sum = crypto.SHA256, h[:]
	} else {
		h := sha1.Sum([]byte(text))
		sum = h[:]
	}
	b, err := rsa.SignPKCS1v15(rand.Reader, s.key, hash, sum)
	return base64Text(b), err
}

// Certificate returns the file that SigningCertURL leads to; ok is false if the path
// is of no such file.
func (s *Service) Certificate(path string) (pem string, ok bool) {
	name, ok := strings.CutPrefix(path, "/")
	if !ok || !strings.HasPrefix(name, certificatePrefix) {
		return "", false
	}
	ok = false
	_ = s.db.View(func() error { // it only reads
		if k := s.signer.Get("signer"); k != nil && k.Name == name {
			pem, ok = k.Certificate, true
		}
		return nil
	})
	return pem, ok
}

// theSigner returns the signer, made at first use.
func (s *Service) theSigner(now time.Time) (k *signer, err error) {
	_ = s.db.View(func() error { // it only reads
		k = s.signer.Get("signer")
		return nil
	})
	if k != nil {
		return k, nil
	}
	if k, err = newSigner(now); err != nil {
		return nil, err
	}
	return k, s.db.Update(func() error {
		if there := s.signer.Get("signer"); there != nil {
			k = there
			return nil
		}
		s.signer.Put("signer", k)
		return nil
	})
}
