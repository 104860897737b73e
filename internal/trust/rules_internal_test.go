package trust

import "slices"

// RuleIDs are the ids of everything that can never match or is dangerous, for the
// golden tests to be complete. The rules of modules/automation-iam keep their own
// ids.
func RuleIDs() (ids []string) {
	for _, i := range slices.Concat(impossibleKeys, impossibleValues) {
		if i.id != "" {
			ids = append(ids, i.id)
		}
	}
	for _, d := range dangers {
		ids = append(ids, d.id)
	}
	return append(ids, "owner-wildcard", "subject-of-anyone", "principal-issuer-form", "action-assume-role")
}
