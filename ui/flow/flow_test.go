package flow_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/ui/flow"
	"github.com/msnscope/msnscope/ui/model"
)

// events is a log in memory.
type events []*session.Event

func (l events) Len() int                { return len(l) }
func (l events) At(i int) *session.Event { return l[i] }

// learned returns a model that has learned all events and checked them by all rules.
func learned(all events) *model.Model {
	m := model.New(all, model.Options{Lint: &lint.Options{}})
	m.SetFolded(true)
	for m.Busy() {
		m.Step(time.Second)
	}
	return m
}

// sample returns the model of a shipped session.
func sample(t *testing.T, name string) *model.Model {
	t.Helper()
	log := capturestest.Samples(t, name+".pcapng")
	var all events
	for i := range log.Len() {
		all = append(all, log.At(i))
	}
	return learned(all)
}

func TestText(t *testing.T) {
	for _, tc := range []struct {
		name, sample string
		o            flow.TextOptions
	}{
		{"conversation.txt", "conversation", flow.TextOptions{}},
		{"changed-80-ascii.txt", "changed", flow.TextOptions{Width: 80, ASCII: true}},
		{"mistakes-60.txt", "mistakes", flow.TextOptions{Width: 10}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var b bytes.Buffer
			f := flow.Flow{Model: sample(t, tc.sample), Title: tc.sample}
			if err := f.Text(&b, tc.o); err != nil {
				t.Fatal(err)
			}
			msntest.Golden(t, tc.name, b.Bytes())
		})
	}
}

func TestPictures(t *testing.T) {
	f := flow.Flow{Model: sample(t, "changed"), Title: "changed"}
	var svg, mermaid bytes.Buffer
	if err := errors.Join(f.SVG(&svg), f.Mermaid(&mermaid)); err != nil {
		t.Fatal(err)
	}
	msntest.Golden(t, "changed.svg", svg.Bytes())
	msntest.Golden(t, "changed.mmd", mermaid.Bytes())
}

func TestNothing(t *testing.T) {
	f := flow.Flow{Model: learned(nil), Title: "empty"}
	var text, svg, mermaid bytes.Buffer
	if err := errors.Join(f.Text(&text, flow.TextOptions{}), f.SVG(&svg), f.Mermaid(&mermaid)); err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{text.String(), svg.String(), mermaid.String()} {
		if !strings.Contains(got, "There is nothing to show.") {
			t.Errorf("a ladder without rows does not say so: %q", got)
		}
	}
	checkSVG(t, svg.Bytes())
}

// hostile returns conversations whose names, values and texts are pieces of markup.
func hostile(t *rapid.T) events {
	word := rapid.SampledFrom([]string{
		"<script>alert(1)</script>", "]]>", "</svg>", "%3Cimg%20src=x%20onerror=alert(1)%3E", "--%3E", "{{.}}", "&lt;",
		"end", "#59;", ";L0->>L1:x", "%0aparticipant%20x", "%%", "\x1b[31m", "\xff\xfe",
		"\u202eabc", "日本語", "é́́", "`", "\"'",
		"javascript:alert(1)", "@", "a@b.c", "url(x)", "</style>", "\\u003c/script", "<!--",
	})
	var g session.Graph
	at := time.Unix(1, 0)
	var all events
	conn := func(role dialect.Role) (*session.Conn, func(decode.Dir, string)) {
		c, open := g.Open(at, "192.0.2.1:1", "192.0.2.2:1863")
		c.To("192.0.2.2:1863", role)
		all = append(all, open)
		return c, func(dir decode.Dir, raw string) {
			m := decode.Parse([]byte(raw), dir, c.Framing())
			at = at.Add(time.Millisecond)
			all = append(all, c.Track(dir, &m, at))
		}
	}
	ns, say := conn(dialect.NS)
	w := func() string { return word.Draw(t, "word") }
	say(decode.FromClient, "USR 1 MD5 I "+w()+"\r\n")
	say(decode.FromServer, "USR 1 OK "+w()+" "+w()+"\r\n")
	say(decode.FromServer, "LST 2 FL 1 1 1 "+w()+" "+w()+"\r\n")
	say(decode.FromServer, w()+" "+w()+"\r\n")
	all[len(all)-1].Out, all[len(all)-1].Flags = []byte("XFR 1 SB "+w()+"\r\n"), session.Edited
	sb, say := conn(dialect.SB)
	say(decode.FromClient, "USR 1 "+w()+" "+w()+"\r\n")
	say(decode.FromServer, "JOI "+w()+" "+w()+"\r\n")
	body := "Content-Type: text/" + w() + "\r\nX-" + w() + ": " + w() + "\r\n\r\n" + w()
	say(decode.FromServer, "MSG "+w()+" "+w()+" 99\r\n"+body)
	all = append(all, sb.Close(at, w()), ns.Close(at, w()))
	return all
}

func TestWireTextIsNeverMarkup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := flow.Flow{Model: learned(hostile(t)), Title: "<b>;\n\x1b"}
		var text, svg, mermaid bytes.Buffer
		if err := errors.Join(f.Text(&text, flow.TextOptions{}), f.SVG(&svg), f.Mermaid(&mermaid)); err != nil {
			t.Fatal(err)
		}
		checkText(t, text.String())
		checkSVG(t, svg.Bytes())
		checkMermaid(t, mermaid.String())
	})
}

type failer interface{ Errorf(string, ...any) }

// checkText fails unless no character controls a terminal and no line of the ladder is too wide.
func checkText(t failer, text string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if i := strings.IndexFunc(line, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }); i >= 0 {
			t.Errorf("a line controls the terminal: %q", line)
		}
		if strings.Contains(line, "│") && uniseg.StringWidth(line) > 100 {
			t.Errorf("a line is %d columns wide: %s", uniseg.StringWidth(line), line)
		}
	}
}

// checkSVG fails unless the document is well-formed and has the elements of this package only, none
// of which refers to anything outside.
func checkSVG(t failer, svg []byte) {
	ours := map[string]bool{
		"svg": true, "title": true, "desc": true, "style": true, "rect": true, "text": true, "line": true, "path": true,
		"g": true, "a": true, "tspan": true,
	}
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Errorf("the SVG is not well-formed: %v", err)
			return
		}
		if start, ok := token.(xml.StartElement); ok {
			if !ours[start.Name.Local] {
				t.Errorf("the SVG has an element <%s>", start.Name.Local)
			}
			for _, a := range start.Attr {
				if a.Name.Local == "href" && !regexp.MustCompile(`^#n\d+$`).MatchString(a.Value) ||
					strings.HasPrefix(a.Name.Local, "on") {
					t.Errorf("the SVG has an attribute %s=%q", a.Name.Local, a.Value)
				}
			}
		}
	}
}

// mermaidLine is what a line of a diagram may be: text has no character of the notation.
var mermaidLine = regexp.MustCompile(
	`^(sequenceDiagram|    (title |accTitle: |accDescr: |participant L\d+ as |L\d+(->>|-->>|-x)L\d+: |Note over L\d+,L\d+: )` +
		`(#\d+;|[a-zA-Z0-9 .,@()/=+_-]|[^\x00-\x7f])*)$`)

func checkMermaid(t failer, diagram string) {
	for line := range strings.Lines(diagram) {
		if !mermaidLine.MatchString(strings.TrimSuffix(line, "\n")) {
			t.Errorf("a line of the diagram is %q", line)
		}
	}
}
