package load

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Mode is what the users do.
type Mode string

// The modes.
const (
	SignIn   Mode = "signin"   // sign in and off again, all the time
	Presence Mode = "presence" // one of each group changes its state, the others have it on their forward lists
	Chat     Mode = "chat"     // one of each pair writes, the other reads
	Group    Mode = "group"    // one of each group writes, all others read
	Idle     Mode = "idle"     // sign in and stay
	Lists    Mode = "lists"    // each puts the next on its allow list, and takes it off again
)

// Modes are all modes.
var Modes = []Mode{SignIn, Presence, Chat, Group, Idle, Lists}

const (
	// atOnce is how many users sign in, or join their group, at a time: enough to keep a server busy, few enough that
	// none waits so long that it fails.
	atOnce = 64
	// patience is how long one step of a user may take.
	patience = 30 * time.Second
	// noticeTime is how long the others may take to notice an act.
	noticeTime = 10 * time.Second
	// progressTime is how often Options.Progress is called.
	progressTime = 500 * time.Millisecond
)

// User is somebody who signs in.
type User struct{ Handle, Password string }

// Options say what load a server gets. Server, Mode and Users are needed.
type Options struct {
	// Server is where users sign in: the address of a dispatch server, or of a notification server.
	Server string
	// Dial opens connections; nil is that of TCP, to loopback addresses only unless AllowRemote is set: also when a
	// referral leads elsewhere.
	Dial        func(ctx context.Context, network, addr string) (net.Conn, error)
	AllowRemote bool

	Mode  Mode
	Users []User
	// GroupSize is how many users a group of Presence and Group has; 10 when 0, and never more than there are users. The
	// last group may be smaller; a user who would be alone is left out.
	GroupSize int
	// Rate is how many acts there are a second, of all users together: sign-ins in the modes SignIn and Idle, changes of
	// state, changes of a list, messages. 0 is as many as there can be.
	Rate float64
	// Messages is how many acts each group does, or user in the modes SignIn and Lists; no limit when 0.
	Messages int
	// Duration is how long it all lasts, from when all are signed in; 10 s when 0.
	Duration time.Duration
	// Progress is called twice a second, from one goroutine; nil for nobody.
	Progress func(Progress)
}

// Progress is how far a run is.
type Progress struct {
	Users, SignedIn int
	Acts            uint64 // of the mode's kind
	Errors          uint64
	Elapsed         time.Duration
}

// Report is what came of a run.
type Report struct {
	Mode     Mode    `json:"mode"`
	Users    int     `json:"users"`
	SignedIn int     `json:"signed_in"` // at the end; in mode SignIn nobody stays
	Seconds  float64 `json:"seconds"`   // since all were signed in; in mode SignIn of all
	// Operations are by name: "sign-in"; "change" is until the server answers, "seen" until one of the others notices,
	// "seen by all" until the last one does; "message" and "message to all" likewise,
	// "list change" until the server answers.
	Operations map[string]Latency `json:"operations"`
	// Errors counts by kind, at most maxKinds of them.
	Errors map[string]uint64 `json:"errors"`
}

// operation is what is measured.
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

var operationNames = [operations]string{"sign-in", "change", "seen", "seen by all", "message", "message to all", "list change"}

// acts are what Options.Rate and Messages count.
var acts = map[Mode]operation{SignIn: signIn, Idle: signIn, Presence: change, Chat: message, Group: messageToAll, Lists: listChange}

// run is one run.
type run struct {
	o        Options
	pace     pacer
	members  []*member
	signedIn atomic.Int64
	times    [operations]histogram
	begun    time.Time // of all
	measured time.Time // since when all are signed in
	signing  time.Duration
	ending   atomic.Bool // connections that end are no news

	mu     sync.Mutex
	errors map[string]uint64
	failed uint64
}

// Run puts the load on the server and returns when all is done, Options.Duration is over or ctx ends; the report is about
// what was done until then. It leaves nobody signed in. The error is one of the options.
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
		return fmt.Errorf("%q is no mode: these are %v", o.Mode, Modes)
	}
	need := 2
	if o.Mode == SignIn || o.Mode == Idle {
		need = 1
	}
	switch {
	case len(o.Users) < need:
		return fmt.Errorf("mode %s needs %d users or more, there are %d", o.Mode, need, len(o.Users))
	case o.GroupSize == 1 || o.GroupSize < 0:
		return errors.New("a group has two users or more")
	case o.Rate < 0 || o.Messages < 0 || o.Duration < 0:
		return errors.New("rate, messages and duration are not negative")
	case o.Rate != 0 && !(o.Rate >= minRate && o.Rate <= maxRate): // nor is it no number at all
		return fmt.Errorf("a rate is 0, or from 0.00001 to 1000000000 a second: %v is not", o.Rate)
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.Dial == nil {
		o.Dial = dialer(o.AllowRemote).DialContext
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

// each calls f for all items, so many at a time, until ctx ends.
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

// storm has users sign in and off again until the time is over.
func (r *run) storm(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.o.Duration)
	defer cancel()
	r.pace.start(r.o.Rate)
	r.measured = r.begun
	workers := min(atOnce, len(r.members))
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var mine []*member // each worker has its own: nobody is signed in twice
			for i := w; i < len(r.members); i += workers {
				mine = append(mine, r.members[i])
			}
			for n := 0; ctx.Err() == nil && (r.o.Messages == 0 || n/len(mine) < r.o.Messages); n++ {
				if m := mine[n%len(mine)]; r.signIn(ctx, m) {
					m.signOff(ctx)
				}
			}
		})
	}
	wg.Wait()
	r.signing = time.Since(r.begun)
}

