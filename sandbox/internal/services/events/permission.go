package events

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// maxPolicy is the size limit of a bus policy.
// Source: EventBridge User Guide "Amazon EventBridge quotas".
const maxPolicy = 10240

type document map[string]json.RawMessage

func (s *Service) permissionRows() []op.Row {
	return []op.Row{
		op.New("PutPermission", "EventBridge API_PutPermission", op.Write,
			onBus(s, "PutPermission", func(in *sdk.PutPermissionInput) *string { return in.EventBusName }), s.putPermission),
		op.New("RemovePermission", "EventBridge API_RemovePermission", op.Write,
			onBus(s, "RemovePermission", func(in *sdk.RemovePermissionInput) *string { return in.EventBusName }), s.removePermission),
	}
}

// setPolicy puts the bus with this policy; empty: with none.
func (s *Service) setPolicy(c *op.Call, b *bus, doc string) error {
	own := *b
	own.Modified = c.Now
	if own.Created.IsZero() {
		own.Created = c.Now
	}
	own.Policy, own.PolicyIDs, own.compiled = "", nil, nil
	if doc != "" {
		if len(doc) > maxPolicy {
			return op.Errorf(400, "PolicyLengthExceededException", "The event bus policy is too long: %d characters, the quota is %d.", len(doc), maxPolicy)
		}
		p, err := policy.Parse(b.arn(), []byte(doc), policy.Resource)
		if err != nil {
			return wrong("Policy is not valid: %v", err)
		}
		bound, err := p.ResolvePrincipals(s.principals.ResolvePrincipal)
		if err != nil {
			return wrong("Policy is not valid: it names a principal that does not exist.")
		}
		own.Policy, own.PolicyIDs, own.compiled = doc, bound.Bindings(), bound
	}
	s.buses.Put(own.key(), &own)
	return nil
}

func (b *bus) statements() ([]document, error) {
	if b.Policy == "" {
		return nil, nil
	}
	var doc struct{ Statement json.RawMessage }
	if err := json.Unmarshal([]byte(b.Policy), &doc); err != nil {
		return nil, err
	}
	var list []document
	if json.Unmarshal(doc.Statement, &list) == nil {
		return list, nil
	}
	var one document
	err := json.Unmarshal(doc.Statement, &one)
	return []document{one}, err
}

func labelled(id string) func(document) bool {
	return func(d document) bool {
		var sid string
		return json.Unmarshal(d["Sid"], &sid) == nil && sid == id
	}
}

var accountID = regexp.MustCompile(`^[0-9]{12}$`)

func (s *Service) putPermission(c *op.Call, in *sdk.PutPermissionInput) (*sdk.PutPermissionOutput, error) {
	b, err := s.known(c, in.EventBusName)
	if err != nil {
		return nil, err
	}
	if text(in.Policy) != "" {
		if in.Action != nil || in.Principal != nil || in.StatementId != nil || in.Condition != nil {
			return nil, wrong("Parameter Policy is not valid together with Action, Principal, StatementId and Condition.")
		}
		return &sdk.PutPermissionOutput{}, s.setPolicy(c, b, *in.Policy)
	}
	id, who := text(in.StatementId), text(in.Principal)
	switch {
	case id == "" || who == "" || in.Action == nil:
		return nil, wrong("Parameters Action, Principal and StatementId are required.")
	case *in.Action != "events:PutEvents":
		return nil, wrong("Provided value in parameter 'action' is not supported.")
	case who != "*" && !accountID.MatchString(who):
		return nil, wrong("Provided value in parameter 'principal' is not valid.")
	}
	st := map[string]any{"Sid": id, "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": b.arn()}
	if who != "*" {
		st["Principal"] = map[string]string{"AWS": "arn:aws:iam::" + who + ":root"}
	}
	if k := in.Condition; k != nil {
		if text(k.Type) != "StringEquals" || text(k.Key) != "aws:PrincipalOrgID" || text(k.Value) == "" {
			return nil, wrong("Parameter Condition is not valid: it is StringEquals of aws:PrincipalOrgID.")
		}
		st["Condition"] = map[string]any{"StringEquals": map[string]string{"aws:PrincipalOrgID": *k.Value}}
	}
	raw, err := json.Marshal(st)
	if err != nil {
		return nil, err
	}
	var added document
	if err := json.Unmarshal(raw, &added); err != nil {
		return nil, err
	}
	list, err := b.statements()
	if err != nil {
		return nil, err
	}
	list = append(slices.DeleteFunc(list, labelled(id)), added)
	return &sdk.PutPermissionOutput{}, s.setStatements(c, b, list)
}

func (s *Service) setStatements(c *op.Call, b *bus, list []document) error {
	if len(list) == 0 {
		return s.setPolicy(c, b, "")
	}
	doc, err := json.Marshal(struct {
		Version   string
		Statement []document
	}{"2012-10-17", list})
	if err != nil {
		return err
	}
	return s.setPolicy(c, b, string(doc))
}

func (s *Service) removePermission(c *op.Call, in *sdk.RemovePermissionInput) (*sdk.RemovePermissionOutput, error) {
	b, err := s.known(c, in.EventBusName)
	if err != nil {
		return nil, err
	}
	if in.RemoveAllPermissions {
		return &sdk.RemovePermissionOutput{}, s.setPolicy(c, b, "")
	}
	list, err := b.statements()
	if err != nil {
		return nil, err
	}
	id := text(in.StatementId)
	if !slices.ContainsFunc(list, labelled(id)) {
		if len(list) == 0 {
			return nil, missing("EventBus does not have a policy.")
		}
		return nil, missing("Statement with the provided id does not exist.")
	}
	return &sdk.RemovePermissionOutput{}, s.setStatements(c, b, slices.DeleteFunc(list, labelled(id)))
}

func sortBy[T any](list []T, key func(T) string) {
	slices.SortFunc(list, func(a, b T) int { return strings.Compare(key(a), key(b)) })
}
