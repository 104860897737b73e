package forge

import (
	"crypto"
	"crypto/rsa"
	"encoding/base64"
	"io"
	"sync"

	"github.com/go-jose/go-jose/v4"
)

// keyBits is the size of the RSA keys; both forges sign RS256 with 2048 bits.
const keyBits = 2048

// key is an RSA key that is made when it is first needed: making one takes
// longer than the sandbox may take to start.
type key struct {
	once sync.Once
	priv *rsa.PrivateKey
	id   string
	err  error
}

// get returns the key and its ID, the RFC 7638 thumbprint.
func (k *key) get(rand io.Reader) (*rsa.PrivateKey, string, error) {
	k.once.Do(func() {
		if k.priv, k.err = rsa.GenerateKey(rand, keyBits); k.err != nil {
			return
		}
		var sum []byte
		if sum, k.err = (&jose.JSONWebKey{Key: k.priv.Public()}).Thumbprint(crypto.SHA256); k.err == nil {
			k.id = base64.RawURLEncoding.EncodeToString(sum)
		}
	})
	return k.priv, k.id, k.err
}

// public returns the key's public half as a key set.
func (k *key) public(rand io.Reader) (*jose.JSONWebKeySet, error) {
	priv, id, err := k.get(rand)
	if err != nil {
		return nil, err
	}
	return &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{
		Key: priv.Public(), KeyID: id, Algorithm: string(jose.RS256), Use: "sig",
	}}}, nil
}
