package conformance

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"time"
)

// probed is what the probe found out about a server.
type probed struct {
	target Target // without users
	// signIn is why nobody can sign in, and switchboard why nobody gets a switchboard; nil where
	// that works. Cases that need it are not played: all of them would fail for that reason, each
	// after its patience.
	signIn, switchboard error
}

// probe signs the first user in to find out where the three kinds of server are. It fails if the
// server cannot be reached or does not answer.
func (r *run) probe(ctx context.Context) (*probed, error) {
	p := &probed{target: r.target(ctx)}
	l := r.newLane(ctx, p, r.o.Users[:LaneUsers])
	play := newPlayer(ctx, l.target)
	defer play.close()
	const user = "alice"
	p.signIn = play.goOnline(user+".ns", "NLN")
	if at := play.referred[user+".ns"]; at != "" {
		p.target.Dispatch, p.target.Notification = r.o.Address, at
	}
	var unreachable *dialError
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case errors.As(p.signIn, &unreachable):
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, p.signIn)
	case silent(p.signIn) && play.mute():
		return nil, fmt.Errorf("%w: %w", ErrSilent, p.signIn)
	case p.signIn != nil:
		p.switchboard = p.signIn
		r.note("nobody can sign in: cases that need it are not played, and lists are not emptied")
	default:
		_, p.switchboard = play.ask(user+".ns", "XFR", "SB")
		p.target.Switchboard = play.referred[user+".sb"]
		if p.switchboard == nil && p.target.Switchboard == "" {
			p.switchboard = deviates("XFR SB has an unexpected answer", "XFR SB was answered without an address")
		}
	}
	r.report.Dispatch, r.report.Notification = p.target.Dispatch, p.target.Notification
	r.report.Switchboard = p.target.Switchboard
	return p, nil
}

// mute reports whether nothing came on any connection.
func (p *player) mute() bool {
	return !slices.ContainsFunc(p.conns, func(c *scriptConn) bool { return c.all() != "" })
}

// target returns the target, as far as it is known before the probe.
func (r *run) target(ctx context.Context) Target {
	return Target{
		Dial: func(ctx context.Context, address string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, r.o.Patience)
			defer cancel()
			return r.o.Dial(ctx, "tcp", address)
		},
		Notification: r.o.Address, Nobody: r.o.Nobody, Patience: r.o.Patience, Settle: r.settle(ctx),
	}
}

// settle returns a function that waits for Options.Quiet.
func (r *run) settle(ctx context.Context) func() {
	return func() {
		select {
		case <-time.After(r.o.Quiet):
		case <-ctx.Done():
		}
	}
}

// lane plays one case after the other with four users.
type lane struct {
	*run
	*probed
	target Target
	// dirty has the users whose lists, settings or names may differ from what a case begins with.
	dirty map[string]bool
	names map[string]string // friendly names that the users had at first
	// the server does not send the lists, so nothing can be removed from them
	blind bool
}

func (r *run) newLane(ctx context.Context, p *probed, users []User) *lane {
	l := &lane{run: r, probed: p, target: p.target, dirty: map[string]bool{}, names: map[string]string{}}
	l.target.Users = slices.Clone(users)
	for i, name := range names {
		l.target.Users[i].Name = name
		l.dirty[name] = true
	}
	return l
}

// work plays cases until none is left, and leaves the users' lists empty.
func (l *lane) work(ctx context.Context) {
	for {
		i, ok := l.take(ctx)
		if !ok {
			break
		}
		begun := time.Now()
		result, err := l.play(ctx, &l.o.Cases[i])
		if ctx.Err() != nil {
			break // the result of an interrupted case means nothing
		}
		result.Seconds = time.Since(begun).Seconds()
		l.put(i, result, err)
	}
	l.leave(ctx)
}

// play plays a case in each preset until the server passes. The error means that the case could not
// begin.
func (l *lane) play(ctx context.Context, c *Case) (Result, error) {
	result := Result{Name: c.Name, Sections: c.Sections}
	if why := c.Skip(l.target); why != "" {
		result.Status, result.Why = Skipped, why
		return result, nil
	}
	if err := l.lacks(c); err != nil {
		return result.blocked(err), nil
	}
	var failed error
	for i, preset := range l.presets {
		same := func(other string) bool { return c.Holds(other) && !c.Differs(other, preset) }
		if !c.Holds(preset) || slices.ContainsFunc(l.presets[:i], same) {
			continue
		}
		if err := l.reset(ctx); err != nil {
			return result.blocked(err), err
		}
		err := l.once(ctx, c, preset)
		if err == nil {
			if result.Status = Passed; c.Why != "" {
				result.Preset = preset
			}
			return result, nil
		}
		failed = further(failed, err)
	}
	var unreachable *dialError
	switch {
	case failed == nil:
		result.Status, result.Why = Skipped, "only in "+strings.Join(c.Presets, " and ")
	case errors.As(failed, &unreachable):
		return result.blocked(failed), failed
	case len(c.Presets) < len(Presets()) && len(l.presets) > 1:
		result.Status, result.Why = Skipped, "only in "+strings.Join(c.Presets, " and ")+", which this server is not"
		result.Cause, result.Detail = causeOf(failed), failed.Error()
	default:
		result.Status, result.Cause, result.Detail = Failed, causeOf(failed), failed.Error()
	}
	return result, nil
}

// once plays a case in one preset.
func (l *lane) once(ctx context.Context, c *Case, preset string) error {
	for _, user := range c.users() {
		l.dirty[user] = true
	}
	_, err := c.Play(ctx, l.target, preset)
	return err
}

// lacks returns an error if the case needs something that the server cannot do at all.
func (l *lane) lacks(c *Case) error {
	if l.signIn != nil && c.signsIn() {
		return fmt.Errorf("signing in: %w", l.signIn)
	}
	if l.switchboard != nil && slices.Contains(c.Roles(), "sb") {
		return fmt.Errorf("asking for a switchboard: %w", l.switchboard)
	}
	return nil
}

// further returns that of two failures of a case which came later in its script: the server is most
// like that preset.
func further(a, b error) error {
	done := func(err error) int {
		var s *stepError
		if errors.As(err, &s) {
			return s.done
		}
		return math.MaxInt // the script reached its end
	}
	if a == nil || done(b) > done(a) {
		return b
	}
	return a
}
