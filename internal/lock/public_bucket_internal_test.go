package lock

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/strongroom-dev/strongroom/internal/awscall"
	"github.com/strongroom-dev/strongroom/internal/room"
	"github.com/strongroom-dev/strongroom/sandbox"
)

// The lock is the account's block and nothing else.
func TestPublicBucket(t *testing.T) {
	sb, err := sandbox.Start(t.Context(), sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer sb.Close()
	w := &World{
		Account: sandbox.DefaultAccount, Region: sandbox.DefaultRegion, Decided: sb.Decided,
		Room:   &room.Room{Name: "foundations", Baseline: &room.Baseline{}},
		Config: func(*aws.Credentials) aws.Config { return sb.Config(sb.Credentials()) },
	}
	l := publicBucket()
	if r, err := l.Try(t.Context(), w); err != nil || r.Holds {
		t.Errorf("without the block: %v %+v", err, r)
	}
	if err := awscall.SetPublicAccessBlock(t.Context(), w.Config(nil), w.Account, &awscall.PublicAccess{BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true}); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Try(t.Context(), w); err != nil || !r.Holds {
		t.Errorf("with the block: %v %+v", err, r)
	}
	putBack, err := l.TakeOff(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := l.Try(t.Context(), w); err != nil || r.Holds {
		t.Errorf("taken off: %v %+v", err, r)
	}
	if err := putBack(); err != nil {
		t.Fatal(err)
	}
	if r, err := l.Try(t.Context(), w); err != nil || !r.Holds {
		t.Errorf("put back: %v %+v", err, r)
	}
}
