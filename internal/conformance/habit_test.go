package conformance

import (
	"context"
	"net"
	"regexp"
	"strings"
	"time"

	"github.com/msnscope/msnscope/internal/memnet"
)

// habit makes the embedded server behave like other servers that people run. It sits on each
// connection; a nil function changes nothing. It gets the bytes of one read together.
type habit struct {
	fromClient func(bytes string) (toServer, toClient string)
	fromServer func(bytes string) string        // to the client
	slow       func(bytes string) time.Duration // delays what the server sends
}

// on returns a dialFunc whose connections have the habit.
func (h habit) on(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		up, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		near, far := memnet.Pipe(up.LocalAddr(), up.RemoteAddr())
		go carry(far, func(in string) {
			if h.fromClient != nil {
				var out string
				in, out = h.fromClient(in)
				_, _ = far.Write([]byte(out))
			}
			_, _ = up.Write([]byte(in))
		}, up)
		go carry(up, func(in string) {
			if h.fromServer != nil {
				in = h.fromServer(in)
			}
			if h.slow != nil {
				time.Sleep(h.slow(in))
			}
			_, _ = far.Write([]byte(in))
		}, far)
		return near, nil
	}
}

// carry passes on what one end sends until it closes, and then closes the other.
func carry(from net.Conn, to func(string), other net.Conn) {
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			to(string(buf[:n]))
		}
		if err != nil {
			_ = other.(*memnet.Conn).CloseWrite()
			return
		}
	}
}

// eachLine applies f to each line, payload included.
func eachLine(f func(line string) string) func(string) string {
	return func(in string) string {
		var out strings.Builder
		for line := range strings.Lines(in) {
			out.WriteString(f(line))
		}
		return out.String()
	}
}

var errorLine = regexp.MustCompile(`^\d{3} \d+\r\n$`)

// These are the habits.
var (
	// needsCVR0 answers VER only where CVR0 is offered as well.
	needsCVR0 = habit{fromClient: func(in string) (string, string) {
		if strings.HasPrefix(in, "VER ") && !strings.Contains(in, "CVR0") {
			return "", ""
		}
		return in, ""
	}}
	// saysNoErrors sends nothing where the draft has an error.
	saysNoErrors = habit{fromServer: eachLine(func(line string) string {
		if errorLine.MatchString(line) {
			return ""
		}
		return line
	})}
	// oneRead takes whatever one read brings for one command.
	oneRead = habit{fromClient: func(in string) (string, string) {
		line, _, whole := strings.Cut(in, "\n")
		switch {
		case strings.HasPrefix(line, "MSG "):
			return in, ""
		case !whole:
			return "", ""
		}
		return line + "\n", ""
	}}
	// keepsEntries refuses to remove anybody from a list.
	keepsEntries = habit{fromClient: func(in string) (string, string) {
		if f := strings.Fields(in); len(f) > 1 && f[0] == "REM" {
			return "", "205 " + f[1] + "\r\n"
		}
		return in, ""
	}}
)

// slowSignIn delays each sign-in by d.
func slowSignIn(d func() time.Duration) habit {
	return habit{slow: func(in string) time.Duration {
		if strings.HasPrefix(in, "USR ") && strings.Contains(in, " OK ") {
			return d()
		}
		return 0
	}}
}
