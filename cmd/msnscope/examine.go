package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/referral"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/proxy"
)

// examine looks at everything on the way of a client, and stops where it is of no use to go on.
func (f *doctorFlags) examine(ctx context.Context, log *slog.Logger) (*diagnosis, error) {
	d := &diagnosis{}
	o, srv, err := f.options(log)
	if err != nil {
		return nil, err
	}
	if srv != nil {
		defer srv.Close()
	}
	on, err := listenAll(f.listen)
	if err != nil {
		if x := (*exitError)(nil); errors.As(err, &x) && x.code == exitUsage {
			return nil, err
		}
		d.add("listen", "fail", f.whoListens(ctx), "%v", err)
		return d, nil
	}
	defer on.close()
	f.listening(d, on)
	if at := on.leadingTo(ctx, o.Upstream); at != nil && srv == nil {
		d.add("upstream", "fail", "give the address of the server", "%s is this proxy itself, which listens on %s", f.upstream, at)
		return d, nil
	}
	if !f.speaksMSN(ctx, d, o) {
		return d, nil
	}
	v := &visit{flags: f, d: d, referrals: map[string]string{}}
	o.Publish, o.Log = v.publish, log
	p := proxy.New(o)
	defer p.Close()
	on.serve(p)
	for _, l := range on {
		v.come(ctx, door(l.Addr()))
	}
	v.conclude()
	d.Inside = !d.failed()
	return d, nil
}

// listening says what the listeners mean.
func (f *doctorFlags) listening(d *diagnosis, on listeners) {
	d.add("listen", "ok", "", "the proxy can listen on %s", on)
	for _, l := range on {
		at := l.Addr().(*net.TCPAddr)
		if at.IP.IsLoopback() {
			continue
		}
		d.add("listen", "warn", "", "%s can be reached from other machines: whoever connects is taken to the server", at)
	}
}

// whoListens says what the program does that has the port, as a hint.
func (f *doctorFlags) whoListens(ctx context.Context) string {
	for _, addr := range f.listen {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", addr)
		if err != nil {
			continue
		}
		answer, _ := ask(c, "VER 1 MSNP2 CVR0\r\n", time.Second)
		c.Close()
		if strings.HasPrefix(answer, "VER ") {
			return "what listens on " + addr + " speaks MSN: a server, or a proxy that runs already"
		}
		return "what listens on " + addr + " does not speak MSN; choose another port with --listen"
	}
	return "choose another with --listen HOST:PORT"
}

// door returns where a client on this machine connects to a listener.
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

// speaksMSN reports whether the upstream is there and answers VER.
func (f *doctorFlags) speaksMSN(ctx context.Context, d *diagnosis, o proxy.Options) bool {
	dial := o.Dial
	if dial == nil {
		dial = (&net.Dialer{}).DialContext
	}
	ctx, cancel := context.WithTimeout(ctx, f.patience)
	defer cancel()
	start := time.Now()
	c, err := dial(ctx, "tcp", o.Upstream)
	if err != nil {
		d.add("upstream", "fail", "is the server running, and is that its address?", "cannot reach %s: %v", o.Upstream, err)
		return false
	}
	defer c.Close()
	d.add("upstream", "ok", "", "%s accepts connections, after %v", o.Upstream, time.Since(start).Round(10*time.Microsecond))
	answer, err := ask(c, "VER 1 MSNP2 CVR0\r\n", f.patience)
	switch {
	case strings.HasPrefix(answer, "VER "):
		d.add("protocol", "ok", "", "it speaks MSN: %s", strings.TrimSpace(answer))
		return true
	case answer != "":
		d.add("protocol", "fail", "it is no MSN server", "it answers VER with %.60q", answer)
	case errors.Is(err, io.EOF):
		d.add("protocol", "fail", "it may want another dialect, or be another kind of server", "it closes the connection when it hears VER")
	default:
		d.add("protocol", "warn", "a switchboard does not answer VER; a client has to begin elsewhere", "it does not answer VER within %v", f.patience)
	}
	return false
}

// ask says one line and returns the first line of the answer, or what came of one.
func ask(c net.Conn, line string, patience time.Duration) (string, error) {
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(c, line); err != nil {
		return "", err
	}
	return bufio.NewReaderSize(io.LimitReader(c, decode.MaxLine), 512).ReadString('\n')
}

// visit is a client of the doctor's in the proxy, and what it sees there.
type visit struct {
	flags  *doctorFlags
	d      *diagnosis
	opened atomic.Int64 // connections that came to the proxy

	mu        sync.Mutex
	referrals map[string]string // what the server said -> what the client was told
	dialed    []string
}

// publish notes referrals and connections.
func (v *visit) publish(e *session.Event) {
	if e.Kind == session.Open {
		v.opened.Add(1)
	}
	if e.Kind != session.Command || e.Dir != decode.FromServer {
		return
	}
	r, ok := referral.Of(e.Row, &e.In)
	if !ok {
		return
	}
	told := r.Address
	sent := e.Sent()
	if to, ok := referral.Of(e.Row, &sent); ok {
		told = to.Address
	}
	v.mu.Lock()
	v.referrals[r.Address] = told
	v.mu.Unlock()
}

// dial is the client's: it notes where it goes.
func (v *visit) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	v.mu.Lock()
	v.dialed = append(v.dialed, addr)
	v.mu.Unlock()
	return (&net.Dialer{Timeout: v.flags.patience}).DialContext(ctx, network, addr)
}

