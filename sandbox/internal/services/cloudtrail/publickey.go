package cloudtrail

import (
	"crypto/md5" // CloudTrail names keys by it; nothing rests on it
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// keyLife is how long a key signs. AWS does not say.
const keyLife = 90 * 24 * time.Hour

// signer is a key that signs the digest files of one region.
type signer struct {
	Private    []byte // PKCS #1
	Start, End time.Time
	key        *rsa.PrivateKey
}

// Loaded parses the key.
func (k *signer) Loaded() (err error) {
	k.key, err = x509.ParsePKCS1PrivateKey(k.Private)
	return err
}

func newSigner(now time.Time) (*signer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return &signer{Private: x509.MarshalPKCS1PrivateKey(key), Start: now, End: now.Add(keyLife), key: key}, nil
}

// public is the key as ListPublicKeys gives it.
// Source: CloudTrail API_PublicKey: "The DER encoded public key value in PKCS#1 format".
func (k *signer) public() []byte { return x509.MarshalPKCS1PublicKey(&k.key.PublicKey) }

func (k *signer) fingerprint() string {
	sum := md5.Sum(k.public())
	return hex.EncodeToString(sum[:])
}

func (s *Service) keyRows() []op.Row {
	return []op.Row{op.New("ListPublicKeys", "CloudTrail API_ListPublicKeys", op.Read,
		func(c *op.Call, _ *sdk.ListPublicKeysInput) ([]op.Check, error) {
			return anywhere(c, "ListPublicKeys"), nil
		},
		s.listKeys)}
}

// listKeys: without times, those of now.
// Source: CloudTrail API_ListPublicKeys.
func (s *Service) listKeys(c *op.Call, in *sdk.ListPublicKeysInput) (*sdk.ListPublicKeysOutput, error) {
	if text(in.NextToken) != "" {
		return nil, fail("InvalidTokenException", "The token is not valid.") // one page holds all
	}
	from, to := c.Now, c.Now
	if in.StartTime != nil {
		from = *in.StartTime
	}
	if in.EndTime != nil {
		to = *in.EndTime
	}
	if from.After(to) {
		return nil, fail("InvalidTimeRangeException", "The start time is after the end time.")
	}
	out := &sdk.ListPublicKeysOutput{PublicKeyList: []types.PublicKey{}}
	for _, k := range s.signers.Prefix(c.Region + "/") {
		if k.Start.After(to) || k.End.Before(from) {
			continue
		}
		out.PublicKeyList = append(out.PublicKeyList, types.PublicKey{Fingerprint: new(k.fingerprint()), Value: k.public(), ValidityStartTime: &k.Start, ValidityEndTime: &k.End})
	}
	return out, nil
}
