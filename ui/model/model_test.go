package model

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// events is a log that only the test writes.
type events []*session.Event

func (l *events) Len() int                { return len(*l) }
func (l *events) At(i int) *session.Event { return (*l)[i] }

// verb lets one command through.
type verb string

func (v verb) Match(e *session.Event) bool { return e.In.Verb.String() == string(v) }

// rig is a model over a log that the test speaks into.
type rig struct {
	*Model
	t     *testing.T
	log   *events
	graph session.Graph
	at    time.Time
}

func newRig(t *testing.T, o Options) *rig {
	r := &rig{t: t, log: &events{}, at: time.Unix(1_000_000, 0)}
	r.Model = New(r.log, o)
	return r
}

func (r *rig) now() time.Time {
	r.at = r.at.Add(10 * time.Millisecond)
	return r.at
}

func (r *rig) open(client string) *session.Conn {
	c, e := r.graph.Open(r.now(), client, "10.0.0.1:1863")
	*r.log = append(*r.log, e)
	return c
}

func (r *rig) c(c *session.Conn, line string) { r.say(c, decode.FromClient, line) }
func (r *rig) s(c *session.Conn, line string) { r.say(c, decode.FromServer, line) }

func (r *rig) say(c *session.Conn, dir decode.Dir, line string) {
	m := decode.Parse([]byte(line+"\r\n"), dir, c.Grammar())
	*r.log = append(*r.log, c.Track(dir, &m, r.now()))
}

// settle lets the model finish.
func (r *rig) settle() {
	for r.Pending() {
		r.Step(time.Minute)
	}
}

// numbers returns the numbers of the events of all rows.
func (r *rig) numbers() string {
	r.settle()
	text := ""
	for i := range r.Rows() {
		text += fmt.Sprintf(" %d", r.Row(i).N)
	}
	return text
}

func (r *rig) wantSelected(n uint64) {
	r.t.Helper()
	r.settle()
	if _, e := r.Selected(); e == nil || e.N != n {
		r.t.Errorf("selected is %v, want #%d", e, n)
	}
}

// logon makes a notification connection of a user: five events.
func (r *rig) logon(client, user string) *session.Conn {
	c := r.open(client)
	c.To("10.0.0.1:1863", dialect.NS)
	r.c(c, "VER 0 MSNP2")
	r.s(c, "VER 0 MSNP2")
	r.c(c, "USR 1 MD5 I "+user)
	r.s(c, "USR 1 OK "+user+" Name")
	return c
}

func TestFilterKeepsSelection(t *testing.T) {
	r := newRig(t, Options{})
	c := r.logon("a:1", "alice@hotmail.com")
	r.c(c, "CHG 2 NLN")
	r.s(c, "CHG 2 NLN")
	r.Select(5)
	r.wantSelected(6)

	r.SetFilter(verb("CHG"))
	if got, want := r.numbers(), " 6 7"; got != want {
		t.Fatalf("rows%s, want%s", got, want)
	}
	r.wantSelected(6)
	r.SetFilter(verb("VER"))
	r.wantSelected(3) // the neighbour while it is hidden
	r.SetFilter(nil)
	r.wantSelected(6) // and itself when it is back
	r.SetFilter(verb("XXX"))
	r.settle()
	if row, e := r.Selected(); row != -1 || e != nil {
		t.Errorf("Selected without rows = %d, %v", row, e)
	}
}

func TestFilterGoesOnWithNewEvents(t *testing.T) {
	r := newRig(t, Options{})
	c := r.logon("a:1", "alice@hotmail.com")
	r.SetFilter(verb("CHG"))
	r.settle()
	r.c(c, "CHG 2 NLN")
	r.c(c, "SYN 3 0")
	r.c(c, "CHG 4 AWY")
	if got, want := r.numbers(), " 6 8"; got != want {
		t.Errorf("rows%s, want%s", got, want)
	}
}

