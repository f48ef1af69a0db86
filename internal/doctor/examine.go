package doctor

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/internal/explain"
	"github.com/msnscope/msnscope/proxy"
)

// Options configure Examine.
type Options struct {
	// Proxy has the options of the proxy to start. Examine replaces Publish and Log.
	Proxy proxy.Options
	// Listeners are the open ports of the proxy. Examine closes them in the end.
	Listeners []net.Listener
	// Loop is the listener to which Proxy.Upstream leads, nil for none.
	Loop net.Addr
	// Handle and Password are an account to sign in with. Without a handle the doctor stops where a
	// password is needed.
	Handle, Password string
	// Patience is how long the doctor waits for one answer.
	Patience time.Duration
}

// Examine checks everything on a client's way. It starts the proxy, connects through it as a client
// does, and stops where going on would be of no use. It returns what it has found even when ctx
// ends.
func Examine(ctx context.Context, o Options) *Diagnosis {
	x := &examination{Options: o, d: &Diagnosis{}}
	defer x.close()
	x.listening()
	if o.Loop != nil {
		x.d.add("upstream", "fail", "give the address of the server", "%s is this proxy itself, which listens on %s",
			o.Proxy.Upstream, o.Loop)
		return x.d
	}
	if !x.speaksMSN(ctx) {
		return x.d
	}
	x.d.add("orders", "ok", "", "the proxy follows only addresses that servers give, none that users send: %s",
		strings.Join(explain.Orders(), "; "))
	v := &visit{examination: x, news: make(chan struct{}, 1), sent: map[string]sent{}}
	po := o.Proxy
	po.Publish, po.Log = v.publish, slog.New(slog.DiscardHandler)
	p := proxy.New(po)
	defer p.Close()
	for _, l := range o.Listeners {
		go func() { _ = p.Serve(l) }() // the visit will find what is wrong with it
	}
	for _, l := range o.Listeners {
		v.come(ctx, door(l.Addr()))
	}
	v.conclude(ctx)
	x.d.Inside = !x.d.failed()
	return x.d
}

// examination is one run of Examine.
type examination struct {
	Options
	d *Diagnosis
}

func (x *examination) close() {
	for _, l := range x.Listeners {
		l.Close()
	}
}

// listening reports who can connect to the listeners.
func (x *examination) listening() {
	var all []string
	for _, l := range x.Listeners {
		all = append(all, l.Addr().String())
	}
	x.d.add("listen", "ok", "", "the proxy can listen on %s", strings.Join(all, " and "))
	for _, l := range x.Listeners {
		at := l.Addr().(*net.TCPAddr)
		if at.IP.IsLoopback() {
			continue
		}
		x.d.add("listen", "warn", "",
			"%s can be reached from other machines: whoever connects is passed on to the server", at)
	}
}

// CannotListen returns the diagnosis for a proxy that cannot listen on the addresses because of
// err. The hint says what the program does that has taken the port.
func CannotListen(ctx context.Context, addrs []string, err error) *Diagnosis {
	d := &Diagnosis{}
	d.add("listen", "fail", whoListens(ctx, addrs), "%v", err)
	return d
}

// whoListens returns the hint about the program that listens on one of the addresses.
func whoListens(ctx context.Context, addrs []string) string {
	for _, addr := range addrs {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
		if err != nil {
			continue
		}
		answer, _ := ask(c, "VER 1 MSNP2 CVR0\r\n", time.Second)
		c.Close()
		if strings.HasPrefix(answer, "VER ") {
			return "the program that listens on " + addr + " speaks MSN: a server, or a proxy that is already running"
		}
		return "the program that listens on " + addr + " does not speak MSN; choose another port with --listen"
	}
	return "choose another address with --listen HOST:PORT"
}

// door returns the address by which a client on this machine connects to a listener.
func door(at net.Addr) string {
	a := at.(*net.TCPAddr)
	ip := a.IP
	switch {
	case ip.IsUnspecified() && ip.To4() != nil:
		ip = net.IPv4(127, 0, 0, 1)
	case ip.IsUnspecified():
		ip = net.IPv6loopback
	}
	return (&net.TCPAddr{IP: ip, Port: a.Port, Zone: a.Zone}).String()
}

