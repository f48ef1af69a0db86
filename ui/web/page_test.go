package web_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/lint"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
	"github.com/msnscope/msnscope/ui/model"
	"github.com/msnscope/msnscope/ui/web"
)

// events is a log in memory.
type events []*session.Event

func (l events) Len() int                { return len(l) }
func (l events) At(i int) *session.Event { return l[i] }

// learned returns a model that has learned all events and checked them by all rules.
func learned(all events) *model.Model {
	m := model.New(all, model.Options{Lint: &lint.Options{}})
	for m.Busy() {
		m.Step(time.Second)
	}
	return m
}

// load returns the events of shipped sessions, one after the other in one log.
func load(t *testing.T, names ...string) events {
	t.Helper()
	log := capturestest.Samples(t, names...)
	var all events
	for i := range log.Len() {
		all = append(all, log.At(i))
	}
	return all
}

// write returns the page of a model.
func write(t interface{ Fatal(...any) }, m *model.Model, title string) []byte {
	var b bytes.Buffer
	if err := (&web.Page{Model: m, Title: title, Made: "Made by a test."}).Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// page is a page as a browser reads it.
type page struct {
	elements map[string]int
	scripts  []string
	rows     []*html.Node
	wrong    []string
}

// ours are the elements that the page has before its script runs.
const ours = "html head body meta title style script a header h1 p form label input span noscript nav details " +
	"summary ul li button b i dl dt dd main section div ol"

func read(t interface{ Fatal(...any) }, src []byte) page {
	root, err := html.ParseWithOptions(bytes.NewReader(src), html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	p := page{elements: map[string]int{}}
	for n := range root.Descendants() {
		if n.Type == html.CommentNode {
			p.wrong = append(p.wrong, "a comment "+n.Data)
		}
		if n.Type != html.ElementNode {
			continue
		}
		p.elements[n.Data]++
		if !slices.Contains(strings.Fields(ours), n.Data) {
			p.wrong = append(p.wrong, "an element "+n.Data)
		}
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" ||
				a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
				p.wrong = append(p.wrong, "an attribute "+a.Key+"="+a.Val)
			}
		}
		switch {
		case n.Data == "script" && n.FirstChild != nil:
			p.scripts = append(p.scripts, n.FirstChild.Data)
		case n.Data == "li" && n.Parent.Data == "ol":
			p.rows = append(p.rows, n)
		}
	}
	return p
}

// contents is the part of a page's data that the tests read.
type contents struct {
	Texts  []string
	Conns  [][]any
	Events []struct {
		N     uint64
		C     int
		I, O  *message
		State []struct {
			Key   string `json:"k"`
			H, T  int
			Lines [][]any `json:"l"`
		} `json:"z"`
	}
}

type message struct {
	B []byte
	N int
	S [][]any
}

