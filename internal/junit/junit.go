// Package junit writes the outcome of checks in the XML form that continuous integration systems
// read and show.
package junit

import (
	"encoding/xml"
	"io"
	"strconv"
)

// Suite is a set of checks that belong together.
type Suite struct {
	Name    string
	Seconds float64
	Cases   []Case
}

// Case is one check. At most one of Failure, Error and Skipped is set; a check with none of them
// passed.
type Case struct {
	Class   string // the group to which it belongs
	Name    string
	Seconds float64
	Failure *Problem // the check was made and failed
	Error   *Problem // the check could not be made
	Skipped string   // why the check was not made
}

// Problem describes a failure or an error: Kind in a few words, Text in full.
type Problem struct{ Kind, Text string }

// Write writes the suite as a complete XML document. Bytes that XML cannot represent become U+FFFD.
func Write(w io.Writer, s *Suite) error {
	out := testSuite{Name: s.Name, Tests: len(s.Cases), Time: seconds(s.Seconds)}
	for i := range s.Cases {
		out.add(&s.Cases[i])
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(testSuites{Suites: []testSuite{out}}); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (s *testSuite) add(c *Case) {
	out := testCase{Class: c.Class, Name: c.Name, Time: seconds(c.Seconds)}
	out.Failure, out.Error = c.Failure.element(), c.Error.element()
	if c.Skipped != "" {
		out.Skipped = &element{Message: c.Skipped}
		s.Skipped++
	}
	if c.Failure != nil {
		s.Failures++
	}
	if c.Error != nil {
		s.Errors++
	}
	s.Cases = append(s.Cases, out)
}

func (p *Problem) element() *element {
	if p == nil {
		return nil
	}
	return &element{Message: p.Kind, Type: p.Kind, Text: p.Text}
}

func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 3, 64) }

// The elements of the XML.
type (
	testSuites struct {
		XMLName xml.Name    `xml:"testsuites"`
		Suites  []testSuite `xml:"testsuite"`
	}
	testSuite struct {
		Name     string     `xml:"name,attr"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Time     string     `xml:"time,attr"`
		Cases    []testCase `xml:"testcase"`
	}
	testCase struct {
		Class   string   `xml:"classname,attr"`
		Name    string   `xml:"name,attr"`
		Time    string   `xml:"time,attr"`
		Failure *element `xml:"failure"`
		Error   *element `xml:"error"`
		Skipped *element `xml:"skipped"`
	}
	element struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)
