package forge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxState is the size of a state that is taken, when Options say none. GitLab.com's
// limit (max_terraform_state_size_bytes) is not documented, a GitLab of one's own has
// none.
const maxState = 512 << 20

// maxName bounds a state's name and a lock's ID.
// Source: state.rb, limit: 255.
const maxName = 255

// serveAPI answers a request below /api of a GitLab. path is the escaped path without
// the GitLab's own.
func (f *Forge) serveAPI(w http.ResponseWriter, r *http.Request, is *issuer, path string) {
	id, err := uuid(f.rand)
	if err != nil {
		http.Error(w, "the sandbox has no random numbers", http.StatusServiceUnavailable)
		return
	}
	e := Event{Time: f.clock().UTC(), RequestID: id, Issuer: is.url, Method: r.Method, Path: is.path + path}
	a := f.answerAPI(w, r, is, path, &e)
	e.Status, e.Message = a.status, a.reason()
	f.observe(e)
	a.write(w, id)
}

func (f *Forge) answerAPI(w http.ResponseWriter, r *http.Request, is *issuer, path string, e *Event) *answer {
	rest, isV4 := strings.CutPrefix(path, "/api/v4/")
	rt, known, ok := parseRoute(rest)
	if !isV4 || !known {
		return &answer{status: http.StatusNotFound, json: map[string]string{
			"error": "404 Not Found", "message": fmt.Sprintf("the sandbox's GitLab answers /api/v4/projects/:id/terraform/state only, not %s %s", r.Method, path)}}
	}
	if !ok {
		return &answer{status: http.StatusNotFound, json: map[string]string{"error": "404 Not Found"}}
	}
	e.Operation, e.State, e.Serial = operations[rt.kind][r.Method], rt.name, rt.serial
	if e.Operation == "" {
		return &answer{status: http.StatusMethodNotAllowed, json: map[string]string{"error": "405 Not Allowed"}, allow: rt.kind.allowed()}
	}
	if rt.kind == authorizeRoute {
		return &answer{status: http.StatusForbidden, json: message("403 Forbidden - Request should be executed via GitLab Workhorse")}
	}
	// The body is read before anything is locked. One that is too large is refused
	// only once the caller is known.
	limit := f.maxState
	if rt.kind == lockRoute {
		limit = 1 << 20
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	if err != nil && !errors.As(err, &tooLarge) {
		return invalid("the request's body ended early")
	}
	do := f.db.View
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		do = f.db.Update
	}
	var a *answer
	err = do(func() error {
		a, err = f.decide(r, is, rt, e, body, tooLarge != nil)
		return err
	})
	if err != nil {
		// Not a 500, which engines would ask again.
		f.log.Error("a request to GitLab's API was refused by a fault of the sandbox", "operation", e.Operation, "error", err)
		return &answer{status: http.StatusBadRequest, json: message("the sandbox failed on " + e.Operation + " and refused it; its log says why")}
	}
	return a
}

// decide does what was asked, inside a View or an Update. Its error is a fault of the
// sandbox's own.
func (f *Forge) decide(r *http.Request, is *issuer, rt route, e *Event, body []byte, tooLarge bool) (*answer, error) {
	c, refused := f.authenticate(is, r)
	if refused != nil {
		return refused, nil
	}
	e.User, e.Token = c.user, c.kind
	role := adminsState
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		role = readsState
	}
	p, refused := f.authorize(is, rt.project, c, role)
	if p != nil {
		e.ProjectID = p.ID
	}
	if refused != nil {
		return refused, nil
	}
	if len(rt.name) > maxName && rt.kind != versionRoute {
		return invalid("name name must be less than 255 characters"), nil
	}
	key := join(is.url, p.ID, rt.name)
	switch e.Operation {
	case "GetState":
		return f.getState(key)
	case "WriteState":
		return f.writeState(r.URL.Query(), key, c, e, body, tooLarge)
	case "DeleteState":
		if err := f.remove(key); err != nil {
			return notFound(), nil
		}
		return empty(http.StatusOK), nil
	case "LockState":
		return f.lockState(r, key, c, body, tooLarge)
	case "UnlockState":
		return f.unlockState(r, key, body, tooLarge)
	default:
		return f.onVersion(r.Method, key, rt.serial)
	}
}

// notFound is the answer about a state that is not there.
func notFound() *answer {
	return &answer{status: http.StatusNotFound, json: message("404 Not found")}
}