// server connects to a server as the proxy does.
func (x *examination) server(ctx context.Context, network, addr string) (net.Conn, error) {
	if x.Proxy.Dial != nil {
		return x.Proxy.Dial(ctx, network, addr)
	}
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

// speaksMSN reports whether the upstream is there and answers VER.
func (x *examination) speaksMSN(ctx context.Context) bool {
	d, upstream := x.d, x.Proxy.Upstream
	ctx, cancel := context.WithTimeout(ctx, x.Patience)
	defer cancel()
	start := time.Now()
	c, err := x.server(ctx, "tcp", upstream)
	if err != nil {
		d.add("upstream", "fail", "is the server running, and is that its address?", "cannot reach %s: %v", upstream,
			err)
		return false
	}
	defer c.Close()
	d.add("upstream", "ok", "", "%s accepts connections, after %v", upstream,
		time.Since(start).Round(10*time.Microsecond))
	answer, err := ask(c, "VER 1 MSNP2 CVR0\r\n", x.Patience)
	switch {
	case strings.HasPrefix(answer, "VER "):
		d.add("protocol", "ok", "", "it speaks MSN: %s", strings.TrimSpace(answer))
		return true
	case answer != "":
		d.add("protocol", "fail", "it is not an MSN server", "it answers VER with %s", quoted(answer))
	case !errors.Is(err, os.ErrDeadlineExceeded):
		d.add("protocol", "fail", "it may want another dialect, or be another kind of server",
			"%s", silence("VER", err, x.Patience))
	default:
		d.add("protocol", "warn", "a switchboard does not answer VER; a client has to begin elsewhere",
			"%s", silence("VER", err, x.Patience))
	}
	return false
}

// ask sends one line and returns the first line of the answer, or an error after patience at the
// latest.
func ask(c net.Conn, line string, patience time.Duration) (string, error) {
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, line); err != nil {
		return "", err
	}
	return bufio.NewReaderSize(io.LimitReader(c, decode.MaxLine), 512).ReadString('\n')
}

// silence says why there is no answer to a command; err is what ask returned.
func silence(verb string, err error, patience time.Duration) string {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Sprintf("it does not answer %s within %v", verb, patience)
	case errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "it closes the connection when it receives " + verb
	}
	return fmt.Sprintf("there is no answer to %s: %v", verb, err)
}

// ports reports what happens to clients that understand only a dotted IP address, or that ignore
// the port.
func (x *examination) ports(address string) {
	d := x.d
	host, port, _ := net.SplitHostPort(address)
	if _, err := netip.ParseAddr(host); err != nil {
		d.add("address", "warn", "give an IP address with --advertise",
			"clients of the time understand only a dotted IP address in a referral, and receive %s", address)
	} else if strings.Contains(host, ":") {
		d.add("address", "warn", "listen on an IPv4 address too",
			"clients of the time do not know IPv6, and receive %s", address)
	}
	if port == client.DefaultPort {
		d.add("port", "ok", "", "a client that ignores the port of a referral arrives at the same port")
		return
	}
	c, err := net.DialTimeout("tcp", net.JoinHostPort(host, client.DefaultPort), x.Patience)
	if err != nil {
		d.add("port", "warn", fmt.Sprintf("--listen %s serves them too", net.JoinHostPort(host, client.DefaultPort)),
			"a client that ignores the port of a referral goes to %s:%s, where nothing "+
				"listens", host, client.DefaultPort)
		return
	}
	c.Close()
	ours := func(l net.Listener) bool { return strings.HasSuffix(l.Addr().String(), ":"+client.DefaultPort) }
	if !slices.ContainsFunc(x.Listeners, ours) {
		d.add("port", "warn", "let the proxy listen there",
			"a client that ignores the port of a referral goes to %s:%s, where another program listens",
			host, client.DefaultPort)
	}
}