// come connects to the proxy at the address as a client does.
func (v *visit) come(ctx context.Context, address string) {
	if v.flags.account != "" {
		v.signIn(ctx, address)
		return
	}
	c, err := v.dial(ctx, "tcp", address)
	if err != nil {
		v.d.add("sign-in", "fail", "", "cannot connect to the proxy at %s: %v", address, err)
		return
	}
	defer c.Close()
	for _, line := range []string{"VER 1 MSNP2 CVR0\r\n", "INF 2\r\n", "USR 3 MD5 I doctor@hotmail.com\r\n"} {
		answer, err := ask(c, line, v.flags.patience)
		if err != nil {
			v.d.add("sign-in", "warn", "give an account of the server: --account HANDLE:PASSWORD", "through %s, no answer to %s: %v", address, line[:3], err)
			return
		}
		m := decode.Parse([]byte(answer), decode.FromServer, dialect.MSNP2)
		if m.Verb.Code() != 0 {
			v.d.add("sign-in", "warn", "give an account of the server: --account HANDLE:PASSWORD", "through %s, the server refuses %s of a stranger with %s",
				address, line[:3], m.Verb)
			return
		}
	}
	v.d.add("sign-in", "ok", "", "through %s, the server answers as far as a password is asked for", address)
}

// signIn signs in with the account and opens a switchboard.
func (v *visit) signIn(ctx context.Context, address string) {
	ctx, cancel := context.WithTimeout(ctx, 3*v.flags.patience)
	defer cancel()
	handle, password, _ := strings.Cut(v.flags.account, ":")
	c, err := client.Login(ctx, client.Options{Server: address, Handle: handle, Password: password, Dial: v.dial})
	if err != nil {
		v.d.add("sign-in", "fail", "", "%s cannot sign in through %s: %v", handle, address, err)
		return
	}
	defer c.Close()
	if err := c.SetState(ctx, "NLN"); err != nil { // who is hidden gets no switchboard (§8.1)
		v.d.add("sign-in", "warn", "", "%s is signed in through %s, and cannot go online: %v", handle, address, err)
	}
	if _, err := c.Call(ctx); err != nil {
		v.d.add("sign-in", "warn", "", "%s is signed in through %s, and gets no switchboard: %v", handle, address, err)
		return
	}
	v.d.add("sign-in", "ok", "", "%s is signed in through %s and has a switchboard", handle, address)
}

// conclude says where clients are sent, and whether all came back.
func (v *visit) conclude() {
	v.mu.Lock()
	n := int64(len(v.dialed))
	v.mu.Unlock()
	v.cameAfter(n - 1)
	<-time.After(50 * time.Millisecond) // events come a little later than what they are about
	v.mu.Lock()
	dialed, came := slices.Clone(v.dialed), v.opened.Load()
	referrals := make(map[string]string, len(v.referrals))
	for from, told := range v.referrals {
		referrals[from] = told
	}
	v.mu.Unlock()
	if int64(len(dialed)) > came {
		v.d.add("address", "fail", "", "of %d connections of the client only %d came to the proxy: %s", len(dialed), came, strings.Join(dialed, ", "))
	}
	if len(referrals) == 0 {
		v.d.add("referral", "warn", "with --account HANDLE:PASSWORD more would be seen", "the server referred nobody anywhere")
		return
	}
	var told []string
	for from, to := range referrals {
		if from == to {
			v.d.add("referral", "fail", "", "the server refers clients to %s, which leads to this proxy already or is left alone", from)
			continue
		}
		v.d.add("referral", "ok", "", "the server refers clients to %s; they are told %s", from, to)
		if !slices.Contains(told, to) {
			told = append(told, to)
		}
	}
	for _, address := range told {
		v.reach(address)
		v.flags.ports(v.d, address)
	}
}

// reach checks that what clients are told leads to the proxy.
func (v *visit) reach(address string) {
	before := v.opened.Load()
	c, err := net.DialTimeout("tcp", address, v.flags.patience)
	if err != nil {
		hint := "clients must reach it: correct --advertise"
		v.d.add("address", "fail", hint, "clients are told %s, which cannot be reached from here: %v", address, err)
		return
	}
	defer c.Close()
	if !v.cameAfter(before) {
		v.d.add("address", "fail", "clients must come to the proxy: correct --advertise", "clients are told %s, where another program listens", address)
		return
	}
	v.d.add("address", "ok", "", "%s leads to the proxy", address)
}

// cameAfter waits a little for one connection more than before.
func (v *visit) cameAfter(before int64) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range 200 {
		if v.opened.Load() > before {
			return true
		}
		<-tick.C
	}
	return false
}

// ports says what becomes of clients that take nothing but a dotted IP address, or that do not honour the port.
func (f *doctorFlags) ports(d *diagnosis, address string) {
	host, port, _ := net.SplitHostPort(address)
	if _, err := netip.ParseAddr(host); err != nil {
		d.add("address", "warn", "--advertise an IP address", "clients of the time take nothing but a dotted IP address in a referral, and are told %s", address)
	} else if strings.Contains(host, ":") {
		d.add("address", "warn", "listen on an IPv4 address too", "clients of the time know no IPv6, and are told %s", address)
	}
	if port == client.DefaultPort {
		d.add("port", "ok", "", "a client that ignores the port of a referral comes to the same port")
		return
	}
	c, err := net.DialTimeout("tcp", net.JoinHostPort(host, client.DefaultPort), f.patience)
	if err != nil {
		d.add("port", "warn", fmt.Sprintf("--listen %s serves them too", net.JoinHostPort(host, client.DefaultPort)),
			"a client that ignores the port of a referral goes to %s:%s, where nothing listens", host, client.DefaultPort)
		return
	}
	c.Close()
	if !slices.ContainsFunc(f.listen, func(l string) bool { return strings.HasSuffix(l, ":"+client.DefaultPort) }) {
		d.add("port", "warn", "let the proxy listen there", "a client that ignores the port of a referral goes to %s:%s, where another program listens",
			host, client.DefaultPort)
	}
}