// idle has all users sign in and stay.
func (r *run) idle(ctx context.Context) {
	r.pace.start(r.o.Rate)
	r.gather(ctx)
	select {
	case <-ctx.Done():
	case <-time.After(r.o.Duration):
	}
}

// lists has all users change their allow lists until the time is over. In the end the lists are as before.
func (r *run) lists(ctx context.Context) {
	r.gather(ctx)
	ctx, cancel := context.WithTimeout(ctx, r.o.Duration)
	defer cancel()
	r.pace.start(r.o.Rate)
	var wg sync.WaitGroup
	for i, m := range r.members {
		if m.client != nil { // else it could not sign in, which was counted
			wg.Go(func() { m.changeList(ctx, r.members[(i+1)%len(r.members)].user.Handle) })
		}
	}
	wg.Wait()
}

// changeList adds another user to the allow list and removes it again, and so on.
func (m *member) changeList(ctx context.Context, other string) {
	listed := false
	change := func(ctx context.Context) (err error) {
		if listed {
			err = m.client.RemoveContact(ctx, "AL", other)
		} else {
			err = m.client.AddContact(ctx, "AL", other, other)
		}
		if err == nil {
			listed = !listed
		}
		return err
	}
	for n := 0; m.r.o.Messages == 0 || n < m.r.o.Messages; n++ {
		at, err := m.r.pace.wait(ctx)
		if err != nil || !m.alive() {
			break
		}
		if m.r.step(ctx, "list change", change) {
			m.r.times[listChange].add(time.Since(at))
		}
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	// What was under way when the time was over may have been done or not: an error says nothing.
	_ = m.client.RemoveContact(end, "AL", other)
}

// gather signs all users in, and makes them be online.
func (r *run) gather(ctx context.Context) {
	each(ctx, r.members, func(m *member) {
		if r.signIn(ctx, m) {
			r.step(ctx, "go online", func(ctx context.Context) error { return m.client.SetState(ctx, "NLN") })
		}
	})
	r.measured = time.Now()
	r.signing = r.measured.Sub(r.begun)
}

// signIn reports whether the user is signed in now.
func (r *run) signIn(ctx context.Context, m *member) bool {
	at, err := r.pace.wait(ctx)
	if err != nil {
		return false
	}
	if !r.step(ctx, "sign-in", m.signIn) {
		return false
	}
	r.times[signIn].add(time.Since(at))
	return true
}

// step does something that may fail, and reports whether it did not.
func (r *run) step(ctx context.Context, what string, do func(context.Context) error) bool {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := do(limited)
	if err != nil && !over(ctx) { // else it was told to end
		r.fail(what, err)
	}
	return err == nil
}

// over reports whether ctx has ended, or is about to: a context made from it may have ended a moment earlier.
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

// watch calls Options.Progress until it is stopped.
func (r *run) watch() (stop func()) {
	if r.o.Progress == nil {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(progressTime)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				r.o.Progress(r.progress())
			case <-end:
				return
			}
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

func (r *run) progress() Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	return Progress{
		Users: len(r.members), SignedIn: int(r.signedIn.Load()), Acts: r.times[acts[r.o.Mode]].count(), Errors: r.failed,
		Elapsed: time.Since(r.begun),
	}
}

func (r *run) report() *Report {
	elapsed := time.Since(r.measured)
	if r.measured.IsZero() {
		elapsed = 0
	}
	out := &Report{
		Mode: r.o.Mode, Users: len(r.members), SignedIn: int(r.signedIn.Load()), Seconds: elapsed.Seconds(),
		Operations: make(map[string]Latency), Errors: make(map[string]uint64),
	}
	for op := range operations {
		within := elapsed
		if op == signIn {
			within = r.signing
		}
		if l := r.times[op].latency(within); l.Count > 0 {
			out.Operations[operationNames[op]] = l
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for kind, n := range r.errors {
		out.Errors[kind] = n
	}
	return out
}
