package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/accounts"
)

const (
	toAll = "msn.h.all" // the subject of messages for all nodes
	toOne = "msn.h.to." // the node's name follows: messages for one node
	// nameSubject is followed by the name of a node, which answers if it lives.
	nameSubject = "msn.h.name."
	// maxInbox is how many messages may wait to be read. Beyond that NATS drops them, which their
	// numbers show.
	maxInbox = 1 << 16
	// maxMessage is where a message ends and the next begins; NATS takes 1 MB at most.
	maxMessage = 256 << 10
	// maxOutbox is how many bytes may wait to be sent. Beyond that they are dropped, and the next
	// number shows it.
	maxOutbox = 64 << 20
)

// ErrMinority means that too few nodes can be reached: what this node acknowledged, the others
// would not know of.
var ErrMinority = errors.New("this node is out of touch with the majority of the cluster")

var errNameTaken = errors.New("a node with this name runs already")

// HubOptions configure a [Hub].
type HubOptions struct {
	Link *Link
	// Store has the accounts. The hub looks up who is to be told of a user whose node has died.
	Store accounts.Store
	// Dispatch, Notification and Switchboard are the addresses of this node's servers in referrals,
	// "" and nil for roles that it does not have.
	Dispatch     string
	Notification []string
	Switchboard  string
	// Log receives what an operator needs to know; nil discards it.
	Log *slog.Logger

	t timing // zero means the usual
}

// timing has the durations that a Hub goes by. All are measured by the monotonic clock.
type timing struct {
	beat   time.Duration // between two signs of life
	lease  time.Duration // how long a majority's answer to a sign of life permits changes
	death  time.Duration // without a sign of life until a node is dead; more than lease
	severe time.Duration // without a majority until the clients are sent away
	leader time.Duration // how long a change waits for a new leader
	know   time.Duration // how long a logon waits until all nodes know of it
	answer time.Duration // how long another node may take for an answer
}

var usual = timing{
	beat: 500 * time.Millisecond, lease: 3 * time.Second, death: 3500 * time.Millisecond,
	severe: 10 * time.Second, leader: 20 * time.Second, know: 200 * time.Millisecond, answer: 4 * time.Second,
}

// Hub is a [server.Hub] for the nodes of a cluster. Each node keeps in memory who is logged on
// where; the nodes tell each other what changes. Call Close in the end. All methods are safe for
// concurrent use.
//
// # Sessions
//
// A logon is a record in a stream, written only if nobody else wrote meanwhile: so each user has
// one session in the cluster, with an epoch that is higher than that of the session before. Whoever
// hears of a higher epoch gives up its own. All else is the business of the node that has the
// session.
//
// # Order
//
// mu is held while something changes and is queued for sending, and while what another node sent
// is carried out. There is one queue, one goroutine that sends, and one that receives, so what
// happened on one node happens on each other in the same order. Receivers are notified with mu
// locked.
//
// # Goroutines
//
// OpenHub starts send, receive, tick and mourn, and vouch where NATS runs outside; Close waits for
// them.
type Hub struct {
	o           HubOptions
	incarnation string
	started     time.Time
	tickets     server.Hub // of this node's switchboard
	stream      jetstream.Stream
	js          jetstream.JetStream
	inbox       chan *nats.Msg
	subs        []*nats.Subscription
	wake, grief chan struct{}
	ctx         context.Context
	cancel      context.CancelFunc
	running     sync.WaitGroup
	number      atomic.Uint64 // of the last message for all
	logons      atomic.Uint64

	sending sync.Mutex // held while messages are sent; taken before mu

	mu       sync.Mutex
	self     *member
	peers    map[string]*member // by name
	users    map[string]*entry  // by accounts.Key
	entering map[string]chan struct{}
	mourned  []string // handles of users whose watchers are to be told how they are
	calls    map[uint64]*call
	lastCall uint64
	outbox   []outgoing
	outSize  int
	beats    uint64
	sent     [128]time.Time // when the last beats were sent, by their numbers
	vouched  time.Time      // where NATS runs outside: when the last write began that succeeded
	severed  bool
	sessions func() int
	refused  map[string]bool // nodes of other versions that were logged
}

// outgoing is an event that waits to be sent: to one node, or to all if to is nil.
type outgoing struct {
	to    *member
	event []byte
}

// OpenHub makes this node a part of the cluster. It waits until the cluster has a leader, for as
// long as ctx lasts; see [Hub.Ready].
func OpenHub(ctx context.Context, o HubOptions) (*Hub, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.t == (timing{}) {
		o.t = usual
	}
	h := &Hub{
		o: o, started: time.Now(), incarnation: fmt.Sprintf("%016x%s", time.Now().UnixNano(), rand.Text()[:8]),
		tickets: server.NewHub(), inbox: make(chan *nats.Msg, maxInbox),
		wake: make(chan struct{}, 1), grief: make(chan struct{}, 1),
		peers: make(map[string]*member), users: make(map[string]*entry),
		entering: make(map[string]chan struct{}), calls: make(map[uint64]*call), refused: make(map[string]bool),
	}
	h.self = &member{name: o.Link.Node, incarnation: h.incarnation}
	h.self.places = places{Dispatch: o.Dispatch, Notification: o.Notification, Switchboard: o.Switchboard}
	h.ctx, h.cancel = context.WithCancel(context.Background())
	if err := h.open(ctx); err != nil {
		h.cancel()
		return nil, fmt.Errorf("node %s: %w", o.Link.Node, err)
	}
	h.running.Go(h.send)
	h.running.Go(h.receive)
	h.running.Go(h.tick)
	h.running.Go(h.mourn)
	if o.Link.Size == 0 {
		h.running.Go(h.vouch)
	}
	return h, nil
}

