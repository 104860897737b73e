package migrate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/strongroom-dev/strongroom/internal/backend"
	"github.com/strongroom-dev/strongroom/internal/statestore"
	"github.com/strongroom-dev/strongroom/internal/tfstate"
)

// place is where all workspaces of the stack are, or are going to be.
type place struct {
	o     *Options
	block backend.Block
}

func (p place) kind() string { return p.block.Type() }

// same reports whether two blocks name the same states, however they are encrypted
// and locked there.
func same(a, b backend.Block) bool {
	switch {
	case a.Type() != b.Type():
		return false
	case a.S3 != nil:
		return a.S3.Bucket == b.S3.Bucket && a.S3.Key == b.S3.Key
	case a.HTTP != nil:
		return a.HTTP.Address == b.HTTP.Address
	}
	return localPath(a) == localPath(b)
}

func localPath(b backend.Block) string {
	if b.Local == nil || b.Local.Path == "" {
		return statestore.LocalFile
	}
	return filepath.Clean(b.Local.Path)
}

// plain is the backend block alone: a move leaves the stack's encryption block as it is.
func (p place) plain() backend.Block {
	b := p.block
	b.Encryption = nil
	return b
}

// name is the place for a sentence.
func (p place) name() string { return p.where("default") }

func (p place) where(workspace string) string {
	switch {
	case p.block.S3 != nil:
		return "s3://" + p.block.S3.Bucket + "/" + statestore.WorkspaceKey(p.block.S3.Key, workspace)
	case p.block.HTTP != nil:
		return p.block.HTTP.Address
	}
	return statestore.LocalPath(p.o.Dir, localPath(p.block), "", workspace)
}

// workspaced tells whether the place has workspaces other than the default one.
// Source: "Workspaces": backends that support multiple workspaces.
func (p place) workspaced() bool { return p.block.HTTP == nil }

// locks tells whether a lock that is taken here lasts longer than this process, so
// that it can be held while an engine works.
func (p place) locks() bool { return p.block.HTTP != nil || p.block.S3 != nil && p.o.Locking }

// store is the place of a workspace's state.
func (p place) store(workspace string) (statestore.Store, error) {
	switch {
	case p.block.S3 != nil:
		return p.bucket(workspace), nil
	case p.block.HTTP != nil:
		return statestore.NewHTTP(p.block.HTTP.Address, p.o.Getenv)
	}
	return p.fileOf(workspace), nil
}

func (p place) bucket(workspace string) *statestore.S3 {
	b := p.block.S3
	s := &statestore.S3{Client: p.client(), Bucket: b.Bucket, Key: statestore.WorkspaceKey(b.Key, workspace), LockKeyARN: b.KMSKeyARN}
	if b.Bucket == p.o.Bucket {
		s.Owner = p.o.Account
	}
	return s
}

func (p place) client() *s3.Client {
	cfg := p.o.AWS.Copy()
	cfg.Region = p.block.S3.Region
	return s3.NewFromConfig(cfg)
}

func (p place) fileOf(workspace string) *statestore.Local {
	return &statestore.Local{Path: p.where(workspace)}
}

// workspaces are the default one and those besides it that the place has, by name.
func (p place) workspaces(ctx context.Context) ([]string, error) {
	names := []string{"default"}
	switch {
	case p.block.HTTP != nil:
		return names, nil
	case p.block.S3 == nil:
		more, err := statestore.LocalWorkspaces(p.o.Dir, "")
		return append(names, more...), err
	}
	in := &s3.ListObjectsV2Input{Bucket: &p.block.S3.Bucket, Prefix: aws.String(statestore.WorkspacePrefix)}
	if s := p.bucket("default"); s.Owner != "" {
		in.ExpectedBucketOwner = &s.Owner
	}
	pages := s3.NewListObjectsV2Paginator(p.client(), in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look for workspaces in s3://%s: %w", p.block.S3.Bucket, err)
		}
		for _, o := range page.Contents {
			// A workspace's name may hold anything but a slash, the key whatever it likes.
			name, key, ok := strings.Cut(strings.TrimPrefix(aws.ToString(o.Key), statestore.WorkspacePrefix), "/")
			if ok && key == p.block.S3.Key {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names[1:])
	return names, nil
}

// errDamaged marks a state that cannot be read as one.
var errDamaged = errors.New("it is damaged")

// read reads a workspace's state; it is nil if there is none.
func (p place) read(ctx context.Context, workspace string) (raw []byte, s *tfstate.Snapshot, err error) {
	store, err := p.store(workspace)
	if err != nil {
		return nil, nil, err
	}
	raw, err = store.Read(ctx, "")
	if errors.Is(err, statestore.ErrNone) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	s, err = tfstate.Read(raw)
	if errors.Is(err, tfstate.ErrEmpty) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w: %w", store.Where(), errDamaged, err)
	}
	return raw, s, nil
}

// emptyDigest is that of a state without resources and outputs.
var emptyDigest = func() string {
	s, err := tfstate.Read([]byte(`{"version":4,"lineage":"none"}`))
	if err != nil {
		panic(err) // the text is above
	}
	return s.Digest
}()

// empty reports whether there is nothing in a state that could be moved or lost: an
// engine moves none that has neither resources nor outputs.
func empty(s *tfstate.Snapshot) bool { return s == nil || !s.Encrypted && s.Digest == emptyDigest }