func TestFollow(t *testing.T) {
	r := newRig(t, Options{Live: true})
	c := r.logon("a:1", "alice@hotmail.com")
	r.wantSelected(5)
	r.c(c, "CHG 2 NLN")
	r.wantSelected(6)
	r.Move(-2)
	if r.Follow() {
		t.Error("moving by hand did not stop following")
	}
	r.wantSelected(4)
	r.c(c, "CHG 3 AWY")
	r.wantSelected(4)
	r.SetFollow(true)
	r.wantSelected(7)
	r.SetFollow(false)
	r.c(c, "CHG 4 BSY")
	r.wantSelected(7) // it stays where it was
	r.Move(1000)
	r.wantSelected(8)
	r.Move(-1000)
	r.wantSelected(1)
}

func TestPauseFreezesTheView(t *testing.T) {
	r := newRig(t, Options{Live: true})
	c := r.logon("a:1", "alice@hotmail.com")
	r.settle()
	r.SetPause(true)
	r.c(c, "CHG 2 NLN")
	r.settle()
	if paused, unseen := r.Paused(); !paused || unseen != 1 || r.Rows() != 5 || r.Stats().Commands != 4 {
		t.Errorf("paused %v, %d unseen, %d rows, %d commands; want true, 1, 5, 4", paused, unseen, r.Rows(),
			r.Stats().Commands)
	}
	r.SetPause(false)
	r.wantSelected(6)
}

func TestGotoAndEvent(t *testing.T) {
	r := newRig(t, Options{})
	c := r.logon("a:1", "alice@hotmail.com")
	r.c(c, "CHG 2 NLN")
	r.settle()
	if !r.Goto(4) {
		t.Error("Goto(4) did not find a row that is shown")
	}
	r.wantSelected(4)
	if r.Goto(99) {
		t.Error("Goto(99) found what is not there")
	}
	r.wantSelected(6)
	if e := r.Event(3); e == nil || e.N != 3 {
		t.Errorf("Event(3) = %v", e)
	}
	if e := r.Event(99); e != nil {
		t.Errorf("Event(99) = %v, want none", e)
	}
}

func TestHistory(t *testing.T) {
	r := newRig(t, Options{})
	c := r.logon("a:1", "alice@hotmail.com")
	r.c(c, "CHG 2 NLN")
	r.settle()
	r.s(c, "CHG 2 NLN")
	if x, ok := r.Transaction(6); !ok || x.Outcome != session.Waiting {
		t.Errorf("before Step came to the answer #6 is %v, %v, want one that waits", x, ok)
	}
	if s := r.State(7); s.N != 6 {
		t.Errorf("before Step came to #7 its state is that of #%d, want #6", s.N)
	}
	r.settle()
	if x, ok := r.Transaction(6); !ok || len(x.Replies) != 1 || x.Replies[0] != 7 {
		t.Errorf("transaction of #6 = %v, %v, want the answer #7", x, ok)
	}
	for n, want := range map[uint64]string{4: "", 6: "FLN", 7: "NLN"} {
		u := r.State(n).User("alice@hotmail.com")
		if u == nil || u.State != want || r.State(n).N != n {
			t.Errorf("alice at #%d = %+v, want %q", n, u, want)
		}
	}
}

func TestScopeIsAUserOrAConnection(t *testing.T) {
	r := newRig(t, Options{})
	r.logon("a:1", "alice@hotmail.com") // 1 to 5
	r.logon("b:1", "bob@hotmail.com")   // 6 to 10
	c := r.open("c:1")                  // 11: whose it is shows later
	c.To("10.0.0.1:1863", dialect.NS)
	r.settle()

	r.SetScope(Scope{Group: "u bob@hotmail.com"})
	if got, want := r.numbers(), " 6 7 8 9 10"; got != want {
		t.Errorf("bob's rows%s, want%s", got, want)
	}
	r.c(c, "USR 1 MD5 I BOB@hotmail.com")
	if got, want := r.numbers(), " 6 7 8 9 10 11 12"; got != want {
		t.Errorf("bob's rows after his second connection%s, want%s", got, want)
	}
	r.SetScope(Scope{Group: "u bob@hotmail.com", Conn: 3})
	if got, want := r.numbers(), " 11 12"; got != want {
		t.Errorf("the connection's rows%s, want%s", got, want)
	}
	if group, conn := r.ScopeName(); group != "bob@hotmail.com" || conn == nil || conn.ID != 3 {
		t.Errorf("ScopeName = %q, %v", group, conn)
	}
	r.SetFilter(verb("USR"))
	if got, want := r.numbers(), " 12"; got != want {
		t.Errorf("filtered%s, want%s", got, want)
	}
}

