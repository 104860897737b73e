package policycheck

import "sync"

// Rules lists every rule, in the order in which they are explained: the grammar,
// the vocabulary, conditions, principals, and what policies are good for.
var Rules = sync.OnceValue(func() []*Rule {
	return []*Rule{
		syntaxRule,
		unknownElement,
		unknownOperator,
		unknownVariable,
		versionVariables,
		conditionValue,
		duplicateSid,
		policySize,

		unknownAction,
		unknownResourceType,
		unknownKey,
		keyNotCarried,
		wildcardOnlyAction,
		resourceNeverMatches,
		redundantAction,
		unreachableStatement,

		operatorType,
		missingSetOperator,
		needlessSetOperator,
		forAllValuesUnguarded,
		wildcardInEquals,
		impossibleValue,
		neverTrue,
		alwaysTrue,
		denyMissesMissingKey,
		denyFiresOnMissingKey,
		sourceIPThroughService,

		principalWildcard,
		notPrincipalAllow,
		strangerMatches,
		trustNoAudience,
		trustOpenSubject,
		trustClaimNotExposed,
		trustImpossibleSubject,
	}
})

// Lookup finds a rule by its ID.
func Lookup(id string) (*Rule, bool) {
	for _, r := range Rules() {
		if r.ID == id {
			return r, true
		}
	}
	return nil, false
}
