package trust

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/strongroom-dev/strongroom/internal/oidc"
	"github.com/strongroom-dev/strongroom/policy"
)

// Question is what a matrix answers: which of the tokens around a project open
// which of the roles.
type Question struct {
	// Project as far as it is known; Guess fills in what the roles' policies tell.
	Project oidc.Project
	// Assumed says, in words, what of Project nobody said. May be nil.
	Assumed []string
	Roles   []*Role
	// Expect is what is expected of a role, by its name. A role without an
	// expectation must not admit other people's tokens, and if it writes none of
	// a change that nobody has accepted.
	Expect map[string]*Expectation
	// Skipped counts the roles that were left out, because no token can assume them.
	Skipped int
}

// Expectation is which shapes a role has to admit; it has to refuse all others.
type Expectation struct {
	// Admit holds the shapes' IDs.
	Admit []string
	// Written tells an expectation that stands in the spec from one that was
	// derived from the role's subjects.
	Written bool
}

// Matrix is every shape of token held against every role. Its JSON form is that
// of `strongroom token matrix --format json`: fields are only ever added.
type Matrix struct {
	FormatVersion int          `json:"format_version"`
	Project       oidc.Project `json:"project"`
	Assumed       []string     `json:"assumed"`
	Roles         []Column     `json:"roles"`
	Shapes        []Row        `json:"shapes"`
	// Cells are ordered by shape, then by role.
	Cells     []Cell     `json:"cells"`
	Surprises []Surprise `json:"surprises"`
	// Unmatched are the subjects that the roles want and that none of the tokens
	// has: no token can have them, or the project customised its subject.
	Unmatched []Unmatched `json:"unmatched"`
	// Skipped counts the roles that no token can assume, which were left out.
	Skipped int `json:"skipped_roles"`
	// Holds tells that there is no surprise.
	Holds bool `json:"holds"`
}

// Column is a role of the matrix.
type Column struct {
	Name    string `json:"name"`
	ARN     string `json:"arn,omitempty"`
	Account string `json:"account"`
	Writes  bool   `json:"writes"`
	// Expectation is "written", "derived" or, without one, "safe".
	Expectation string   `json:"expectation"`
	Admit       []string `json:"admit"`
}

// Row is a shape of the matrix.
type Row struct {
	ID       string     `json:"id"`
	Label    string     `json:"label"`
	Group    oidc.Group `json:"group"`
	Who      oidc.Who   `json:"who"`
	By       string     `json:"by"`
	Note     string     `json:"note,omitempty"`
	Issuer   string     `json:"issuer"`
	Subjects []string   `json:"subjects"`

	tokens []Presented
}

// Cell is what a role answers to a shape.
type Cell struct {
	Shape   string  `json:"shape"`
	Role    string  `json:"role"`
	Verdict Outcome `json:"verdict"`
	// Expected is the verdict that the role's expectation names; "" without one.
	Expected Outcome `json:"expected"`
	Surprise bool    `json:"surprise"`
	// Obstacle is what refused every token before the policy was asked.
	Obstacle Obstacle `json:"obstacle"`
	// DecidedBy names the statement that decided, or says what the nearest one
	// lacked.
	DecidedBy string `json:"decided_by"`
}

// Surprise is a cell that is not as expected, with what to do about it.
type Surprise struct {
	Role      string   `json:"role"`
	Shape     string   `json:"shape"`
	Verdict   Outcome  `json:"verdict"`
	Who       oidc.Who `json:"who"`
	By        string   `json:"by"`
	DecidedBy string   `json:"decided_by"`
	Fix       string   `json:"fix"`
}

// Unmatched is a subject that a role's statement wants in vain.
type Unmatched struct {
	Role      string `json:"role"`
	Statement string `json:"statement"`
	Subject   string `json:"subject"`
}

