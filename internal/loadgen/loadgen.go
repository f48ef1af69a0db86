package loadgen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Mode says what the users do.
type Mode string

// The modes.
const (
	SignIn Mode = "signin" // sign in and off again, repeatedly
	// one user of each group changes its state, the others have it on their forward lists
	Presence Mode = "presence"
	Chat     Mode = "chat"  // one user of each pair writes, the other reads
	Group    Mode = "group" // one user of each group writes, all others read
	Idle     Mode = "idle"  // sign in and stay
	Lists    Mode = "lists" // each user puts the next on its allow list, and takes it off again
)

// Modes lists all modes.
var Modes = []Mode{SignIn, Presence, Chat, Group, Idle, Lists}

const (
	// atOnce is how many users sign in, or join their group, at a time: enough to keep a server
	// busy, few enough that none times out waiting.
	atOnce = 64
	// patience is how long one step of a user may take.
	patience = 30 * time.Second
	// noticeTime is how long the others may take to notice an act.
	noticeTime = 10 * time.Second
	// progressTime is how often Options.Progress is called.
	progressTime = 500 * time.Millisecond
)

// User is a user who signs in.
type User struct{ Handle, Password string }

// Options say what load to put on which server. Server, Mode and Users are required.
type Options struct {
	// Server is where users sign in: the address of a dispatch server, or of a notification server.
	Server string
	// Dial opens connections; nil means TCP, to loopback addresses only unless AllowRemote is set,
	// also when a referral leads elsewhere.
	Dial        func(ctx context.Context, network, addr string) (net.Conn, error)
	AllowRemote bool

	Mode  Mode
	Users []User
	// GroupSize is how many users a group of Presence and Group has; 10 when 0, and never more than
	// there are users. The last group may be smaller; a user who would be alone is left out.
	GroupSize int
	// Rate is how many acts there are a second, of all users together: sign-ins in the modes SignIn
	// and Idle, changes of state, changes of a list, messages. 0 means as many as possible.
	Rate float64
	// Messages is how many acts each group performs, or each user in the modes SignIn and Lists; 0
	// means no limit.
	Messages int
	// Duration is how long the run lasts once all users are signed in; 10 s when 0.
	Duration time.Duration
	// Progress, if not nil, is called twice a second, from one goroutine.
	Progress func(Progress)
}

// operation is a kind of operation that is measured.
type operation int

const (
	signIn operation = iota
	change
	seen
	seenByAll
	message
	messageToAll
	listChange
	operations
)

var operationNames = [operations]string{
	"sign-in", "change", "seen", "seen by all", "message", "message to all",
	"list change",
}

// acts maps a mode to what Options.Rate and Messages count.
var acts = map[Mode]operation{
	SignIn: signIn, Idle: signIn, Presence: change, Chat: message, Group: messageToAll,
	Lists: listChange,
}

// run is the state of one run.
type run struct {
	o        Options
	pace     pacer
	members  []*member
	signedIn atomic.Int64
	times    [operations]histogram
	begun    time.Time // when the run began
	measured time.Time // when all were signed in
	signing  time.Duration
	ending   atomic.Bool // the run is ending, and lost connections are no longer counted

	mu     sync.Mutex
	errors map[string]uint64
	failed uint64
}

// Run puts the load on the server and returns when all acts are done, Options.Duration has passed
// or ctx ends. The report covers what was done until then. No user stays signed in. An error
// concerns only the options.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	r := &run{o: o.withDefaults(), errors: make(map[string]uint64), begun: time.Now()}
	for _, u := range o.Users {
		r.members = append(r.members, &member{r: r, user: u})
	}
	stop := r.watch()
	switch o.Mode {
	case SignIn:
		r.storm(ctx)
	case Idle:
		r.idle(ctx)
	case Lists:
		r.lists(ctx)
	default:
		r.inGroups(ctx)
	}
	report := r.report()
	stop()
	r.leave()
	return report, nil
}

func (o *Options) check() error {
	if _, ok := acts[o.Mode]; !ok {
		return fmt.Errorf("unknown mode %q: want one of %v", o.Mode, Modes)
	}
	need := 2
	if o.Mode == SignIn || o.Mode == Idle {
		need = 1
	}
	switch {
	case len(o.Users) < need:
		return fmt.Errorf("mode %s needs at least %d users; there are %d", o.Mode, need, len(o.Users))
	case o.GroupSize == 1 || o.GroupSize < 0:
		return errors.New("a group needs at least two users")
	case o.Rate < 0 || o.Messages < 0 || o.Duration < 0:
		return errors.New("rate, messages and duration must not be negative")
	case o.Rate != 0 && !(o.Rate >= minRate && o.Rate <= maxRate): // also false for NaN
		return fmt.Errorf("a rate must be 0, or from 0.00001 to 1000000000 a second, not %v", o.Rate)
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Dial == nil {
		o.Dial = Dialer(o.AllowRemote).DialContext
	}
	if o.GroupSize == 0 {
		o.GroupSize = 10
	}
	if o.Mode == Chat {
		o.GroupSize = 2
	}
	if o.Duration == 0 {
		o.Duration = 10 * time.Second
	}
	return o
}

// each calls f for all items, atOnce at a time, until ctx ends.
func each[T any](ctx context.Context, items []T, f func(T)) {
	var wg sync.WaitGroup
	next := make(chan T)
	for range min(atOnce, len(items)) {
		wg.Go(func() {
			for item := range next {
				f(item)
			}
		})
	}
	for _, item := range items {
		select {
		case next <- item:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
}

// step calls do, counts an error under the name what, and reports whether there was none.
func (r *run) step(ctx context.Context, what string, do func(context.Context) error) bool {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := do(limited)
	if err != nil && !over(ctx) { // else the run itself has ended it
		r.fail(what, err)
	}
	return err == nil
}

// over reports whether ctx has ended or is about to: a context derived from it may have ended a
// moment earlier.
func over(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return ctx.Err() != nil || limited && !time.Now().Before(deadline)
}

// leave ends all connections.
func (r *run) leave() {
	r.ending.Store(true)
	each(context.Background(), r.members, func(m *member) {
		if m.client != nil {
			m.client.Close()
		}
	})
}
