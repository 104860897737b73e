package policy

import (
	"fmt"
	"strings"
)

// ParsePrincipal reads a caller from the text that names it: the ARN of a root
// user, a user, a role or role session, a federated user session, or an
// identity provider; or a service principal such as "ec2.amazonaws.com". A role
// ARN stands for any session of the role. There is no text for an anonymous
// caller: use the zero Principal.
func ParsePrincipal(s string) (Principal, error) {
	a, ok := splitARN(s)
	if !ok {
		switch s {
		case "accounts.google.com", "graph.facebook.com", "www.amazon.com":
			return Principal{Type: WebIdentity, ARN: s}, nil
		}
		if strings.HasSuffix(s, ".amazonaws.com") || strings.HasSuffix(s, ".amazonaws.com.cn") {
			return Principal{Type: Service, ARN: s}, nil
		}
		return Principal{}, fmt.Errorf("principal %q is neither an ARN nor a service principal", s)
	}
	kind, rest, _ := strings.Cut(a.resource, "/")
	p := Principal{ARN: s, Account: a.account}
	switch {
	case !isAccountID(a.account):
		return Principal{}, fmt.Errorf("principal %q has no 12-digit account ID", s)
	case a.service == "iam" && a.resource == "root":
		p.Type = Root
	case a.service == "iam" && kind == "user" && rest != "":
		p.Type = User
	case a.service == "iam" && kind == "role" && rest != "":
		p.Type, p.RoleARN = AssumedRole, s
		// Source: IAM User Guide, id_roles_create-service-linked-role.
		p.ServiceLinked = strings.HasPrefix(rest, "aws-service-role/")
	case a.service == "sts" && kind == "assumed-role" && strings.Count(rest, "/") == 1:
		p.Type = AssumedRole
		// Choice service-linked-by-name.
		p.ServiceLinked = strings.HasPrefix(rest, "AWSServiceRoleFor")
	case a.service == "sts" && kind == "federated-user" && rest != "":
		p.Type = FederatedUser
	case a.service == "iam" && (kind == "oidc-provider" || kind == "saml-provider") && rest != "":
		p.Type = WebIdentity
	default:
		return Principal{}, fmt.Errorf("principal %q is not something that makes requests", s)
	}
	return p, nil
}