// open makes the stream and subscribes.
func (h *Hub) open(ctx context.Context) (err error) {
	if h.js, err = jetstream.New(h.o.Link.Conn); err != nil {
		return err
	}
	if err := h.openStream(ctx); err != nil {
		return err
	}
	// With NATS outside, nothing else keeps two nodes of one name apart.
	if _, err := h.o.Link.Conn.Request(nameSubject+h.self.name, nil, attempt); err == nil {
		return errNameTaken
	}
	for _, subject := range []string{toAll, toOne + h.self.name, statusSubject, nameSubject + h.self.name} {
		sub, err := h.o.Link.Conn.ChanSubscribe(subject, h.inbox)
		if err != nil {
			h.unsubscribe()
			return err
		}
		h.subs = append(h.subs, sub)
	}
	if err := h.o.Link.Conn.FlushTimeout(h.o.t.answer); err != nil {
		h.unsubscribe()
		return err
	}
	return nil
}

func (h *Hub) unsubscribe() {
	for _, s := range h.subs {
		_ = s.Unsubscribe() // fails only where the connection has ended
	}
}

// Close tells the other nodes that this one has left, and waits for the hub's goroutines. Sessions
// that are left here end.
func (h *Hub) Close() error {
	h.mu.Lock()
	h.post(nil, event(evBye, nil))
	h.mu.Unlock()
	h.flush()
	h.unsubscribe()
	h.cancel()
	h.running.Wait()
	return nil
}

// post queues an event for one node, or for all. The caller holds mu.
func (h *Hub) post(to *member, event []byte) {
	if h.outSize += len(event); h.outSize > maxOutbox {
		h.o.Log.Error("too much waits to be sent to other nodes; they will ask again", "bytes", h.outSize)
		h.outbox, h.outSize = nil, 0
		h.number.Add(1) // shows that something is missing
		return
	}
	h.outbox = append(h.outbox, outgoing{to, event})
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// send sends what was posted, in its order, until the hub is closed.
func (h *Hub) send() {
	for {
		select {
		case <-h.wake:
			h.flush()
		case <-h.ctx.Done():
			return
		}
	}
}

// flush sends what was posted. Events for the same node, or for all, that follow each other leave
// in one message.
func (h *Hub) flush() {
	h.sending.Lock()
	defer h.sending.Unlock()
	h.mu.Lock()
	rest := h.outbox
	h.outbox, h.outSize = nil, 0
	h.mu.Unlock()
	for len(rest) > 0 {
		to, subject := rest[0].to, toAll
		head := header{node: h.self.name, incarnation: h.incarnation}
		if to != nil {
			subject, head.to = toOne+to.name, to.incarnation
		} else {
			head.number = h.number.Add(1)
		}
		var message packer
		head.pack(&message)
		for len(rest) > 0 && rest[0].to == to && len(message) < maxMessage {
			message, rest = append(message, rest[0].event...), rest[1:]
		}
		// What cannot be sent is missing: the next number, or the next beat, shows that.
		_ = h.o.Link.Conn.Publish(subject, message)
	}
}

// receive carries out what other nodes send, until the hub is closed.
func (h *Hub) receive() {
	for {
		select {
		case m := <-h.inbox:
			switch m.Subject {
			case statusSubject, nameSubject + h.self.name:
				h.status(m)
			default:
				h.accept(m.Data)
			}
		case <-h.ctx.Done():
			return
		}
	}
}

// accept carries out one message.
func (h *Hub) accept(b []byte) {
	head, u, version, err := open(b)
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err != nil:
		h.refuse(version)
		return
	case head.node == h.self.name:
		return // this node's own, or another of that name, which NATS keeps out
	case head.to != "" && head.to != h.incarnation:
		return // for an earlier life of this node
	}
	m := h.hear(&head)
	if m == nil {
		return
	}
	for len(u.b) > 0 && !u.bad {
		kind, fields := u.event()
		if do := events[kind]; do != nil {
			do(h, m, &fields)
		}
	}
}

// events has what is done about each kind of event, with mu locked.
var events map[eventKind]func(*Hub, *member, *unpacker)

func init() {
	events = map[eventKind]func(*Hub, *member, *unpacker){
		evBeat: (*Hub).hearBeat, evBye: (*Hub).hearBye, // hubmembers.go
		evAsk: (*Hub).hearAsk, evRoster: (*Hub).hearRoster, evElsewhere: (*Hub).hearElsewhere, // hubrepair.go
		evEnter: (*Hub).hearEnter, evUpdate: (*Hub).hearUpdate, evThere: (*Hub).hearThere, // hubpresence.go
		evAnnounce: (*Hub).hearAnnounce, evDeliver: (*Hub).hearDeliver, evAnswer: (*Hub).hearAnswer, // hubnotices.go
		evIssue: (*Hub).hearIssue, evRedeem: (*Hub).hearRedeem, evRevoke: (*Hub).hearRevoke, // hubtickets.go
	}
}

// refuse logs that a message could not be read, once for each version. The caller holds mu.
func (h *Hub) refuse(version byte) {
	if key := fmt.Sprint(version); !h.refused[key] {
		h.refused[key] = true
		h.o.Log.Error("messages of another node are refused: it is of another version of msnscope, or damaged",
			"theirs", version, "ours", wireVersion)
	}
}
