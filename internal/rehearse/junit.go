package rehearse

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// junitSuite is the part of the JUnit format that CI systems read.
type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Time     string      `xml:"time,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitFailure `xml:"failure,omitempty"`
	Out     string        `xml:"system-out,omitempty"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as a JUnit file, a test case a lock.
func (r *Report) JUnit(w io.Writer) error {
	s := junitSuite{Name: "strongroom rehearse", Tests: len(r.Locks), Time: fmt.Sprintf("%.3f", r.Seconds.Total)}
	for _, l := range r.Locks {
		c := junitCase{Class: "locks", Name: l.ID + ": " + l.Claim}
		var told, broke []string
		for _, a := range append(l.Controls[:len(l.Controls):len(l.Controls)], l.Attacks...) {
			line := fmt.Sprintf("%s: %s: %s (%s)", a.By, a.Request, a.Answer, a.DecidedBy)
			told = append(told, line)
			if a.Failed {
				broke = append(broke, line)
			}
		}
		c.Out = strings.Join(told, "\n")
		if !l.Holds {
			s.Failures++
			c.Failure = &junitFailure{Message: "the lock does not hold", Text: strings.Join(broke, "\n")}
		}
		s.Cases = append(s.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(s); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
