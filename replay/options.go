package replay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/compare"
)

// The errors of [Run] and [Result.Err].
var (
	// ErrTimeout says that answers did not come in time, and that nothing else is wrong.
	ErrTimeout = errors.New("answers did not come in time")
	// ErrDiffers says that the server did not do what was recorded.
	ErrDiffers = errors.New("the answers differ from the recording")
	// ErrPassword says that a password is needed that Options.Password does not know.
	ErrPassword = errors.New("a password is needed")
)

// Options say how to play. To is required; all other zero values work.
type Options struct {
	// To is the address of connections that followed no referral in the recording: the dispatch
	// server's, as a rule.
	To string
	// Routes map the addresses to which the server refers to where its servers really are.
	Routes referral.Routes
	// Dial connects; a net.Dialer by default.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Password returns the password of a handle. It is called for each logon that succeeded in the
	// recording.
	Password func(handle string) (string, bool)
	// Timeout is how long to wait for one expected command, for a connect and for a write: 5 s if
	// 0. After a command did not come, the wait for the next ones on that connection is a tenth of
	// it, later a hundredth.
	Timeout time.Duration
	// Speed keeps the pauses of the recording: 1 as they were, 2 half as long. 0 is lockstep, in
	// which a command is sent as soon as everything has come that it waits for.
	Speed float64
	// Late is how much later than recorded, counted from what it waited for, a server's command may
	// come before it counts as Late: 1 s if 0. In lockstep nothing is late.
	Late time.Duration
	// Step, unless nil, is called before each command of a client, which is sent when it returns;
	// its error ends the run. Several users' commands may wait at the same time.
	Step func(ctx context.Context, e *session.Event) error
	// Do makes the server do what the recorded one did by itself. Where it is nil, or returns an
	// error, that is waited for and will be missing.
	Do func(ctx context.Context, d Deed) error
	// Ignore lists the fields whose differences do not count: see [compare.Options].
	Ignore []string
	// Report, unless nil, is called with each outcome as soon as it is known, never twice at the
	// same time. Run waits for it.
	Report func(Outcome)
	// Brief leaves out the outcomes of what went as recorded, but for their count.
	Brief bool
	// Publish, unless nil, gets the events of the run itself, in their order, never two at the same
	// time. Run waits for it.
	Publish func(*session.Event)
	// AtOnce is how many groups of users who have nothing to do with each other are played at the
	// same time: 2048 if 0.
	AtOnce int
}

// settle is how long a candidate other than the expected command waits before it is taken as the
// answer, and how long extra commands are waited for at the end: servers batch notifications by 200
// ms.
const settle = 250 * time.Millisecond

func (o *Options) timeout() time.Duration {
	if o.Timeout <= 0 {
		return 5 * time.Second
	}
	return o.Timeout
}

func (o *Options) late() time.Duration {
	if o.Late <= 0 {
		return time.Second
	}
	return o.Late
}

func (o *Options) atOnce() int {
	if o.AtOnce <= 0 {
		return 2048
	}
	return o.AtOnce
}

func (o *Options) settle() time.Duration { return min(settle, o.timeout()) }

func (o *Options) compare() compare.Options { return compare.Options{Ignore: o.Ignore} }

func (o *Options) dial(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, o.timeout())
	defer cancel()
	if o.Dial != nil {
		return o.Dial(ctx, "tcp", addr)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

func (o *Options) password(handle string) (string, bool) {
	if o.Password == nil {
		return "", false
	}
	return o.Password(handle)
}

// checkPasswords returns an error if a password is missing, before anything is sent.
func (o *Options) checkPasswords(p *Plan) error {
	for _, handle := range p.Passwords() {
		if _, ok := o.password(handle); !ok {
			return fmt.Errorf("%w: %q signs in successfully in the recording; give it with --password %s=PASSWORD",
				ErrPassword, handle, printable(handle))
		}
	}
	return nil
}
