package replay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/msnscope/msnscope/internal/compare"
)

// The errors of [Run] and [Result.Err].
var (
	// ErrTimeout: answers did not come in time, and that is all that is wrong.
	ErrTimeout = errors.New("answers did not come in time")
	// ErrDiffers: the server did not do what was recorded.
	ErrDiffers = errors.New("the answers differ from the recording")
	// ErrPassword: a password is needed that Options.Password does not know.
	ErrPassword = errors.New("a password is needed")
)

// Options say how to play. To is needed; of all else the zero value works.
type Options struct {
	// To is the address of connections that followed no referral in the recording: the dispatch server's, as a rule.
	To string
	// Dial connects; a net.Dialer by default.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Password returns the password of a handle. It is asked for each logon that succeeded in the recording.
	Password func(handle string) (string, bool)
	// Timeout is how long one expected command, a connect and a write are waited for: 5 s by default. After a first command
	// did not come, the next ones on that connection are waited for a tenth of it, later ones a hundredth.
	Timeout time.Duration
	// Ignore are the fields whose differences do not count: see [compare.Options].
	Ignore []string
	// Report is called with each outcome, in order, as soon as it is known; nil for not at all. Run waits for it.
	Report func(Outcome)
}

// settle is how long something else than what is expected may lie there before it is taken for the answer, and how long
// surplus commands are waited for at the end: servers batch notifications by 200 ms.
const settle = 250 * time.Millisecond

func (o *Options) timeout() time.Duration {
	if o.Timeout <= 0 {
		return 5 * time.Second
	}
	return o.Timeout
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

// checkPasswords fails when a password is missing: before anything is sent, not in the middle.
func (o *Options) checkPasswords(p *Plan) error {
	for _, handle := range p.Passwords() {
		if _, ok := o.password(handle); !ok {
			return fmt.Errorf("%w: %q signs in with success in the recording; give it with --password %s=PASSWORD",
				ErrPassword, handle, printable(handle))
		}
	}
	return nil
}