// Ask fills the matrix in. The error names a project that cannot be one.
func Ask(q Question) (*Matrix, error) {
	project, shapes, err := oidc.Around(q.Project)
	if err != nil {
		return nil, err
	}
	m := &Matrix{
		FormatVersion: 1, Project: project, Assumed: q.Assumed,
		Roles: []Column{}, Shapes: []Row{}, Cells: []Cell{}, Surprises: []Surprise{}, Unmatched: []Unmatched{}, Skipped: q.Skipped,
	}
	if m.Assumed == nil {
		m.Assumed = []string{}
	}
	for _, r := range q.Roles {
		m.Roles = append(m.Roles, column(r, q.Expect[r.Name]))
	}
	for i := range shapes {
		row, err := newRow(&shapes[i])
		if err != nil {
			return nil, err
		}
		m.Shapes = append(m.Shapes, row)
		for _, r := range q.Roles {
			c := r.cell(&row, &project)
			judge(&c, &row, r, q.Expect[r.Name])
			m.Cells = append(m.Cells, c)
		}
	}
	for i := range m.Cells {
		if m.Cells[i].Surprise {
			m.Surprises = append(m.Surprises, m.surprise(&m.Cells[i]))
		}
	}
	for _, r := range q.Roles {
		m.unmatched(r)
	}
	m.Holds = len(m.Surprises) == 0
	return m, nil
}

// unmatched looks for a token of each subject that a role admits. Case does not
// count here: whether it does is the operator's business.
func (m *Matrix) unmatched(r *Role) {
	all, _ := statements(r.Policy)
	for _, s := range all {
		for _, c := range s.conditions {
			_, claim, ok := claimKey(c.key)
			if !ok || !strings.EqualFold(claim, "sub") || s.effect != policy.EffectAllow || c.operator.Negated || c.operator.Family == policy.FamilyNull {
				continue
			}
			for _, want := range c.values {
				found := slices.ContainsFunc(m.Shapes, func(row Row) bool {
					return slices.ContainsFunc(row.Subjects, func(sub string) bool { return glob(strings.ToLower(want), strings.ToLower(sub)) })
				})
				if !found {
					m.Unmatched = append(m.Unmatched, Unmatched{r.Name, nameStatement(r.Policy.Name(), s.index, s.sid), want})
				}
			}
		}
	}
}

// row is the shape with an ID that the matrix has.
func (m *Matrix) row(id string) (*Row, bool) {
	i := slices.IndexFunc(m.Shapes, func(r Row) bool { return r.ID == id })
	if i < 0 {
		return nil, false
	}
	return &m.Shapes[i], true
}

// Cell returns what a role answers to a shape, by the shape's ID and the role's
// name; nil: the matrix has no such cell.
func (m *Matrix) Cell(shape, role string) *Cell {
	i := slices.IndexFunc(m.Cells, func(c Cell) bool { return c.Shape == shape && c.Role == role })
	if i < 0 {
		return nil
	}
	return &m.Cells[i]
}

func column(r *Role, e *Expectation) Column {
	c := Column{Name: r.Name, ARN: r.ARN, Account: r.account(), Writes: r.Writes, Expectation: "safe", Admit: []string{}}
	if e != nil {
		c.Admit = append(c.Admit, e.Admit...)
		c.Expectation = "derived"
		if e.Written {
			c.Expectation = "written"
		}
	}
	return c
}

// newRow makes the shape's tokens. They are issued at no time in particular:
// nothing that STS sees tells it.
func newRow(s *oidc.Shape) (Row, error) {
	row := Row{ID: s.ID, Label: s.Label, Group: s.Group, Who: s.Who, By: s.By, Note: s.Note, Subjects: []string{}}
	for _, t := range s.Tokens {
		_, claims, err := t.Claims(time.Time{})
		if err != nil {
			return row, fmt.Errorf("shape %s: %w", s.ID, err)
		}
		row.Issuer, _ = claims["iss"].(string)
		sub, _ := claims["sub"].(string)
		row.Subjects = append(row.Subjects, sub)
		row.tokens = append(row.tokens, Presented{Issuer: row.Issuer, Claims: claims})
	}
	return row, nil
}