func dataOf(t interface{ Fatal(...any) }, p page) contents {
	var c contents
	if len(p.scripts) != 2 {
		t.Fatal("the page has ", len(p.scripts), " scripts, not the data and one script")
	}
	if err := json.Unmarshal([]byte(p.scripts[0]), &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPageHasEveryCommandWithAllItsBytes(t *testing.T) {
	all := load(t, "conversation.pcapng", "changed.pcapng", "mistakes.pcapng")
	p := read(t, write(t, learned(all), "three"))
	if len(p.wrong) > 0 {
		t.Errorf("the page has %q", p.wrong)
	}
	if len(p.rows) != len(all) {
		t.Fatalf("the page has %d rows of %d events", len(p.rows), len(all))
	}
	rewritten := 0
	for i, e := range dataOf(t, p).Events {
		if e.N != all[i].N {
			t.Fatalf("row %d is of event %d, not of %d", i, e.N, all[i].N)
		}
		if all[i].Kind != session.Command {
			continue
		}
		if e.I == nil || !bytes.Equal(e.I.B, all[i].In.Raw) {
			t.Fatalf("#%d has other bytes than %q", e.N, all[i].In.Raw)
		}
		size := 0
		for _, s := range e.I.S {
			size += int(s[0].(float64))
		}
		if size != len(all[i].In.Raw) {
			t.Errorf("#%d: its fields are %d of %d bytes", e.N, size, len(all[i].In.Raw))
		}
		if all[i].Out != nil {
			if rewritten++; e.O == nil || !bytes.Equal(e.O.B, all[i].Out) {
				t.Errorf("#%d does not show what was sent on: %q", e.N, all[i].Out)
			}
		}
	}
	if rewritten < 4 {
		t.Errorf("only %d commands were rewritten", rewritten)
	}
}

// TestPageKnowsTheStateAtEachStep: the differences that the page has add up to what the inspector
// shows.
func TestPageKnowsTheStateAtEachStep(t *testing.T) {
	all := load(t, "conversation.pcapng", "privacy.pcapng", "conference.pcapng")
	m := learned(all)
	c := dataOf(t, read(t, write(t, m, "states")))
	states, checked := map[string][][]any{}, 0
	for i, e := range c.Events {
		for _, z := range e.State {
			was := states[z.Key]
			states[z.Key] = slices.Concat(was[:z.H], z.Lines, was[len(was)-z.T:])
		}
		if all[i].Conn == 0 {
			continue
		}
		state := m.State(e.N)
		for key, want := range map[string][]model.Fact{
			c.Conns[e.C][9].(string):  model.UserFacts(state, all[i].User),
			strconv.Itoa(all[i].Conn): model.ConnFacts(state, all[i]),
		} {
			if key[0] == 'u' && state.User(all[i].User) == nil {
				continue
			}
			var got []model.Fact
			for _, l := range states[key] {
				got = append(got, model.Fact{
					Kind: model.FactKind(l[0].(float64)), Name: c.Texts[int(l[1].(float64))], Value: l[2].(string),
					Note: c.Texts[int(l[3].(float64))],
				})
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("#%d, state %s:\n%v\nwant\n%v", e.N, key, got, want)
			}
			checked++
		}
	}
	if checked < 300 {
		t.Errorf("only %d states were compared", checked)
	}
}

func TestThousandCommandsAreLessThanAMegabyte(t *testing.T) {
	var all events
	for range 4 {
		for _, e := range load(t, "conversation.pcapng", "conference.pcapng", "presence.pcapng") {
			if e.Kind == session.Command {
				all = append(all, e)
			}
		}
	}
	for i, e := range all {
		e.N = uint64(i + 1)
		e.ReplyTo = 0
	}
	all = all[:1000]
	src := write(t, learned(all), "thousand")
	if rows := len(read(t, src).rows); rows != 1000 {
		t.Fatalf("the page has %d rows", rows)
	}
	t.Logf("1,000 commands are %d bytes", len(src))
	if len(src) >= 1<<20 {
		t.Errorf("1,000 commands are %d bytes", len(src))
	}
}

func TestWireTextIsNeverMarkup(t *testing.T) {
	plain := read(t, write(t, learned(conversation(func() string { return "x" })), "plain")).elements
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.SampledFrom([]string{
			"<script>alert(1)</script>", "</script><script>alert(1)</script>", "<!--", "-->", "]]>", "</title><img>",
			"<img src=x onerror=alert(1)>", "%3Cimg%20src=x%3E", "\"onclick=alert(1)", "'", "`", "{{.}}", "&lt;b&gt;",
			"\x00", "\xff\xfe", "\u2028", "</style>", "javascript:alert(1)", "\\u003c/script",
		}), rapid.StringMatching(`[<>&"'/=a-z!-]{1,12}`))
		all := conversation(func() string {
			return strings.NewReplacer("\n", "", " ", "%20").Replace(word.Draw(t, "word"))
		})
		src := write(t, learned(all), "<b>"+word.Draw(t, "title"))
		p := read(t, src)
		if len(p.wrong) > 0 {
			t.Fatalf("the page has %q", p.wrong)
		}
		for name, n := range p.elements {
			if few := strings.Contains(" ul li a p b i button span ", " "+name+" "); n != plain[name] && !few {
				t.Fatalf("the page has %d elements %s, and %d for other words", n, name, plain[name])
			}
		}
		dataOf(t, p)
		if !strings.Contains(html.UnescapeString(string(src)), `content="default-src 'none'; style-src 'sha256-`) {
			t.Fatal("the page has no policy")
		}
		for _, row := range p.rows {
			if text := format.Printable(textOf(row)); strings.ContainsAny(text, "\x00\n") {
				t.Fatalf("a row is %q", text)
			}
		}
	})
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// conversation returns events in which each word of a user or server is one of w.
func conversation(w func() string) events {
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
	return append(all, sb.Close(at, w()), ns.Close(at, w()))
}