func TestScopeFollowsWhenTheUserShows(t *testing.T) {
	r := newRig(t, Options{})
	c := r.open("10.1.1.1:5")
	r.settle()
	r.SetScope(Scope{Group: "a 10.1.1.1"})
	r.c(c, "USR 1 MD5 I alice@hotmail.com")
	if got, want := r.numbers(), " 1 2"; got != want {
		t.Errorf("rows%s, want%s", got, want)
	}
	if group, _ := r.ScopeName(); group != "alice@hotmail.com" {
		t.Errorf("the scope is %q, want alice", group)
	}
}

func TestTree(t *testing.T) {
	r := newRig(t, Options{})
	a := r.logon("a:1", "alice@hotmail.com")
	r.open("b:1")
	r.s(a, "911 7")
	*r.log = append(*r.log, a.Close(r.now(), "gone"))
	r.settle()
	outline := func() string {
		text := ""
		for i, row := range r.Tree() {
			name := row.Name
			if row.Conn != nil {
				name = fmt.Sprintf("  %s#%d %v", row.Conn.Role, row.Conn.ID, row.Conn.Closed)
			}
			if i == r.TreeCursor() {
				name = "*" + name
			}
			text += fmt.Sprintf("%s %d/%d\n", name, row.Commands, row.Errors)
		}
		return text
	}
	if got, want := outline(), "* 5/1\nalice@hotmail.com 5/1\n  NS#1 true 5/1\nb 0/0\n  #2 false 0/0\n"; got != want {
		t.Errorf("tree:\n%swant:\n%s", got, want)
	}
	r.SelectTree(2)
	r.Fold(true)
	if got, want := outline(), " 5/1\n*alice@hotmail.com 5/1\nb 0/0\n  #2 false 0/0\n"; got != want {
		t.Errorf("folded:\n%swant:\n%s", got, want)
	}
	r.SelectTree(99)
	r.open("0:1") // another row does not move the cursor
	r.settle()
	if got, want := outline(), " 5/1\nalice@hotmail.com 5/1\nb 0/0\n*  #2 false 0/0\n0 0/0\n  #3 false "+
		"0/0\n"; got != want {
		t.Errorf("after another:\n%swant:\n%s", got, want)
	}
}

// TestTreeTellsOfUnfinishedCommands checks that a connection shows what a command waits for until
// its sender has sent a command, or the connection has ended.
func TestTreeTellsOfUnfinishedCommands(t *testing.T) {
	r := newRig(t, Options{})
	c := r.open("a:1")
	waits := func() string {
		r.settle()
		tree := r.Tree()
		return tree[len(tree)-1].Conn.Waits
	}
	wait := func() { *r.log = append(*r.log, c.Wait(r.now(), decode.FromClient, "MSG 4 waits for 12 more bytes")) }
	wait()
	r.s(c, "CHL 0 1")
	if got, want := waits(), "MSG 4 waits for 12 more bytes"; got != want {
		t.Errorf("waits %q, want %q", got, want)
	}
	r.c(c, "MSG 4 N 0")
	if got := waits(); got != "" {
		t.Errorf("waits %q after the command", got)
	}
	wait()
	*r.log = append(*r.log, c.Close(r.now(), "gone"))
	if got := waits(); got != "" {
		t.Errorf("waits %q after the end", got)
	}
}

