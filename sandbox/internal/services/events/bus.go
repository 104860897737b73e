package events

import (
	"strings"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
	"github.com/strongroom-dev/strongroom/sandbox/internal/tags"
)

// bus is an event bus. Every account has one called default in every region, which has
// a record only once it has a policy, tags or a description.
type bus struct {
	Name, Account, Region, Description string
	Created, Modified                  time.Time
	// Policy is its text, PolicyIDs the principals that it named when it was set.
	Policy    string
	PolicyIDs map[string]string
	Tags      map[string]string

	compiled *policy.Policy
}

const defaultBus = "default"

func (b *bus) arn() string {
	return "arn:aws:events:" + b.Region + ":" + b.Account + ":event-bus/" + b.Name
}

func (b *bus) key() string { return place(b.Account, b.Region) + b.Name }

// Loaded compiles the policy after the record was read from disk.
func (b *bus) Loaded() error {
	if b.Policy == "" {
		return nil
	}
	p, err := policy.Parse(b.arn(), []byte(b.Policy), policy.Resource)
	if err != nil {
		return err
	}
	b.compiled, err = p.ResolvePrincipals(func(arn string) (string, bool) {
		id, ok := b.PolicyIDs[arn]
		return id, ok
	})
	return err
}

func (b *bus) resource() op.Resource {
	return op.Resource{ARN: b.arn(), Account: b.Account, Policy: b.compiled, Tags: b.Tags}
}

// find returns a bus, nil if there is none.
func (s *Service) find(account, region, name string) *bus {
	if b := s.buses.Get(place(account, region) + name); b != nil || name != defaultBus {
		return b
	}
	return &bus{Name: defaultBus, Account: account, Region: region}
}

// locate reads the name or the ARN of a bus; none: the default one.
func locate(c *op.Call, name *string) (account, bus string, err error) {
	if text(name) == "" {
		return c.Caller.Account, defaultBus, nil
	}
	if !strings.HasPrefix(*name, "arn:") {
		if !nameForm.MatchString(*name) || len(*name) > 256 {
			return "", "", wrong("Parameter EventBusName is not valid.")
		}
		return c.Caller.Account, *name, nil
	}
	region, account, resource, ok := arnParts(*name)
	bus, isBus := strings.CutPrefix(resource, "event-bus/")
	if !ok || !isBus || !nameForm.MatchString(bus) {
		return "", "", wrong("Parameter EventBusName is not valid.")
	}
	if region != c.Region {
		return "", "", refuse("buses of other regions")
	}
	return account, bus, nil
}

// own is locate for operations on the caller's own buses.
func (s *Service) own(c *op.Call, name *string) (string, error) {
	account, bus, err := locate(c, name)
	if err == nil && account != c.Caller.Account {
		err = refuse("rules on the buses of other accounts")
	}
	return bus, err
}

// busCheck is the check of an action on one of the caller's buses, there or not.
func (s *Service) busCheck(c *op.Call, action, name string, keys ...op.Key) []op.Check {
	b := s.find(c.Caller.Account, c.Region, name)
	if b == nil {
		b = &bus{Name: name, Account: c.Caller.Account, Region: c.Region}
	}
	return []op.Check{{Action: "events:" + action, Resource: b.resource(), Context: keys}}
}

func onBus[In any](s *Service, action string, name func(*In) *string) func(*op.Call, *In) ([]op.Check, error) {
	return func(c *op.Call, in *In) ([]op.Check, error) {
		bus, err := s.own(c, name(in))
		if err != nil {
			return nil, err
		}
		return s.busCheck(c, action, bus), nil
	}
}

// known returns one of the caller's buses, which must be there.
func (s *Service) known(c *op.Call, name *string) (*bus, error) {
	n, err := s.own(c, name)
	if err != nil {
		return nil, err
	}
	if b := s.find(c.Caller.Account, c.Region, n); b != nil {
		return b, nil
	}
	return nil, missing("Event bus %s does not exist.", n)
}

// plainBus refuses what the sandbox's buses cannot.
func plainBus(letters *types.DeadLetterConfig, key *string, log *types.LogConfig) error {
	switch {
	case letters != nil && text(letters.Arn) != "":
		return refuse("dead-letter queues of buses")
	case text(key) != "":
		return refuse("customer managed keys of buses (KmsKeyIdentifier)")
	case log != nil && log.Level != "" && log.Level != types.LevelOff:
		return refuse("logs of buses (LogConfig)")
	}
	return nil
}

func (s *Service) busRows() []op.Row {
	return []op.Row{
		op.New("CreateEventBus", "EventBridge API_CreateEventBus", op.Write, s.checkCreateBus, s.createBus),
		op.New("UpdateEventBus", "EventBridge API_UpdateEventBus", op.Write,
			onBus(s, "UpdateEventBus", func(in *sdk.UpdateEventBusInput) *string { return in.Name }), s.updateBus),
		op.New("DescribeEventBus", "EventBridge API_DescribeEventBus", op.Read,
			onBus(s, "DescribeEventBus", func(in *sdk.DescribeEventBusInput) *string { return in.Name }), s.describeBus),
		op.New("DeleteEventBus", "EventBridge API_DeleteEventBus", op.Write,
			onBus(s, "DeleteEventBus", func(in *sdk.DeleteEventBusInput) *string { return in.Name }), s.deleteBus),
		op.New("ListEventBuses", "EventBridge API_ListEventBuses", op.Read,
			func(c *op.Call, _ *sdk.ListEventBusesInput) ([]op.Check, error) {
				return anywhere(c, "ListEventBuses"), nil
			}, s.listBuses),
	}
}

