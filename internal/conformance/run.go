package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

// These are errors of [Run].
var (
	// ErrUnreachable means that no connection to the server can be made, or no longer.
	ErrUnreachable = errors.New("the server cannot be reached")
	// ErrSilent means that the server accepts connections but does not answer, or no longer.
	ErrSilent = errors.New("the server does not answer")
	// ErrRefused means that the users cannot sign in, or no longer: the password is wrong, or the
	// server has had enough of them.
	ErrRefused = errors.New("the users cannot sign in")
)

const (
	// LaneUsers is how many users one case may have, and so how many a run needs.
	LaneUsers = 4
	// patience and quiet are the defaults of Options.
	patience = 5 * time.Second
	quiet    = 50 * time.Millisecond
	// maxFutile is how many cases in a row may fail to begin before a run ends: a server that is
	// gone stays gone for all others.
	maxFutile = 3
)

// names are the names of the users in the scripts.
var names = [LaneUsers]string{"alice", "bob", "carol", "dave"}

// Options say which cases to play against which server. Address, Users and Cases are required.
type Options struct {
	// Address is where clients begin, host:port. The other servers are found by referral.
	Address string
	// Dial connects to Address, and to the addresses that the server refers to; nil means TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Users are accounts that the server has for nothing else, with handles in lower case: their
	// lists are emptied, and their settings and names changed. Every four of them play cases of
	// their own at the same time; a remainder is not used. Run gives them their names in the
	// scripts.
	Users []User
	// Nobody is a handle without an account.
	Nobody string
	// Cases are played in their order, except for those that cannot be: see [Case.Skip].
	Cases []Case
	// Preset is the preset that the server must follow; "" lets it follow any, a different one in
	// each case.
	Preset string
	// Patience is how long an answer may take; 5 s when 0.
	Patience time.Duration
	// Quiet is how long nothing may come before nothing more is expected; 50 ms when 0.
	Quiet time.Duration
	// Progress, if not nil, is called after each case, never twice at a time.
	Progress func(Progress)
}

// Progress is the progress of a run.
type Progress struct {
	Done, Cases int
	Failed      int    // of the cases done: those that failed or could not be played
	Last        string // name of the case done last
}

// run is the state of one run, which its lanes share.
type run struct {
	o       Options
	presets []string

	mu     sync.Mutex
	report Report
	next   int   // index of the case to play next
	done   int   // cases done
	failed int   // cases done that failed or were blocked
	futile int   // cases in a row that could not begin; at maxFutile the run ends
	begin  error // why the last of them could not begin
}

// Run plays the cases against a server, and leaves the lists of the users empty. When it returns an
// error, which is that of ctx, [ErrUnreachable], [ErrSilent] or [ErrRefused], the report covers
// what was played until then. A server that differs is no error.
func Run(ctx context.Context, o Options) (*Report, error) {
	if len(o.Users) < LaneUsers {
		return nil, fmt.Errorf("there are %d users; at least %d are needed", len(o.Users), LaneUsers)
	}
	r := &run{o: o.withDefaults(), presets: Presets()}
	if o.Preset != "" {
		r.presets = []string{o.Preset}
	}
	begun := time.Now()
	r.report = Report{Server: o.Address, Preset: o.Preset, Cases: make([]Result, len(o.Cases))}
	for i := range o.Cases {
		c := &o.Cases[i]
		r.report.Cases[i] = Result{Name: c.Name, Sections: c.Sections, Status: NotPlayed}
	}
	found, err := r.probe(ctx)
	if err == nil {
		err = r.all(ctx, found)
	}
	r.report.Seconds = time.Since(begun).Seconds()
	r.report.sum()
	return &r.report, err
}

func (o Options) withDefaults() Options {
	if o.Dial == nil {
		o.Dial = (&net.Dialer{}).DialContext
	}
	if o.Patience == 0 {
		o.Patience = patience
	}
	if o.Quiet == 0 {
		o.Quiet = quiet
	}
	return o
}

// all plays all cases, on as many lanes as there are users for.
func (r *run) all(ctx context.Context, p *probed) error {
	var lanes sync.WaitGroup
	for users := range slices.Chunk(r.o.Users, LaneUsers) {
		if len(users) == LaneUsers {
			lanes.Go(func() { r.newLane(ctx, p, users).work(ctx) })
		}
	}
	lanes.Wait()
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case p.signIn != nil:
		return fmt.Errorf("%w: %w", ErrRefused, p.signIn)
	case r.futile > 0:
		return hopeless(r.begin) // the cases ran out before maxFutile was reached
	}
	return nil
}

// take returns the index of the next case, and false when there is none.
func (r *run) take(ctx context.Context) (int, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ctx.Err() != nil || r.futile >= maxFutile || r.next == len(r.o.Cases) {
		return 0, false
	}
	r.next++
	return r.next - 1, true
}

// put records the result of a case. begin is why it could not begin, nil if it did.
func (r *run) put(i int, result Result, begin error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.Cases[i] = result
	r.done++
	if result.Status == Failed || result.Status == Blocked {
		r.failed++
	}
	if begin != nil {
		r.begin = begin
		r.futile++
	} else if result.Status != Skipped {
		r.futile = 0
	}
	if r.o.Progress != nil {
		r.o.Progress(Progress{Done: r.done, Cases: len(r.o.Cases), Failed: r.failed, Last: result.Name})
	}
}

// hopeless returns the error of a run whose last cases could not begin because of err.
func hopeless(err error) error {
	var unreachable *dialError
	switch {
	case errors.As(err, &unreachable):
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	case silent(err):
		return fmt.Errorf("%w: %w", ErrSilent, err)
	}
	return fmt.Errorf("%w: %w", ErrRefused, err)
}

// note adds a note to the report, unless it is there already.
func (r *run) note(form string, args ...any) {
	text := fmt.Sprintf(form, args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.report.Notes) < maxNotes && !slices.Contains(r.report.Notes, text) {
		r.report.Notes = append(r.report.Notes, text)
	}
}

// maxNotes is how many notes a report has at most, since people read them.
const maxNotes = 50
