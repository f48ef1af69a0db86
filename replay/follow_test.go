package replay

import (
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/session"
)

// TestFollowForgets: connections that have ended cost nothing, those that nobody spoke on included;
// one that is open stays.
func TestFollowForgets(t *testing.T) {
	var g session.Graph
	log := &growing{}
	at := time.Now().Add(-time.Hour)
	for range 1000 {
		c, e := g.Open(at, "127.0.0.1:1025", "127.0.0.1:1863")
		log.events = append(log.events, e, c.Close(at, "closed by the client"))
	}
	_, e := g.Open(at, "127.0.0.1:1025", "127.0.0.1:1863")
	log.events = append(log.events, e)
	f := newFollower(log, Options{})
	plan := f.plan
	defer f.player.close()
	f.extend(false)
	if len(plan.conns) != 1001 {
		t.Fatalf("%d connections are known, want 1001", len(plan.conns))
	}
	f.forget()
	if len(plan.conns) != 1 || len(f.survey.opened) != 1 {
		t.Errorf("%d and %d connections are known, want the open one", len(plan.conns), len(f.survey.opened))
	}
}

// growing is a log in memory.
type growing struct{ events []*session.Event }

func (l *growing) Len() int                { return len(l.events) }
func (l *growing) At(i int) *session.Event { return l.events[i] }
