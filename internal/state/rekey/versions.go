package rekey

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/strongroom-dev/strongroom/internal/diag"
	"github.com/strongroom-dev/strongroom/internal/statestore"
)

// piece is a version that is not the current state: an older one, or any of the lock
// file.
type piece struct{ key, version string }

// pieces lists them, delete markers left out: those have no bytes.
func (w *work) pieces(ctx context.Context, s *State) ([]piece, error) {
	list := []piece{}
	for _, key := range []string{s.Key, lockKey(s.target)} {
		store := w.Bucket.Store(s.target, "")
		store.Key = key
		versions, err := store.Versions(ctx)
		if err != nil {
			return nil, err
		}
		for _, v := range versions {
			if !v.Deleted && (key != s.Key || !v.Current) {
				list = append(list, piece{key, v.ID})
			}
		}
		if !w.AllVersions && !w.CountNeeds {
			break // nobody asks about lock files
		}
	}
	return list, nil
}

// updateVersions changes the encryption of what is not the current state, in place.
//
// Source: S3 API UpdateObjectEncryption: version, date, ETag, metadata and storage
// class stay. That no condition is needed follows: a version never gets other bytes.
func (w *work) updateVersions(ctx context.Context, s *State) error {
	pieces, err := w.pieces(ctx, s)
	if err != nil {
		return err
	}
	for _, p := range pieces {
		o, err := w.head(ctx, p.key, p.version)
		if err != nil {
			return err
		}
		if o == nil || o.meets(s.Then) {
			continue
		}
		if bad := w.refuse(p.key, o, true); bad != nil {
			return bad
		}
		if err := w.update(ctx, s, p, o); err != nil {
			return err
		}
		s.Updated++
	}
	return nil
}

func (w *work) update(ctx context.Context, s *State, p piece, before *object) error {
	_, err := w.Bucket.S3.UpdateObjectEncryption(ctx, &s3.UpdateObjectEncryptionInput{
		Bucket: &w.Bucket.Room.State.Bucket, Key: &p.key, VersionId: optional(p.version), ExpectedBucketOwner: &w.Bucket.Room.Account,
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
		ObjectEncryption:  &types.ObjectEncryptionMemberSSEKMS{Value: types.SSEKMSEncryption{KMSKeyArn: &s.Then.KeyARN, BucketKeyEnabled: &s.Then.BucketKey}},
	})
	if code := statestore.Code(err); code == "NoSuchKey" || code == "NoSuchVersion" {
		return nil // the lifecycle took it
	}
	if statestore.Code(err) == "AccessDenied" {
		return &diag.Diagnostic{
			Rule: "state-rekey-versions", Summary: "the encryption of " + w.where(p.key, p.version) + " may not be changed: " + cause(err), Err: err,
			Why: "the state itself is done; its older versions are still under " + phrase(before.encryption),
			Fix: "allow s3:UpdateObjectEncryption on the bucket's objects, and kms:Decrypt and kms:ReEncrypt* on both keys, then run this again; or leave --all-versions out",
		}
	}
	if err != nil {
		return fmt.Errorf("change the encryption of %s: %w", w.where(p.key, p.version), err)
	}
	after, err := w.head(ctx, p.key, p.version)
	if err != nil || after == nil {
		return err
	}
	if !after.meets(s.Then) || after.etag != before.etag {
		return &diag.Diagnostic{
			Rule: "state-rekey-unverified", Summary: w.where(p.key, p.version) + " is not as S3 was asked to make it: " + phrase(after.encryption),
			Why: "S3 answered that it was done", Fix: "run this again; if it stays so, ask AWS Support with the audit trail's UpdateObjectEncryption event",
		}
	}
	return nil
}

// phrase says how something is encrypted, in a sentence.
func phrase(e statestore.Encryption) string {
	switch {
	case e.Algorithm == "":
		return "no encryption"
	case e.Algorithm == SSES3:
		return "SSE-S3 (AES256)"
	case e.BucketKey:
		return e.Algorithm + " " + e.KeyARN + " by a Bucket Key"
	}
	return e.Algorithm + " " + e.KeyARN
}

// Need is a key that something is still encrypted under.
type Need struct {
	KeyARN string `json:"kms_key_arn"`
	// Objects are the versions under it, of states and of lock files, in the order of
	// their keys.
	Objects []Piece `json:"objects"`
}

// Piece is a version of an object.
type Piece struct {
	Key     string `json:"key"`
	Version string `json:"version"`
	// Current tells whether it is the current state.
	Current bool `json:"current"`
}

// needs finds the keys, other than the goal's, that versions are under.
func (w *work) needs(ctx context.Context, environments []*Environment) ([]Need, error) {
	found, mu := map[string][]Piece{}, sync.Mutex{}
	if !w.CountNeeds {
		return []Need{}, nil
	}
	for _, e := range environments {
		err := w.each(ctx, e.States, func(ctx context.Context, s *State) error {
			pieces, err := w.pieces(ctx, s)
			if err != nil {
				return err
			}
			for _, p := range append(pieces, piece{s.Key, ""}) {
				o, err := w.head(ctx, p.key, p.version)
				if err != nil {
					return err
				}
				if o == nil || o.encryption.KeyARN == "" || o.encryption.KeyARN == s.Then.KeyARN {
					continue
				}
				mu.Lock()
				found[o.encryption.KeyARN] = append(found[o.encryption.KeyARN], Piece{p.key, o.version, p.version == ""})
				mu.Unlock()
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return sorted(found), nil
}

// sorted is needs in a fixed order.
func sorted(needs map[string][]Piece) []Need {
	list := []Need{}
	for arn, pieces := range needs {
		slices.SortStableFunc(pieces, func(a, b Piece) int {
			if a.Key != b.Key {
				if a.Key < b.Key {
					return -1
				}
				return 1
			}
			return 0
		})
		list = append(list, Need{arn, pieces})
	}
	slices.SortFunc(list, func(a, b Need) int {
		if a.KeyARN < b.KeyARN {
			return -1
		}
		return 1
	})
	return list
}
