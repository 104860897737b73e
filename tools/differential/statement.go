package main

import "strings"

// statement writes one around the request at hand.
func (g *generator) statement(effect string, principal bool, conditions int) map[string]any {
	s := map[string]any{"Effect": effect}
	trust := principal && g.q.action == roleQuestion.action
	if principal {
		element := "Principal"
		if effect == "Deny" && !trust && g.one(5) {
			element = "NotPrincipal"
		}
		s[element] = g.principal(element)
	}
	if g.one(10) {
		s["NotAction"] = g.several(g.action)
	} else {
		s["Action"] = g.several(g.action)
	}
	switch {
	case trust:
	case g.one(10):
		s["NotResource"] = g.several(g.resource)
	default:
		s["Resource"] = g.several(g.resource)
	}
	if conditions > 0 {
		s["Condition"] = g.conditions(conditions)
	}
	return s
}

// action is the one asked for, in a form that a policy may have, or near it.
func (g *generator) action() string {
	service, name, _ := strings.Cut(g.q.action, ":")
	switch g.IntN(12) {
	case 0:
		return "*"
	case 1, 2:
		return service + ":*"
	case 3:
		return service + ":" + name[:3] + "*"
	case 4:
		return service + ":" + name[:2] + "?" + name[3:]
	case 5:
		return strings.ToUpper(service) + ":" + strings.ToLower(name)
	case 6:
		return service + ":*" + name[len(name)-4:]
	case 7, 8:
		return g.pick(g.q.nearAction)
	}
	return g.q.action
}

// resource is the one asked for, in a form that a policy may have, or near it.
func (g *generator) resource() string {
	r := g.q.resource
	if r == "*" {
		if g.one(3) {
			return g.pick(g.q.nearResource)
		}
		return "*"
	}
	parts := strings.SplitN(r, ":", 6)
	join := func() string { return strings.Join(parts, ":") }
	switch g.IntN(16) {
	case 0, 1:
		return "*"
	case 2:
		parts[5] = "*"
		return join()
	case 3:
		parts[3], parts[4] = "*", "*"
		return join()
	case 4:
		parts[5] = parts[5][:len(parts[5])-2] + "*"
		return join()
	case 5:
		at := 1 + g.IntN(len(parts[5])-1)
		parts[5] = parts[5][:at] + "?" + parts[5][at+1:]
		return join()
	case 6:
		at := 1 + g.IntN(len(parts[5])-1)
		parts[5] = parts[5][:at] + "*" + parts[5][at:]
		return join()
	case 7, 8:
		return g.pick(g.q.nearResource)
	case 9:
		// A tag of the caller in the place of the end.
		at := 1 + g.IntN(len(parts[5])-1)
		if _, ok := g.context["aws:PrincipalTag/part"]; !ok {
			g.context["aws:PrincipalTag/part"] = parts[5][at:]
			if g.one(4) {
				delete(g.context, "aws:PrincipalTag/part")
			}
		}
		if v, ok := g.context["aws:PrincipalTag/part"].(string); ok && !strings.HasSuffix(parts[5], v) {
			parts[5] += v
		}
		parts[5] = parts[5][:at] + g.pick([]string{"${aws:PrincipalTag/part}", "${aws:PrincipalTag/part, 'none'}", "${aws:principaltag/part}"})
		return join()
	case 10:
		at := 1 + g.IntN(len(parts[5])-1)
		parts[5] = parts[5][:at] + g.pick([]string{"${*}", "${?}", "${$}"}) + parts[5][at:]
		return join()
	}
	return r
}

// principal is a value for Principal or NotPrincipal.
func (g *generator) principal(element string) any {
	if element == "Principal" && g.one(6) {
		return "*"
	}
	who := string(g.c.Request.Principal)
	if who == "" || strings.HasSuffix(who, ".amazonaws.com") {
		switch g.IntN(4) {
		case 0:
			return map[string]any{"Service": g.several(func() string { return g.pick([]string{"cloudtrail.amazonaws.com", "ec2.amazonaws.com"}) })}
		case 1:
			return map[string]any{"AWS": "111122223333", "Service": "cloudtrail.amazonaws.com"}
		}
		return map[string]any{"AWS": "*"}
	}
	return map[string]any{"AWS": g.several(func() string { return g.principalValue(who) })}
}

func (g *generator) principalValue(who string) string {
	account := strings.Split(who, ":")[4]
	switch g.IntN(10) {
	case 0:
		return account
	case 1, 2:
		return "arn:aws:iam::" + account + ":root"
	case 3:
		return "arn:aws:iam::" + there + ":root"
	case 4:
		return g.pick(callers)
	case 5, 6, 7:
		if rest, ok := strings.CutPrefix(who, "arn:aws:sts::"+account+":assumed-role/"); ok {
			name, _, _ := strings.Cut(rest, "/")
			return "arn:aws:iam::" + account + ":role/" + name
		}
	}
	return who
}