func (f *Forge) getState(key string) (*answer, error) {
	if f.states.Get(key) == nil {
		return notFound(), nil
	}
	v := f.latest(key)
	if v == nil {
		return empty(http.StatusNoContent), nil
	}
	return f.content(key, v)
}

func (f *Forge) content(key string, v *version) (*answer, error) {
	plain, err := f.open(versionKey(key, v.Serial), v.Sealed)
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusOK, raw: plain}, nil
}

// writeState adds a version. GitLab looks at the serial alone: not at the lineage, not
// at the Content-MD5 header that engines send, not at whether the serial is the next.
func (f *Forge) writeState(q url.Values, key string, c caller, e *Event, body []byte, tooLarge bool) (*answer, error) {
	switch {
	case tooLarge:
		return &answer{status: http.StatusRequestEntityTooLarge, json: message("413 Request Entity Too Large")}, nil
	case len(body) == 0:
		return empty(http.StatusNoContent), nil
	}
	var lock *string
	if q.Has("ID") {
		id := q.Get("ID")
		if lock = &id; len(id) > maxName {
			return invalid("ID ID must be less than 255 characters"), nil
		}
	}
	var head struct {
		Serial *int64 `json:"serial"`
	}
	if !json.Valid(body) {
		return &answer{status: http.StatusUnprocessableEntity, json: message("invalid JSON")}, nil
	}
	if err := json.Unmarshal(body, &head); err != nil || head.Serial == nil || *head.Serial < 0 {
		return &answer{status: http.StatusUnprocessableEntity, json: message("No serial in payload")}, nil
	}
	e.Serial = strconv.FormatInt(*head.Serial, 10)
	s, err := f.write(key, lock, *head.Serial, body, c.jobID)
	switch {
	case errors.Is(err, errDuplicate):
		// The message is the database's.
		return &answer{status: http.StatusUnprocessableEntity, json: message(fmt.Sprintf(
			"PG::UniqueViolation: ERROR:  duplicate key value violates unique constraint \"index_terraform_state_versions_on_state_id_and_version\"\nDETAIL:  Key (terraform_state_id, version)=(%s, %d) already exists.\n", s.ID, *head.Serial))}, nil
	case errors.Is(err, errLocked):
		// GitLab raises StateLockedError here, which nothing catches: a 500, which
		// engines repeat. The sandbox refuses as well, and says why. Choice
		// gitlab-wrong-lock.
		if s.LockID == "" {
			return &answer{status: http.StatusConflict, json: message("409 Conflict: the state is not locked by the ID of the request")}, nil
		}
		a := lockedBy(http.StatusLocked, s, nil)
		return a, nil
	case err != nil:
		return nil, err
	}
	return empty(http.StatusOK), nil
}

// lockParams are what a lock request must name, in the order of its refusal.
var lockParams = []string{"ID", "Operation", "Info", "Who", "Version", "Created", "Path"}

// lockState takes the lock, or tells who has it. GitLab answers 409 and not 423. A GitLab
// that cannot lock its own record in time answers 409 as well, without a holder; here no
// request waits for another. Choice gitlab-no-contention.
func (f *Forge) lockState(r *http.Request, key string, c caller, body []byte, tooLarge bool) (*answer, error) {
	all, refused := parameters(r, body, tooLarge)
	if refused != nil {
		return refused, nil
	}
	var missing []string
	for _, name := range lockParams {
		if _, ok := all[name]; !ok {
			missing = append(missing, name+" is missing")
		}
	}
	id := all.text("ID")
	switch {
	case len(missing) > 0:
		return invalid(strings.Join(missing, ", ")), nil
	case len(id) > maxName:
		return invalid("ID ID must be less than 255 characters"), nil
	case id == "":
		return invalid("ID is empty"), nil // GitLab: an ArgumentError, and so a 500
	}
	s, err := f.lock(key, id, c.user)
	switch {
	case errors.Is(err, errLocked):
		return lockedBy(http.StatusConflict, s, all), nil
	case err != nil:
		return nil, err
	}
	return lockedBy(http.StatusOK, s, all), nil
}

// lockedBy is the body that engines read the holder from. Only ID, Who and Created are
// the holder's: GitLab fills in the rest from the request that it refuses.
func lockedBy(status int, s *state, asked params) *answer {
	info := struct {
		Operation, Info, Version, Path, ID, Who, Created string
	}{asked.text("Operation"), asked.text("Info"), asked.text("Version"), asked.text("Path"), s.LockID, s.LockedBy, s.LockedAt.Format("2006-01-02T15:04:05.000Z07:00")}
	raw, err := json.Marshal(info)
	if err != nil { // strings
		panic(err)
	}
	return &answer{status: status, raw: raw}
}

