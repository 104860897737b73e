package sns

import (
	"encoding/json"
	"slices"
	"strings"

	sdk "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/strongroom-dev/strongroom/policy"
	"github.com/strongroom-dev/strongroom/sandbox/internal/op"
)

// defaultPolicy is the policy of a new topic.
// Source: SNS Developer Guide "Amazon SNS policy keys"; GetTopicAttributes of a new topic.
func defaultPolicy(t *topic) string {
	return `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},` +
		`"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],` +
		`"Resource":"` + t.ARN + `","Condition":{"StringEquals":{"AWS:SourceOwner":"` + t.Account + `"}}}]}`
}

// policyActions are the actions that a topic policy may name, and Receive, which it
// may still name though it is no action any more. A pattern such as sns:* and the
// actions on subscriptions are "out of service scope".
// Source: SNS Developer Guide "Amazon SNS API permissions: Actions and resources
// reference". That patterns are refused is known from reports of users alone.
var policyActions = []string{
	"addpermission", "deletetopic", "getdataprotectionpolicy", "gettopicattributes", "listsubscriptionsbytopic", "listtagsforresource",
	"publish", "putdataprotectionpolicy", "receive", "removepermission", "settopicattributes", "subscribe",
}

type words []string

func (w *words) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(w))
}

type statement struct{ Action, NotAction words }

type statements []statement

func (l *statements) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		*l = make(statements, 1)
		return json.Unmarshal(data, &(*l)[0])
	}
	return json.Unmarshal(data, (*[]statement)(l))
}

// maxPolicy is the size limit of a topic policy.
// Source: AWS General Reference "Amazon SNS endpoints and quotas".
const maxPolicy = 30 << 10

// setPolicy compiles a policy onto a topic that is not put yet.
func (s *Service) setPolicy(t *topic, doc string) error {
	if len(doc) > maxPolicy {
		return invalid("Policy Reason: Policy is too large")
	}
	p, err := policy.Parse(t.ARN, []byte(doc), policy.Resource)
	if err != nil {
		return invalid("Policy Error: %v", err)
	}
	var read struct{ Statement statements }
	if err := json.Unmarshal([]byte(doc), &read); err != nil {
		return invalid("Policy Error: %v", err)
	}
	for _, st := range read.Statement {
		for _, action := range slices.Concat(st.Action, st.NotAction) {
			prefix, name, _ := strings.Cut(strings.ToLower(action), ":")
			if prefix != "sns" || !slices.Contains(policyActions, name) {
				return invalid("Policy statement action out of service scope!")
			}
		}
	}
	bound, err := p.ResolvePrincipals(s.principals.ResolvePrincipal)
	if err != nil {
		return invalid("Policy Error: PrincipalNotFound")
	}
	t.Policy, t.PolicyIDs, t.compiled = doc, bound.Bindings(), bound
	return nil
}

func (s *Service) permissionRows() []op.Row {
	return []op.Row{
		op.New("AddPermission", "SNS API_AddPermission", op.Write,
			topicCheck(s, "AddPermission", func(in *sdk.AddPermissionInput) *string { return in.TopicArn }), s.addPermission),
		op.New("RemovePermission", "SNS API_RemovePermission", op.Write,
			topicCheck(s, "RemovePermission", func(in *sdk.RemovePermissionInput) *string { return in.TopicArn }), s.removePermission),
	}
}

type document map[string]json.RawMessage

// edit changes the statements of the topic's policy, each with its Sid.
func (s *Service) edit(t *topic, change func(list []document) ([]document, error)) error {
	var doc document
	if err := json.Unmarshal([]byte(t.Policy), &doc); err != nil {
		return invalid("Policy Error: %v", err)
	}
	var list []document
	if json.Unmarshal(doc["Statement"], &list) != nil {
		list = make([]document, 1)
		if err := json.Unmarshal(doc["Statement"], &list[0]); err != nil {
			return invalid("Policy Error: %v", err)
		}
	}
	list, err := change(list)
	if err != nil {
		return err
	}
	if doc["Statement"], err = json.Marshal(list); err != nil {
		return err
	}
	out, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	t = t.copy()
	if err := s.setPolicy(t, string(out)); err != nil {
		return err
	}
	s.topics.Put(t.ARN, t)
	return nil
}

func labelled(label string) func(document) bool {
	return func(d document) bool {
		var sid string
		return json.Unmarshal(d["Sid"], &sid) == nil && sid == label
	}
}

func (s *Service) addPermission(_ *op.Call, in *sdk.AddPermissionInput) (*sdk.AddPermissionOutput, error) {
	t, err := s.existing(in.TopicArn)
	if err != nil {
		return nil, err
	}
	label := text(in.Label)
	if label == "" || len(in.AWSAccountId) == 0 || len(in.ActionName) == 0 {
		return nil, invalid("Label, AWSAccountId and ActionName are required")
	}
	var who, what []string
	for _, id := range in.AWSAccountId {
		who = append(who, "arn:aws:iam::"+id+":root")
	}
	for _, name := range in.ActionName {
		what = append(what, "SNS:"+name)
	}
	raw, err := json.Marshal(map[string]any{"Sid": label, "Effect": "Allow", "Principal": map[string]any{"AWS": who}, "Action": what, "Resource": t.ARN})
	if err != nil {
		return nil, err
	}
	err = s.edit(t, func(list []document) ([]document, error) {
		if slices.ContainsFunc(list, labelled(label)) {
			return nil, invalid("Statement already exists")
		}
		var st document
		err := json.Unmarshal(raw, &st)
		return append(list, st), err
	})
	return &sdk.AddPermissionOutput{}, err
}

func (s *Service) removePermission(_ *op.Call, in *sdk.RemovePermissionInput) (*sdk.RemovePermissionOutput, error) {
	t, err := s.existing(in.TopicArn)
	if err != nil {
		return nil, err
	}
	err = s.edit(t, func(list []document) ([]document, error) {
		rest := slices.DeleteFunc(list, labelled(text(in.Label)))
		if len(rest) == 0 {
			return nil, invalid("Label Reason: the policy would have no statement left")
		}
		return rest, nil
	})
	return &sdk.RemovePermissionOutput{}, err
}
