package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	statusSubject = "msn.h.status" // whoever asks here gets an answer of each node
	// statusTime is how long ReadStatus waits for nodes that others hear, statusQuiet how long for
	// more.
	statusTime  = 2 * time.Second
	statusQuiet = 300 * time.Millisecond
)

// Status is what a cluster says about itself.
type Status struct {
	Nodes   []NodeStatus
	Streams []StreamStatus
}

// NodeStatus is what a node says about itself.
type NodeStatus struct {
	Node    string    `json:"node"`
	Started time.Time `json:"started"`
	places
	// InTouch says whether the node is in touch with a majority, so that it may change something.
	InTouch bool `json:"in_touch"`
	// Heard has for each node that it hears how long ago the last message came.
	Heard map[string]time.Duration `json:"heard"`
}

// StreamStatus is the state of a stream.
type StreamStatus struct {
	Name, Leader string // Leader is "" while there is none
	Records      uint64
	// Lag has for each other node that keeps the stream how many changes it is behind the leader.
	Lag    map[string]uint64
	behind map[string]bool // nodes that lack something, as far as the leader knows
}

// status answers whoever asks for the status.
func (h *Hub) status(m *nats.Msg) {
	h.mu.Lock()
	h.self.Users = h.self.count
	s := NodeStatus{
		Node: h.self.name, Started: h.started, places: h.self.places, InTouch: h.inTouchLocked(),
		Heard: make(map[string]time.Duration, len(h.peers)),
	}
	for _, p := range h.peers {
		s.Heard[p.name] = time.Since(p.heard)
	}
	h.mu.Unlock()
	if b, err := json.Marshal(&s); err == nil { // always, since there is nothing but strings and numbers
		_ = m.Respond(b) // whoever asked may have left
	}
}

// ReadStatus asks all nodes that l leads to. It waits until all nodes have answered that others
// hear, or no more for two seconds.
func ReadStatus(ctx context.Context, l *Link) (*Status, error) {
	js, err := jetstream.New(l.Conn)
	if err != nil {
		return nil, err
	}
	answers := make(chan *nats.Msg, 1000)
	inbox := nats.NewInbox()
	sub, err := l.Conn.ChanSubscribe(inbox, answers)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sub.Unsubscribe() }() // fails only where the connection has ended
	if err := l.Conn.PublishRequest(statusSubject, inbox, nil); err != nil {
		return nil, err
	}
	s := &Status{}
	known := map[string]bool{} // whether it has answered
	for late := time.After(statusTime); ; {
		wait := time.After(statusQuiet)
		if len(known) == 0 || slices.Contains(slices.Collect(maps.Values(known)), false) {
			wait = nil
		}
		select {
		case m := <-answers:
			var n NodeStatus
			if json.Unmarshal(m.Data, &n) != nil || n.Node == "" {
				continue
			}
			s.Nodes = append(s.Nodes, n)
			known[n.Node] = true
			for other := range n.Heard {
				if !known[other] {
					known[other] = false // it is awaited
				}
			}
			continue
		case <-wait:
		case <-late:
		case <-ctx.Done():
		}
		break
	}
	slices.SortFunc(s.Nodes, func(a, b NodeStatus) int { return cmp.Compare(a.Node, b.Node) })
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	s.Streams = streams(ctx, js)
	return s, nil
}

// streams returns the state of the streams, in the order of their names.
func streams(ctx context.Context, js jetstream.JetStream) (all []StreamStatus) {
	for name := range js.StreamNames(ctx).Name() {
		if strings.HasPrefix(name, "MSN_") {
			all = append(all, streamStatus(ctx, js, name))
		}
	}
	slices.SortFunc(all, func(a, b StreamStatus) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// caughtUp reports whether a node has all that it is to keep of the streams.
func caughtUp(ctx context.Context, js jetstream.JetStream, node string) bool {
	ctx, cancel := context.WithTimeout(ctx, statusTime)
	defer cancel()
	all := streams(ctx, js)
	return len(all) > 0 && !slices.ContainsFunc(all, func(s StreamStatus) bool {
		return s.Leader == "" || s.behind[node]
	})
}

func streamStatus(ctx context.Context, js jetstream.JetStream, name string) StreamStatus {
	s := StreamStatus{Name: name, Lag: map[string]uint64{}, behind: map[string]bool{}}
	stream, err := js.Stream(ctx, name)
	if err != nil {
		return s
	}
	info := stream.CachedInfo()
	s.Records = info.State.Msgs
	if info.Cluster == nil { // a cluster of one node is none for NATS
		s.Leader = js.Conn().ConnectedServerName()
		return s
	}
	s.Leader = info.Cluster.Leader
	for _, r := range info.Cluster.Replicas {
		s.Lag[r.Name], s.behind[r.Name] = r.Lag, !r.Current
	}
	return s
}
