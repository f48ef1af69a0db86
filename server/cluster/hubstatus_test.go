package cluster

import (
	"testing"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
)

// TestStatus: the status names all nodes, their users, the leader and who is behind.
func TestStatus(t *testing.T) {
	t.Parallel()
	hubs := openHubs(t, 3, accounts.Defaults())
	newPerson(t, "alice").enter(hubs[1])
	hubs[2].Leave()
	crash(hubs[0]) // it does not answer, but the others have heard it
	began := time.Now()
	s, err := ReadStatus(t.Context(), hubs[2].o.Link)
	if err != nil || len(s.Nodes) != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	if d := time.Since(began); d < statusTime {
		t.Errorf("it did not wait for the third node, but only %v", d)
	}
	two, three := s.Nodes[0], s.Nodes[1]
	if two.Node != "n2" || two.Users != 1 || !two.InTouch || two.Leaving || two.Switchboard != "sb.n2:1863" ||
		time.Since(two.Started) > time.Minute || two.Started.After(time.Now()) {
		t.Errorf("n2 is %+v", two)
	}
	if three.Node != "n3" || three.Users != 0 || !three.Leaving || three.Heard["n2"] > time.Second {
		t.Errorf("n3 is %+v", three)
	}
	if len(s.Streams) != 1 {
		t.Fatalf("the streams are %+v", s.Streams)
	}
	if x := s.Streams[0]; x.Leader == "" || len(x.Lag) != 2 || x.Records != 1 || x.Name != sessionStream {
		t.Errorf("the stream is %+v", x)
	}
}
