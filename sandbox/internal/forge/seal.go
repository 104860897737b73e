package forge

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
)

// sealing is the key that states are kept under. GitLab's lies in its configuration;
// the sandbox's lies beside what it seals, so that a data directory is one thing: it
// keeps states out of backups and searches of the file, not from who has the file.
// Source: GitLab "GitLab-managed Terraform/OpenTofu state", automatic encryption at rest.
type sealing struct {
	Key []byte
}

const sealingKey = "states"

// cipher returns the cipher, whose key is made on first use. Call it inside an Update,
// or, once something was sealed, inside a View.
func (f *Forge) cipher(update bool) (cipher.AEAD, error) {
	k := f.sealing.Get(sealingKey)
	if k == nil {
		if !update {
			return nil, errors.New("nothing was sealed yet")
		}
		k = &sealing{Key: make([]byte, 32)}
		if _, err := io.ReadFull(f.rand, k.Key); err != nil {
			return nil, err
		}
		f.sealing.Put(sealingKey, k)
	}
	block, err := aes.NewCipher(k.Key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal encrypts a version of a state; key is where it is kept, so that it opens
// nowhere else.
func (f *Forge) seal(key string, plain []byte) ([]byte, error) {
	gcm, err := f.cipher(true)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, gcm.NonceSize(), gcm.NonceSize()+len(plain)+gcm.Overhead())
	if _, err := io.ReadFull(f.rand, nonce); err != nil {
		return nil, err
	}
	return gcm.Seal(nonce, nonce, plain, []byte(key)), nil
}

// open is the other way round.
func (f *Forge) open(key string, sealed []byte) ([]byte, error) {
	gcm, err := f.cipher(false)
	if err != nil {
		return nil, err
	}
	if len(sealed) < gcm.NonceSize() {
		return nil, errors.New("a sealed state is cut short")
	}
	plain, err := gcm.Open(nil, sealed[:gcm.NonceSize()], sealed[gcm.NonceSize():], []byte(key))
	if err != nil {
		return nil, fmt.Errorf("a sealed state cannot be opened: %w", err)
	}
	return plain, nil
}