func TestTreeForgetsOldConnections(t *testing.T) {
	r := newRig(t, Options{})
	r.tree.cap = 16
	open := r.open("a:1")
	for i := range 100 {
		c := r.open(fmt.Sprintf("h%d:1", i))
		*r.log = append(*r.log, c.Close(r.now(), "gone"))
	}
	r.settle()
	if n := len(r.tree.conns); n > 16 || n != len(r.tree.ages) || n != len(r.tree.order) {
		t.Errorf("the tree knows %d connections, %d ages, %d groups; want one number of at most 16", n,
			len(r.tree.ages), len(r.tree.order))
	}
	if r.tree.conns[open.ID()] == nil {
		t.Error("an open connection was forgotten")
	}
	if n := r.Stats().Connections; n != 101 {
		t.Errorf("%d connections in the figures, want 101", n)
	}

	r = newRig(t, Options{})
	r.tree.cap = 16
	for range 100 {
		r.open("o:1") // none of them closes
	}
	r.settle()
	if n := len(r.tree.conns); n > 16 {
		t.Errorf("the tree knows %d open connections, want at most 16", n)
	}
}

func TestRate(t *testing.T) {
	var s Stats
	at := time.Unix(1000, 0)
	for i := range 100 { // ten a second from 1000 to 1009
		s.add(&session.Event{Time: at.Add(time.Duration(i) * 100 * time.Millisecond)})
	}
	for _, c := range []struct {
		now  int64
		want float64
	}{{1010, 10}, {1012, 5}, {1014, 0}, {5000, 0}} {
		if got := s.Rate(time.Unix(c.now, 0)); got != c.want {
			t.Errorf("rate at %d = %v, want %v", c.now, got, c.want)
		}
	}
}

func TestFindInBothDirections(t *testing.T) {
	r := newRig(t, Options{})
	r.logon("a:1", "alice@hotmail.com")
	text := func(e *session.Event) string { return string(e.In.Raw) }
	r.settle()
	r.Find("usr", true, text)
	r.wantSelected(4)
	r.Find("USR", true, text)
	r.wantSelected(5)
	r.Find("usr", true, text)
	r.wantSelected(4) // round the end
	r.Find("ver", false, text)
	r.wantSelected(3)
	r.Find("zorro", false, text)
	r.wantSelected(3)
	if !r.NotFound() || r.NotFound() {
		t.Error("NotFound did not say so once")
	}
}

// TestStepKeepsItsTime sees that a slow filter over a long log is worked off in slices.
func TestStepKeepsItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log := make(events, 100_000)
		for i := range log {
			log[i] = &session.Event{N: uint64(i + 1)}
		}
		m := New(&log, Options{})
		m.SetFilter(slow{})
		steps := 0
		for m.Pending() {
			began := time.Now()
			m.Step(15 * time.Millisecond)
			if took := time.Since(began); took > 16*time.Millisecond {
				t.Fatalf("a step of 15ms took %v", took)
			}
			steps++
		}
		if m.Rows() != len(log) || steps < 50 {
			t.Errorf("%d rows in %d steps, want %d rows in more than 50", m.Rows(), steps, len(log))
		}
	})
}

// slow is a filter that needs ten microseconds.
type slow struct{}

func (slow) Match(*session.Event) bool {
	time.Sleep(10 * time.Microsecond) // in the test's own time
	return true
}

func BenchmarkTreeManyConnections(b *testing.B) {
	log := make(events, 200_000) // none of which closes
	for i := range log {
		log[i] = &session.Event{N: uint64(i + 1), Conn: i + 1, Client: fmt.Sprintf("10.0.%d.%d:1", i>>8&255, i&255)}
	}
	for b.Loop() {
		m := New(&log, Options{})
		for m.Pending() {
			m.Step(time.Second)
		}
		m.Tree()
	}
}

func BenchmarkFilterMillion(b *testing.B) {
	log := make(events, 1_000_000)
	m := decode.Parse([]byte("MSG 1 U 0\r\n"), decode.FromClient, dialect.MSNP2)
	for i := range log {
		log[i] = &session.Event{N: uint64(i + 1), Conn: 1 + i%1000, In: m}
	}
	model := New(&log, Options{})
	for model.Pending() {
		model.Step(time.Second)
	}
	for b.Loop() {
		model.SetFilter(verb("MSG"))
		for model.Pending() {
			model.Step(15 * time.Millisecond)
		}
	}
}
