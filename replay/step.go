package replay

import (
	"math"
	"slices"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// circle holds the steps of users who have to do with each other, which are played in one order.
// Users of two circles never named each other, so there is no order between their steps.
type circle struct {
	steps []step
	races []race // by connection, then in the order of their beginnings
	// played is how many steps of a plan that grows have been played.
	played int
}

// action is what one step does.
type action uint8

const (
	open        action = iota // connect
	send                      // a client's command
	expect                    // a server's command
	closeClient               // the client closes
	closeServer               // the server closes
	shutClient                // the client half-closes
	shutServer                // the server half-closes
)

// trait is what a step means to others.
type trait uint16

const (
	news     trait = 1 << iota // news of another user from a server: of presence, coming or going
	present                    // such news is of presence alone
	gone                       // such news says that the user is not there any more
	changes                    // a request whose answer says that others may hear of its user
	leaves                     // the client's last word (§7.10, §8.6)
	answers                    // the answer to a request
	itself                     // what the server did by itself
	plain                      // nothing in it is new in a session: its bytes are all that there is to it
	answered                   // a request to which an answer was recorded
)

// step is one thing to do. It holds no event, so that a plan of a long recording stays small: 32
// bytes.
type step struct {
	at     int64 // nanoseconds since 1970
	index  int32 // of the event in the log
	conn   int32
	cause  int32  // the index of the event that led to it most directly, -1 for none
	about  int32  // the number of the user of whom the server tells, 0 for nobody
	offset uint32 // of its bytes in Plan.bytes
	length uint8  // of its bytes; 0 where they are in the log only
	do     action
	is     trait
}

// Caps of the bytes that a plan keeps, so that playing plain commands needs no look at the log:
// longer ones are few, and a plan of a million commands has room for all others.
const (
	maxKeptCommand = math.MaxUint8
	maxKeptBytes   = 64 << 20
)

// keep keeps the bytes of a plain command. They are what the server got, or sent.
func (p *Plan) keep(s *step, raw []byte) {
	if s.is&plain == 0 || len(raw) > maxKeptCommand || len(p.bytes)+len(raw) > maxKeptBytes {
		return
	}
	s.offset, s.length = uint32(len(p.bytes)), uint8(len(raw))
	p.bytes = append(p.bytes, raw...)
}

// raw returns the bytes of a step's command, empty where the plan does not have them. They must not
// be changed.
func (p *Plan) raw(s *step) []byte { return p.bytes[s.offset : s.offset+uint32(s.length)] }

// fromClient reports whether the server received the command from the client's side: false for one
// that was dropped on its way.
func fromClient(e *session.Event) bool {
	return e.Kind == session.Command && e.Dir == decode.FromClient && e.Flags&session.Dropped == 0 &&
		len(sentBytes(e)) > 0
}

// fromServer reports whether the server sent the command: false for one that was injected on its
// way.
func fromServer(e *session.Event) bool {
	return e.Kind == session.Command && e.Dir == decode.FromServer && e.Flags&session.Injected == 0 && len(e.In.Raw) > 0
}

// sentBytes returns the bytes that arrived at the server.
func sentBytes(e *session.Event) []byte {
	if e.Out != nil {
		return e.Out
	}
	return e.In.Raw
}

// A recording may show the end of a connection after its consequences: one without half-close
// events, in which it closes when both of its ends have, and one of a proxy that had much to do.
// The server may send notifications to others because the client had ended it before that: at most
// closeSteps steps and closeTime nanoseconds before.
const (
	closeSteps = 64
	closeTime  = 1e9
)

// add appends a step. The end that a client makes goes before the news that its user, whose number
// is who, has gone, which came to other connections just before, with no client's command between.
func (c *circle) add(s step, who int32) {
	if s.do != closeClient && s.do != shutClient {
		c.steps = append(c.steps, s)
		return
	}
	place := len(c.steps)
	for i := place - 1; i >= max(c.played, len(c.steps)-closeSteps); i-- {
		before := &c.steps[i]
		if before.conn == s.conn || before.do == send || before.do == open || s.at-before.at > closeTime {
			break
		}
		if before.is&gone != 0 && before.about == who && who != 0 {
			place = i
		}
	}
	c.steps = slices.Insert(c.steps, place, s)
}
