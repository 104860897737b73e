package iam

import (
	"sync"
	"time"

	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/store"
	"github.com/strongroom-dev/strongroom/sandbox/internal/wire"
)

// Service is IAM for every account of the sandbox. Its methods are called
// under the state's lock: those that say so within DB.Update, all others
// within View or Update.
type Service struct {
	// Clock stamps what is made outside a request (EnsureAccount). Nil:
	// time.Now.
	Clock func() time.Time

	accounts  *store.Table[Account]
	entities  *store.Table[Entity]
	ids       *store.Table[idRef]
	keys      *store.Table[AccessKey]
	sessions  *store.Table[Session]
	policies  *store.Table[ManagedPolicy]
	providers *store.Table[Provider]
	devices   *store.Table[Device]
	profiles  *store.Table[InstanceProfile]

	// aws holds the AWS managed policies, by ARN.
	aws map[string]*ManagedPolicy
	// used is when and where each access key was last used, for
	// GetAccessKeyLastUsed: a fact about traffic, not state, so that reads may
	// record it.
	used sync.Map

	protocol op.Protocol
	rows     []op.Row
}

// New makes the service and its tables in db. Call it before db.Load.
func New(db *store.DB) *Service {
	s := &Service{
		accounts:  store.NewTable[Account](db, "iam-accounts"),
		entities:  store.NewTable[Entity](db, "iam-entities"),
		ids:       store.NewTable[idRef](db, "iam-ids"),
		keys:      store.NewTable[AccessKey](db, "iam-keys"),
		sessions:  store.NewTable[Session](db, "iam-sessions"),
		policies:  store.NewTable[ManagedPolicy](db, "iam-policies"),
		providers: store.NewTable[Provider](db, "iam-providers"),
		devices:   store.NewTable[Device](db, "iam-mfa"),
		profiles:  store.NewTable[InstanceProfile](db, "iam-profiles"),
		aws:       awsManaged(),
		protocol:  wire.NewQuery("2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/"),
	}
	s.rows = s.table()
	return s
}

// Prefix is "iam".
func (s *Service) Prefix() string { return "iam" }

// EventSource is "iam.amazonaws.com".
func (s *Service) EventSource() string { return "iam.amazonaws.com" }

// Protocol is the AWS query protocol.
func (s *Service) Protocol() op.Protocol { return s.protocol }

// Rows is the table of operations.
func (s *Service) Rows() []op.Row { return s.rows }

func (s *Service) now() time.Time {
	if s.Clock != nil {
		return s.Clock().UTC()
	}
	return time.Now().UTC()
}
