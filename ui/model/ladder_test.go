package model

import (
	"fmt"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// drawn returns the names of a ladder's lanes, and between which of them each event runs.
func (r *rig) drawn(by Lanes) string {
	r.settle()
	l := r.Ladder(by)
	var lanes, rungs []string
	for i, lane := range l.Lanes {
		name := lane.Name
		if lane.Note != "" {
			name += " " + lane.Note
		}
		if i == l.Proxy {
			name = "(" + name + ")"
		}
		lanes = append(lanes, name)
	}
	for i := range r.Rows() {
		rung := l.Rung(r.Row(i))
		rungs = append(rungs, fmt.Sprintf("%d-%d", rung.From, rung.To))
	}
	return strings.Join(lanes, ", ") + ": " + strings.Join(rungs, " ")
}

// TestLadder: a lane for each user, server and session, or for each role, or for each side; a
// command points away from who sent it; what the proxy made or stopped begins or ends at its lane,
// which is there only if it did something.
func TestLadder(t *testing.T) {
	r := newRig(t, Options{})
	ns := r.logon("a:1", "alice@hotmail.com")
	bob := r.logon("b:1", "bob@hotmail.com")
	sb := r.open("a:2")
	sb.To("10.0.0.9:1863", dialect.SB)
	r.c(sb, "USR 1 alice@hotmail.com 17.1")
	r.c(bob, "PNG")
	r.filterTo(10)
	for by, want := range map[Lanes]string{
		EachLane:  "alice@hotmail.com, bob@hotmail.com, NS 10.0.0.1, SB#3: 0-3 0-3 1-2",
		RoleLanes: "alice@hotmail.com, bob@hotmail.com, NS, SB: 0-3 0-3 1-2",
		SideLanes: "clients, servers: 0-1 0-1 0-1",
	} {
		if got := r.drawn(by); got != want {
			t.Errorf("lanes %d are %s, want %s", by, got, want)
		}
	}
	for _, flag := range []session.Flag{session.Injected, session.Dropped} {
		m := decode.Parse([]byte("QNG\r\n"), decode.FromServer, ns.Grammar())
		e := ns.Track(decode.FromServer, &m, r.now())
		e.Flags |= flag
		*r.log = append(*r.log, e)
	}
	want := "alice@hotmail.com, bob@hotmail.com, (proxy), NS, SB: 0-4 0-4 1-3 2-0 3-2"
	if got := r.drawn(RoleLanes); got != want {
		t.Errorf("with a proxy they are %s, want %s", got, want)
	}
	r.SetFilter(nil)
	r.SetScope(Scope{Conn: 3})
	if got, want := r.drawn(EachLane), "alice@hotmail.com, (proxy), SB#3: 0-2 0-2"; got != want {
		t.Errorf("of one connection they are %s, want %s", got, want)
	}
}

// filterTo shows only the events after the first n.
// TestLadderNamesServers: a name that a capture gives to a server stands in place of its address.
func TestLadderNamesServers(t *testing.T) {
	r := newRig(t, Options{})
	r.logon("10.0.0.7:1025", "alice@hotmail.com")
	for _, e := range *r.log {
		e.ServerName = "ns.example"
	}
	if got := r.drawn(EachLane); !strings.Contains(got, "NS ns.example") || strings.Contains(got, "10.0.0.1") {
		t.Errorf("the ladder is\n%s", got)
	}
}

func (r *rig) filterTo(n uint64) { r.SetFilter(after(n)) }

type after uint64

func (n after) Match(e *session.Event) bool { return e.N > uint64(n) }

// TestLadderOfManyHasALastLane: what has no lane of its own shares one.
func TestLadderOfManyHasALastLane(t *testing.T) {
	r := newRig(t, Options{})
	for i := range maxLanes + 5 {
		r.logon(fmt.Sprintf("a:%d", i), fmt.Sprintf("user%d@hotmail.com", i))
	}
	r.settle()
	l := r.Ladder(EachLane)
	if n := len(l.Lanes); n != maxLanes+2 || l.Lanes[maxLanes].Name != "others" {
		t.Fatalf("%d lanes, the last for users is %q", n, l.Lanes[maxLanes].Name)
	}
	if rung := l.Rung(r.Row(r.Rows() - 2)); rung != (Rung{maxLanes, maxLanes + 1}) {
		t.Errorf("the last user's command runs in %v", rung)
	}
}
