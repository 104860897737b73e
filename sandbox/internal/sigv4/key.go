package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	gohash "hash"
	"sync"
)

// keyID is what a signing key depends on.
type keyID struct{ secret, date, region, service string }

// signingKey is good for a day, region and service. It is safe for concurrent
// use.
type signingKey struct {
	bytes []byte
	macs  sync.Pool // of hash.Hash, keyed: to key one costs more than to use it
}

func newSigningKey(b []byte) *signingKey {
	k := &signingKey{bytes: b}
	k.macs.New = func() any { return hmac.New(sha256.New, b) }
	return k
}

// signed reports, in constant time, whether the signature is that of data.
func (k *signingKey) signed(data, signature []byte) bool {
	h := k.macs.Get().(gohash.Hash)
	defer k.macs.Put(h)
	h.Reset()
	h.Write(data)
	return hmac.Equal(h.Sum(nil), signature)
}

// key derives the signing key of the claim's scope, or finds it.
func (v *Verifier) key(secret string, c *Claim) *signingKey {
	id := keyID{secret, c.Date, c.Region, c.Service}
	v.mu.RLock()
	known, ok := v.keys[id]
	v.mu.RUnlock()
	if ok {
		return known
	}
	key := sign([]byte("AWS4"+secret), []byte(c.Date))
	key = sign(key, []byte(c.Region))
	key = sign(key, []byte(c.Service))
	known = newSigningKey(sign(key, []byte("aws4_request")))
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.keys == nil || len(v.keys) >= 1024 {
		v.keys = map[keyID]*signingKey{}
	}
	v.keys[id] = known
	return known
}

func sign(key, data []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(data)
	return h.Sum(nil)
}
