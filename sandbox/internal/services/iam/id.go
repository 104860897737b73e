package iam

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
)

// UniqueID makes a unique ID: the four-letter prefix and 17 characters of the
// base32 alphabet.
// Source: IAM User Guide, reference_identifiers.
func UniqueID(r io.Reader, prefix string) string {
	return prefix + base32.StdEncoding.EncodeToString(randomBytes(r, 15))[:17]
}

// KeyID makes an access key ID. As on AWS the account's number is in its first
// bits, which is how GetAccessKeyInfo can tell it. The prefix is AKIA for
// long-term keys and ASIA for temporary ones.
// Source: STS API_GetAccessKeyInfo; the bit layout is public knowledge that
// AWS does not document.
func KeyID(r io.Reader, prefix, account string) string {
	b := randomBytes(r, 10)
	n, err := strconv.ParseUint(account, 10, 40)
	if err != nil {
		panic(fmt.Sprintf("iam: account ID %q", account))
	}
	head := binary.BigEndian.Uint64(append([]byte{0, 0}, b[:6]...))
	head = head&0x7f | n<<7 | 1<<47
	var out [8]byte
	binary.BigEndian.PutUint64(out[:], head)
	copy(b, out[2:])
	return prefix + base32.StdEncoding.EncodeToString(b)
}

// Secret makes a secret access key: 40 characters.
func Secret(r io.Reader) string {
	return base64.StdEncoding.EncodeToString(randomBytes(r, 30))
}

// randomBytes panics when the source fails: there is no safe way on, and the
// dispatcher answers a panic with a refusal.
func randomBytes(r io.Reader, n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(r, b); err != nil {
		panic(fmt.Sprintf("iam: randomness: %v", err))
	}
	return b
}

// KeyIDAccount reads the account's number out of an access key ID that was
// made like KeyID's. ok is false for an ID of another form.
func KeyIDAccount(id string) (account string, ok bool) {
	if len(id) != 20 || id[:4] != "AKIA" && id[:4] != "ASIA" {
		return "", false
	}
	b, err := base32.StdEncoding.DecodeString(id[4:])
	if err != nil {
		return "", false
	}
	head := binary.BigEndian.Uint64(append([]byte{0, 0}, b[:6]...))
	account = fmt.Sprintf("%012d", head&(1<<47-1)>>7)
	return account, AccountID(account)
}
