package junit_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/junit"
)

// TestWrite checks the XML letter by letter, whatever the texts contain.
func TestWrite(t *testing.T) {
	var b bytes.Buffer
	err := junit.Write(&b, &junit.Suite{Name: `a "suite"`, Seconds: 1.5, Cases: []junit.Case{
		{Class: "add", Name: "add.fl", Seconds: 0.25},
		{
			Class: "add", Name: "add.bl",
			Failure: &junit.Problem{Kind: "no answer", Text: "want <5>, got \x00\xff]]> & more"},
		},
		{Class: "ver", Name: "ver.any", Error: &junit.Problem{Kind: "closed", Text: "not played"}},
		{Class: "ver", Name: "ver.none", Skipped: "there is no need"},
	}})
	const want = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite name="a &#34;suite&#34;" tests="4" failures="1" errors="1" skipped="1" time="1.500">
    <testcase classname="add" name="add.fl" time="0.250"></testcase>
    <testcase classname="add" name="add.bl" time="0.000">
      <failure message="no answer" type="no answer">want &lt;5&gt;, got ` + "\ufffd\ufffd" + `]]&gt; &amp; more</failure>
    </testcase>
    <testcase classname="ver" name="ver.any" time="0.000">
      <error message="closed" type="closed">not played</error>
    </testcase>
    <testcase classname="ver" name="ver.none" time="0.000">
      <skipped message="there is no need"></skipped>
    </testcase>
  </testsuite>
</testsuites>
`
	if err != nil || b.String() != want {
		t.Errorf("%v\n%s", err, b.String())
	}
	for d := xml.NewDecoder(strings.NewReader(b.String())); ; {
		if _, err := d.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
