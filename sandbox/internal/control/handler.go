package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/sandbox/internal/forge"
)

// maxBody is above any policy and any token request.
const maxBody = 1 << 20

// Handler serves the control API. Strip the secret part of the path before it.
func Handler(s Sandbox) http.Handler {
	mux := http.NewServeMux()
	handle(mux, tokenPath, func(r oidc.TokenRequest) (tokenAnswer, error) {
		token, err := s.MintToken(r)
		return tokenAnswer{token}, err
	})
	handle(mux, accessPath, func(r forge.AccessRequest) (*forge.Access, error) {
		return s.MintAccess(r)
	})
	handle(mux, environmentPath, func(r environmentRequest) (Environment, error) {
		return s.Environment(r.Account)
	})
	handle(mux, scpPath, func(r SCP) (empty, error) {
		return empty{}, s.AttachPolicy(r)
	})
	handle(mux, guardrailsPath, func(r guardrailsRequest) (Guardrails, error) {
		return s.Guardrails(r.Account)
	})
	handle(mux, deliveriesPath, func(empty) (Deliveries, error) {
		return s.Deliveries()
	})
	handle(mux, advancePath, func(a Advance) (Advanced, error) {
		return s.AdvanceTime(a)
	})
	handle(mux, emitPath, func(h Handed) (empty, error) {
		return empty{}, s.EmitEvent(h)
	})
	handle(mux, recordPath, func(h Handed) (empty, error) {
		return empty{}, s.PutRecord(h)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusNotFound, errorAnswer{fmt.Sprintf("the sandbox's control API has no %s %s", r.Method, r.URL.Path)})
	})
	return mux
}

func handle[In, Out any](mux *http.ServeMux, path string, do func(In) (Out, error)) {
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
		var in In
		if err := decode(http.MaxBytesReader(w, r.Body, maxBody), &in); err != nil {
			answer(w, http.StatusBadRequest, errorAnswer{err.Error()})
			return
		}
		out, err := do(in)
		if err != nil {
			answer(w, http.StatusBadRequest, errorAnswer{err.Error()})
			return
		}
		answer(w, http.StatusOK, out)
	})
}

// decode reads exactly one JSON object without unknown fields.
func decode(r io.Reader, in any) error {
	dec := json.NewDecoder(r)
	dec.DisallowUnknownFields()
	if err := dec.Decode(in); err != nil {
		return fmt.Errorf("the request is not the JSON object that was expected: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("the request has more than one JSON object")
	}
	return nil
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that went away needs no answer.
	_ = json.NewEncoder(w).Encode(body)
}
