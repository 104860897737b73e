package cloudtrail

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// period is how long a digest file is about.
// Source: CloudTrail User Guide "CloudTrail digest file structure".
const period = time.Hour

// logFile is a delivered log file as a digest names it.
type logFile struct {
	Bucket    string `json:"s3Bucket"`
	Object    string `json:"s3Object"`
	Hash      string `json:"hashValue"`
	Algorithm string `json:"hashAlgorithm"`
	Newest    string `json:"newestEventTime"`
	Oldest    string `json:"oldestEventTime"`
	// Delivered is for the choice of the digest; it is not written into one.
	Delivered time.Time `json:"delivered,omitzero"`
}

// lastDigest is what the next digest says of the one before.
type lastDigest struct{ Bucket, Object, Hash, Signature string }

// digestFile is the same page's structure. Null members begin a chain.
type digestFile struct {
	Account           string    `json:"awsAccountId"`
	Start             string    `json:"digestStartTime"`
	End               string    `json:"digestEndTime"`
	Bucket            string    `json:"digestS3Bucket"`
	Object            string    `json:"digestS3Object"`
	Fingerprint       string    `json:"digestPublicKeyFingerprint"`
	Algorithm         string    `json:"digestSignatureAlgorithm"`
	Newest            *string   `json:"newestEventTime"`
	Oldest            *string   `json:"oldestEventTime"`
	PreviousBucket    *string   `json:"previousDigestS3Bucket"`
	PreviousObject    *string   `json:"previousDigestS3Object"`
	PreviousHash      *string   `json:"previousDigestHashValue"`
	PreviousAlgorithm *string   `json:"previousDigestHashAlgorithm"`
	PreviousSignature *string   `json:"previousDigestSignature"`
	Files             []logFile `json:"logFiles"`
}

// signatureAlgorithm is the only one.
const signatureAlgorithm = "SHA256withRSA"

// begin starts the collection of a digest: with logging or validation, whichever came
// later.
func (c *chain) begin(t *trail, now time.Time) {
	c.Begin = t.Started
	if t.Validated.After(c.Begin) {
		c.Begin = t.Validated
	}
	if now.Sub(c.Begin) >= period || c.Region != t.Region {
		c.Begin = now // nothing was delivered here before
	}
	c.Begin = c.Begin.Truncate(time.Second)
	c.DigestDue = c.Begin.Add(period)
}

// digest writes a region's digest file. When the trail stopped meanwhile, it is the last
// of its chain, and if nothing was delivered there is none.
// Source: CloudTrail API_CreateTrail, EnableLogFileValidation: "the chain of digest files is
// broken after one hour".
func (d *Deliverer) digest(ctx context.Context, now time.Time, c *chain, t *trail) error {
	s := d.trails
	end := c.Begin.Add(period)
	running := t.Logging && t.Validate
	var files, later []logFile
	for _, f := range c.Files {
		if f.Delivered.Before(end) {
			f.Delivered = time.Time{}
			files = append(files, f)
		} else {
			later = append(later, f)
		}
	}
	broken := func(c *chain) { c.Begin, c.DigestDue, c.Files, c.Last = time.Time{}, time.Time{}, nil, nil }
	if !running && len(files) == 0 {
		return s.amend(c, broken)
	}
	k, err := d.signer(now, c.Region)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%sCloudTrail-Digest/%s/%s/%s_CloudTrail-Digest_%s_%s_%s_%s.json.gz", t.path(), c.Region, end.UTC().Format("2006/01/02"),
		t.Account, c.Region, t.Name, t.Region, end.UTC().Format("20060102T150405Z"))
	file := digestFile{
		Account: t.Account, Start: stamp(c.Begin), End: stamp(end), Bucket: t.Bucket, Object: name,
		Fingerprint: k.fingerprint(), Algorithm: signatureAlgorithm, Files: []logFile{},
	}
	file.contain(files)
	if l := c.Last; l != nil {
		file.PreviousBucket, file.PreviousObject, file.PreviousHash = &l.Bucket, &l.Object, &l.Hash
		file.PreviousAlgorithm, file.PreviousSignature = new("SHA-256"), &l.Signature
	}
	content, err := json.Marshal(file)
	if err != nil {
		return err
	}
	hash, signature, err := k.sign(&file, content)
	if err != nil {
		return err
	}
	problem := d.put(ctx, t, name, content, map[string]string{"signature": signature, "signature-algorithm": signatureAlgorithm})
	err = s.amend(c, func(c *chain) {
		switch {
		case problem != nil:
			c.DigestDue = now.Add(batch)
		case !running:
			broken(c)
		default:
			c.Begin, c.DigestDue, c.Files = end, end.Add(period), later
			c.Last = &lastDigest{t.Bucket, name, hash, signature}
		}
	})
	if err != nil {
		return err
	}
	return s.db.Update(func() error {
		if s.trails.Get(t.key()) == nil {
			return nil // it was deleted meanwhile
		}
		st := s.status(t)
		if problem == nil {
			st.Digest, st.DigestError = now, ""
		} else {
			st.DigestError = codeOf(problem)
		}
		s.statuses.Put(t.key(), st)
		return nil
	})
}

// contain puts the log files into the digest, and the times of their events.
func (f *digestFile) contain(files []logFile) {
	for _, l := range files {
		if f.Oldest == nil || l.Oldest < *f.Oldest {
			f.Oldest = &l.Oldest
		}
		if f.Newest == nil || l.Newest > *f.Newest {
			f.Newest = &l.Newest
		}
		f.Files = append(f.Files, l)
	}
}

// sign signs a digest, with the signature of the one before in it: that is the chain.
// Source: CloudTrail User Guide "Custom implementations of CloudTrail log file integrity
// validation", data signing string.
func (k *signer) sign(f *digestFile, content []byte) (hash, signature string, err error) {
	sum := sha256.Sum256(content)
	hash = hex.EncodeToString(sum[:])
	before := "null"
	if f.PreviousSignature != nil {
		before = *f.PreviousSignature
	}
	toSign := sha256.Sum256([]byte(f.End + "\n" + f.Bucket + "/" + f.Object + "\n" + hash + "\n" + before))
	raw, err := rsa.SignPKCS1v15(rand.Reader, k.key, crypto.SHA256, toSign[:])
	return hash, hex.EncodeToString(raw), err
}

// signer is the region's key of now, a new one if there is none.
func (d *Deliverer) signer(now time.Time, region string) (found *signer, err error) {
	s := d.trails
	_ = s.db.View(func() error { // it only reads
		for _, k := range s.signers.Prefix(region + "/") {
			if !k.End.Before(now) {
				found = k
			}
		}
		return nil
	})
	if found != nil {
		return found, nil
	}
	if found, err = newSigner(now); err != nil {
		return nil, err
	}
	return found, s.db.Update(func() error {
		s.signers.Put(fmt.Sprintf("%s/%020d", region, now.Unix()), found)
		return nil
	})
}