// unlockState gives the lock up. Without an ID, or with one that is null, it breaks
// whoever's it is.
func (f *Forge) unlockState(r *http.Request, key string, body []byte, tooLarge bool) (*answer, error) {
	all, refused := parameters(r, body, tooLarge)
	if refused != nil {
		return refused, nil
	}
	lock := all["ID"]
	if lock != nil && len(*lock) > maxName {
		return invalid("ID ID must be less than 255 characters"), nil
	}
	err := f.unlock(key, lock)
	switch {
	case errors.Is(err, errLocked):
		return empty(http.StatusConflict), nil
	case err != nil:
		return nil, err
	}
	return empty(http.StatusOK), nil
}

// params are the parameters of a request; nil: null.
type params map[string]*string

// text is a parameter's text, empty for one that is not there.
func (p params) text(name string) string {
	if v := p[name]; v != nil {
		return *v
	}
	return ""
}

// parameters are the query's and the body's, the body's first: JSON, which a body without
// a content type is as well, or a form. JSON that is no object has no parameters, and a
// member that is null is there.
//
// Source: Grape's lib/grape/middleware/formatter.rb and its presence validator; GitLab's
// lib/api/api.rb: JSON is the API's only format.
func parameters(r *http.Request, body []byte, tooLarge bool) (params, *answer) {
	if tooLarge {
		return nil, &answer{status: http.StatusRequestEntityTooLarge, json: message("413 Request Entity Too Large")}
	}
	all := params{}
	for name, values := range r.URL.Query() {
		all[name] = &values[len(values)-1]
	}
	if len(body) == 0 {
		return all, nil
	}
	header := r.Header.Get("Content-Type")
	kind, _, err := mime.ParseMediaType(header)
	if err != nil && kind == "" {
		kind = header
	}
	switch kind {
	case "", "application/json":
		var whole any
		if err := json.Unmarshal(body, &whole); err != nil {
			return nil, invalid("message body does not match declared format")
		}
		members, _ := whole.(map[string]any)
		for name, value := range members {
			switch v := value.(type) {
			case nil:
				all[name] = nil
			case string:
				all[name] = &v
			default:
				all[name] = new(fmt.Sprint(v))
			}
		}
	case "application/x-www-form-urlencoded":
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, invalid("message body does not match declared format")
		}
		for name, values := range form {
			all[name] = &values[len(values)-1]
		}
	default:
		return nil, &answer{status: http.StatusUnsupportedMediaType, json: map[string]string{
			"error": "The provided content-type '" + kind + "' is not supported."}}
	}
	return all, nil
}

// onVersion reads or deletes a version. Deleting asks neither for the lock nor whether
// the version is the latest.
func (f *Forge) onVersion(method, key, serial string) (*answer, error) {
	n, err := strconv.ParseInt(serial, 10, 64)
	if err != nil {
		return invalid("serial is invalid"), nil
	}
	if f.states.Get(key) == nil {
		return notFound(), nil
	}
	at := versionKey(key, n)
	v := f.versions.Get(at)
	if v == nil {
		return &answer{status: http.StatusNotFound, json: message("404 Not Found")}, nil
	}
	if method == http.MethodDelete {
		f.versions.Delete(at)
		return empty(http.StatusNoContent), nil
	}
	return f.content(key, v)
}

// Version is what the sandbox knows of a version of a state: GitLab shows it on its
// pages and by GraphQL.
type Version struct {
	Serial int64 `json:"serial"`
	// User held the lock when the version was written; empty: nobody did.
	User    string    `json:"user"`
	JobID   string    `json:"job_id"`
	Created time.Time `json:"created"`
}

// Versions lists the versions of a state, highest serial first; none for a state that
// is not there. project is a number or a path.
func (f *Forge) Versions(issuerURL, projectID, name string) ([]Version, error) {
	is, err := f.issuer(issuerURL)
	if err != nil {
		return nil, err
	}
	list := []Version{}
	return list, f.db.View(func() error {
		p := f.findProject(is, projectID)
		if p == nil {
			return fmt.Errorf("%s has no project %q", is.url, projectID)
		}
		for _, v := range f.versions.Prefix(join(is.url, p.ID, name) + "\x00") {
			list = append([]Version{{Serial: v.Serial, User: v.CreatedBy, JobID: v.JobID, Created: v.Created}}, list...)
		}
		return nil
	})
}
