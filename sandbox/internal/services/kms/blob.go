package kms

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"time"
)

// A ciphertext blob of a symmetric key is
//
//	format (1) | account (8) | key ID (16) | version (4) | salt (32) | sealed
//
// Everything before sealed is authenticated together with the encryption
// context. The Region is not in it: key IDs are unique, and a blob from
// elsewhere refers to a key that is not there.
const (
	blobFormat = 1
	saltSize   = 32
	headerSize = 1 + 8 + 16 + 4 + saltSize
	tagSize    = 16
)

// blob is a parsed ciphertext.
type blob struct {
	account, keyID string
	version        uint32
	header, sealed []byte
}

// parseBlob reads a ciphertext's header. It proves nothing: open does.
func parseBlob(b []byte) (blob, bool) {
	if len(b) < headerSize+tagSize || b[0] != blobFormat {
		return blob{}, false
	}
	account := binary.BigEndian.Uint64(b[1:])
	version := binary.BigEndian.Uint32(b[25:])
	if account > 999_999_999_999 || version == 0 {
		return blob{}, false
	}
	return blob{
		account: fmt.Sprintf("%012d", account), keyID: formatID(b[9:25]), version: version,
		header: b[:headerSize], sealed: b[headerSize:],
	}, true
}

// seal encrypts under the current backing key.
func (k *key) seal(random io.Reader, now time.Time, plain []byte, context map[string]string) ([]byte, error) {
	account, err := strconv.ParseUint(k.Account, 10, 64)
	if err != nil {
		return nil, err
	}
	id, err := parseID(k.ID)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, headerSize+len(plain)+tagSize)
	out = append(out, blobFormat)
	out = binary.BigEndian.AppendUint64(out, account)
	out = append(out, id...)
	version := k.version(now)
	out = binary.BigEndian.AppendUint32(out, version)
	salt := out[len(out) : len(out)+saltSize]
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, err
	}
	out = out[:headerSize]
	gcm, nonce, err := k.aead(version, salt)
	if err != nil {
		return nil, err
	}
	return gcm.Seal(out, nonce, plain, append(out[:headerSize:headerSize], canonical(context)...)), nil
}

// open decrypts a blob that seal made with this key and context. Any flaw is
// the same InvalidCiphertextException, which says nothing more, as on AWS.
func (k *key) open(now time.Time, b blob, context map[string]string) ([]byte, error) {
	if b.account != k.Account || b.keyID != k.ID || b.version > k.version(now) {
		return nil, invalidCiphertext()
	}
	gcm, nonce, err := k.aead(b.version, b.header[headerSize-saltSize:])
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, b.sealed, append(b.header[:headerSize:headerSize], canonical(context)...))
	if err != nil {
		return nil, invalidCiphertext()
	}
	return plain, nil
}

func invalidCiphertext() error { return fail("InvalidCiphertextException", "") }

// newID returns a version 4 UUID, the form of a key ID.
func newID(random io.Reader) (string, error) {
	b, err := randomBytes(random, 16)
	if err != nil {
		return "", err
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return formatID(b), nil
}

func formatID(b []byte) string {
	h := hex.EncodeToString(b)
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// parseID is formatID's inverse; it accepts lower case only.
func parseID(id string) ([]byte, error) {
	if !validID(id) {
		return nil, fmt.Errorf("%q is not a key ID", id)
	}
	return hex.DecodeString(id[:8] + id[9:13] + id[14:18] + id[19:23] + id[24:])
}

func validID(id string) bool {
	if len(id) != 36 {
		return false
	}
	for i := range len(id) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		switch c := id[i]; {
		case dash && c == '-':
		case !dash && ('0' <= c && c <= '9' || 'a' <= c && c <= 'f'):
		default:
			return false
		}
	}
	return true
}