func (s *Service) checkCreateBus(c *op.Call, in *sdk.CreateEventBusInput) ([]op.Check, error) {
	if in.EventSourceName != nil {
		return nil, refuse("partner event sources")
	}
	if err := plainBus(in.DeadLetterConfig, in.KmsKeyIdentifier, in.LogConfig); err != nil {
		return nil, err
	}
	if n := text(in.Name); !nameForm.MatchString(n) || len(n) > 256 || n == defaultBus {
		return nil, wrong("Parameter Name is not valid.")
	}
	asked, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	checks := s.busCheck(c, "CreateEventBus", *in.Name, tags.RequestKeys(asked)...)
	if len(asked) > 0 { // Source: EventBridge User Guide "Tagging": creating with tags needs events:TagResource
		tag := checks[0]
		tag.Action = "events:TagResource"
		checks = append(checks, tag)
	}
	return checks, nil
}

func (s *Service) createBus(c *op.Call, in *sdk.CreateEventBusInput) (*sdk.CreateEventBusOutput, error) {
	asked, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	b := &bus{Name: *in.Name, Account: c.Caller.Account, Region: c.Region, Description: text(in.Description), Created: c.Now, Modified: c.Now, Tags: asked}
	if s.buses.Get(b.key()) != nil {
		return nil, op.Errorf(400, "ResourceAlreadyExistsException", "Event bus %s already exists.", b.Name)
	}
	s.buses.Put(b.key(), b)
	return &sdk.CreateEventBusOutput{EventBusArn: new(b.arn()), Description: optional(b.Description)}, nil
}

func (s *Service) updateBus(c *op.Call, in *sdk.UpdateEventBusInput) (*sdk.UpdateEventBusOutput, error) {
	if err := plainBus(in.DeadLetterConfig, in.KmsKeyIdentifier, in.LogConfig); err != nil {
		return nil, err
	}
	b, err := s.known(c, in.Name)
	if err != nil {
		return nil, err
	}
	own := *b
	own.Description, own.Modified = text(in.Description), c.Now
	s.buses.Put(own.key(), &own)
	return &sdk.UpdateEventBusOutput{Arn: new(own.arn()), Name: &own.Name, Description: optional(own.Description)}, nil
}

func (s *Service) describeBus(c *op.Call, in *sdk.DescribeEventBusInput) (*sdk.DescribeEventBusOutput, error) {
	b, err := s.known(c, in.Name)
	if err != nil {
		return nil, err
	}
	out := &sdk.DescribeEventBusOutput{Arn: new(b.arn()), Name: &b.Name, Description: optional(b.Description), Policy: optional(b.Policy)}
	if !b.Created.IsZero() {
		out.CreationTime, out.LastModifiedTime = &b.Created, &b.Modified
	}
	return out, nil
}

// deleteBus: a bus that is not there is no error; one with rules stays.
func (s *Service) deleteBus(c *op.Call, in *sdk.DeleteEventBusInput) (*sdk.DeleteEventBusOutput, error) {
	name, err := s.own(c, in.Name)
	if err != nil {
		return nil, err
	}
	if name == defaultBus {
		return nil, wrong("Cannot delete event bus default.")
	}
	for range s.rules.Prefix(place(c.Caller.Account, c.Region) + name + "/") {
		return nil, wrong("Event bus %s can't be deleted since it has rules.", name)
	}
	s.buses.Delete(place(c.Caller.Account, c.Region) + name)
	return &sdk.DeleteEventBusOutput{}, nil
}

func (s *Service) listBuses(c *op.Call, in *sdk.ListEventBusesInput) (*sdk.ListEventBusesOutput, error) {
	all := []*bus{}
	if s.buses.Get(place(c.Caller.Account, c.Region)+defaultBus) == nil {
		all = append(all, s.find(c.Caller.Account, c.Region, defaultBus))
	}
	for _, b := range s.buses.Prefix(place(c.Caller.Account, c.Region)) {
		all = append(all, b)
	}
	out := &sdk.ListEventBusesOutput{EventBuses: []types.EventBus{}}
	sortBy(all, func(b *bus) string { return b.Name })
	part, next, err := page(all, func(b *bus) string { return b.Name }, in.Limit, in.NextToken)
	if err != nil {
		return nil, err
	}
	for _, b := range part {
		if !strings.HasPrefix(b.Name, text(in.NamePrefix)) {
			continue
		}
		v := types.EventBus{Arn: new(b.arn()), Name: &b.Name, Description: optional(b.Description), Policy: optional(b.Policy)}
		if !b.Created.IsZero() {
			v.CreationTime, v.LastModifiedTime = &b.Created, &b.Modified
		}
		out.EventBuses = append(out.EventBuses, v)
	}
	out.NextToken = next
	return out, nil
}
