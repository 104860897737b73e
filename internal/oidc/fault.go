package oidc

import (
	"fmt"
	"slices"
)

// Fault makes a token that a verifier must refuse. The claims stay those of an
// honest token, so that only the fault can be the reason.
type Fault string

const (
	// Honest is no fault: the issuer's key, and valid now.
	Honest Fault = ""
	// Forged is signed by a stranger's key under the issuer's key ID.
	Forged Fault = "forged"
	// UnknownKey is signed by a stranger's key under that key's own ID.
	UnknownKey Fault = "unknown-key"
	// AlgNone has "alg": "none" and no signature.
	AlgNone Fault = "alg-none"
	// HS256 is signed by HMAC with the issuer's public key (in PEM) as secret.
	HS256 Fault = "hs256"
	// Tampered has a claim changed after signing.
	Tampered Fault = "tampered"
	// Expired ended an hour ago.
	Expired Fault = "expired"
	// NotYetValid begins an hour from now.
	NotYetValid Fault = "not-yet-valid"
)

// Faults lists every fault but Honest.
func Faults() []Fault {
	return []Fault{Forged, UnknownKey, AlgNone, HS256, Tampered, Expired, NotYetValid}
}

// checkFault refuses a fault that is not known.
func checkFault(fault Fault) error {
	if fault == Honest || slices.Contains(Faults(), fault) {
		return nil
	}
	return fmt.Errorf("fault %q is not one of %q", fault, Faults())
}
