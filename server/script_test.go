package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

func TestMain(m *testing.M) {
	// this process acts as the clients of BenchmarkIdle
	if addr := os.Getenv(idleClients); addr != "" {
		stayIdle(addr)
		return
	}
	goleak.VerifyTestMain(m)
}

// script plays a transcript against a server in a bubble. A line names a connection and what
// happens there:
//
//	alice.ns C: CHG 8 NLN           the client sends this line, ended by CRLF
//	alice.ns S: CHG 8 NLN           the next line that came from the server must be this
//	| text                          payload of the line before; all lines but the last end in CRLF
//	alice.ns S: (closed)            the server has closed, and nothing is unread
//	alice.ns S: (nothing)           nothing is unread
//	alice.ns -- close               the client closes
//	alice.ns -- raw "VER 0 "        the client sends these bytes, Go syntax
//	alice.ns -- logon               a whole logon with the password NAMEpw; answers are dropped
//	alice.ns -- online              the same with CHG 1 NLN after it
//	alice.sb -- chat bob carol      a switchboard session with them, all joined
//	-- wait 30s                     time passes
//	# remark
//
// The name after the dot is the kind of server, ds, ns or sb; further letters tell connections
// apart; @ and an address after them is where the client is. {word} in an S line takes any word and
// keeps it, in a C line and later ones it stands for that word; {md5 word password} is the digest.
// At the end nothing may be unread.
type script struct {
	t      *testing.T
	s      *Server
	second *Server                  // for connections whose names end in 2, if there is one
	byRole map[dialect.Role]*Server // for connections of a role, if not s
	conns  map[string]*scripted
	names  []string
	words  map[string]string
}

// scripted is a connection of a script. A goroutine reads all that comes.
type scripted struct {
	net.Conn
	role   dialect.Role
	table  *dialect.Table
	mu     sync.Mutex
	in     []byte
	closed bool
}

func (c *scripted) pump() {
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(buf)
		c.mu.Lock()
		c.in = append(c.in, buf[:n]...)
		c.closed = err != nil
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// unread returns what the script has not consumed, and whether the server has closed the
// connection.
func (c *scripted) unread() (string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return string(c.in), c.closed
}

func (c *scripted) next(n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in = c.in[n:]
}

// play runs a script against a new server.
func play(t *testing.T, o Options, text string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		playOn(t, New(o), text)
	})
}

// playOn runs a script against s in the present bubble, and closes s.
func playOn(t *testing.T, s *Server, text string) {
	t.Helper()
	p := newScript(t, s)
	defer p.close()
	p.run(text)
	p.quiet()
}

func newScript(t *testing.T, s *Server) *script {
	return &script{t: t, s: s, conns: make(map[string]*scripted), words: make(map[string]string)}
}

func (p *script) close() {
	for _, c := range p.conns {
		c.Close()
	}
	p.s.Close()
}

// quiet fails the test when anything is unread.
func (p *script) quiet() {
	p.t.Helper()
	synctest.Wait()
	for _, name := range p.names {
		if rest, _ := p.conns[name].unread(); rest != "" {
			p.t.Errorf("%s has unread: %q", name, rest)
		}
	}
}

func (p *script) run(text string) {
	p.t.Helper()
	all := strings.Split(text, "\n")
	for i := 0; i < len(all); i++ {
		step := strings.TrimSpace(all[i])
		if step == "" || step[0] == '#' {
			continue
		}
		var payload []string
		for i+1 < len(all) && strings.HasPrefix(strings.TrimSpace(all[i+1]), "|") {
			i++
			payload = append(payload, strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(all[i]), "|"), " "))
		}
		if err := p.step(step, strings.Join(payload, "\r\n")); err != nil {
			p.t.Fatalf("step %d, %s: %v", i+1, step, err)
		}
	}
}

var stepForm = regexp.MustCompile(`^(\S*) ?(C:|S:|--) (.*)$`)

func (p *script) step(step, payload string) error {
	f := stepForm.FindStringSubmatch(step)
	if f == nil {
		return fmt.Errorf("no step")
	}
	if f[1] == "" {
		d, err := time.ParseDuration(strings.TrimPrefix(f[3], "wait "))
		time.Sleep(d)
		return err
	}
	c, err := p.conn(f[1])
	if err != nil {
		return err
	}
	synctest.Wait()
	switch f[2] {
	case "C:":
		_, err = io.WriteString(c, p.fill(f[3])+"\r\n"+payload)
		return err
	case "S:":
		return p.expect(c, f[3], payload)
	}
	return p.do(f[1], c, f[3])
}

// conn returns the named connection, and dials it first if it is new.
func (p *script) conn(name string) (*scripted, error) {
	if c := p.conns[name]; c != nil {
		return c, nil
	}
	_, kind, _ := strings.Cut(name, ".")
	role := dialect.ParseRole(strings.ToUpper(kind[:2]))
	s := p.s
	if p.second != nil && strings.HasSuffix(kind, "2") {
		s = p.second
	}
	if other := p.byRole[role]; other != nil {
		s = other
	}
	addr := map[dialect.Role]string{
		dialect.DS: s.o.Dispatch, dialect.NS: s.o.Notification[0],
		dialect.SB: s.o.Switchboard,
	}[role]
	dial := s.Dial
	if _, at, ok := strings.Cut(kind, "@"); ok {
		dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			return s.DialFrom(ctx, netip.AddrPortFrom(netip.MustParseAddr(at), 4000), network, addr)
		}
	}
	nc, err := dial(p.t.Context(), "tcp", addr)
	if err != nil {
		return nil, err
	}
	if role == dialect.DS && !s.set.DSReferral {
		role = dialect.NS
	}
	c := &scripted{Conn: nc, role: role, table: dialect.MSNP2}
	go c.pump()
	p.conns[name] = c
	p.names = append(p.names, name)
	return c, nil
}

var wordForm = regexp.MustCompile(`\{[^}]*\}`)

// fill replaces the words in braces.
func (p *script) fill(s string) string {
	return wordForm.ReplaceAllStringFunc(s, func(w string) string {
		f := strings.Fields(strings.Trim(w, "{}"))
		if f[0] == "md5" {
			return decode.MD5Response(p.words[f[1]], strings.Join(f[2:], " "))
		}
		if v, ok := p.words[f[0]]; ok {
			return v
		}
		return w
	})
}

// expect compares what came next with a line and its payload.
func (p *script) expect(c *scripted, want, payload string) error {
	got, closed := c.unread()
	switch want {
	case "(closed)":
		if got != "" || !closed {
			return fmt.Errorf("closed is %v, unread %q", closed, got)
		}
		return nil
	case "(nothing)":
		if got != "" || closed {
			return fmt.Errorf("closed is %v, unread %q", closed, got)
		}
		return nil
	}
	n, ok := p.match(p.fill(want)+"\r\n", got)
	if !ok || !strings.HasPrefix(got[n:], payload) {
		return fmt.Errorf("got %q", got)
	}
	n += len(payload)
	c.next(n)
	if f := strings.Fields(got[:n]); f[0] == "VER" && dialect.Lookup(f[2]) != nil {
		c.table = dialect.Lookup(f[2])
	}
	return inTable(c.table, c.role, []byte(got[:n]))
}

// match compares the start of got with want, in which a word in braces takes any word, and returns
// the length of what matched. (Not by a regular expression: what is on the wire need not be UTF-8.)
func (p *script) match(want, got string) (n int, ok bool) {
	rest := got
	for {
		literal, after, isWord := strings.Cut(want, "{")
		if rest, ok = strings.CutPrefix(rest, literal); !ok || !isWord {
			return len(got) - len(rest), ok
		}
		name, following, _ := strings.Cut(after, "}")
		end := strings.IndexAny(rest, " \r")
		if end <= 0 {
			return 0, false
		}
		p.words[name], rest, want = rest[:end], rest[end:], following
	}
}

// inTable checks that a command of the server is in the table, with the number of arguments and the
// words that its row allows.
func inTable(table *dialect.Table, role dialect.Role, raw []byte) error {
	m := decode.Parse(raw, decode.FromServer, table)
	row := table.Match(decode.FromServer, role, &m)
	switch {
	case row == nil:
		return fmt.Errorf("no row for %q", raw)
	case m.NumArgs() < row.Min(), row.Max() >= 0 && m.NumArgs() > row.Max(), misfit(row, &m) != none:
		return fmt.Errorf("%q does not fit %s", raw, row.Grammar())
	case m.HasTrID != (row.TrID != dialect.None) && row.TrID != dialect.Perhaps:
		return fmt.Errorf("%q: TrID is %v", raw, m.HasTrID)
	}
	return nil
}

func (p *script) do(name string, c *scripted, action string) error {
	user, _, _ := strings.Cut(name, ".")
	verb, rest, _ := strings.Cut(action, " ")
	switch verb {
	case "close":
		return c.Close()
	case "raw":
		s, err := strconv.Unquote(rest)
		if err != nil {
			return err
		}
		_, err = io.WriteString(c, p.fill(s))
		return err
	case "logon", "online":
		p.drop()
		p.run(strings.NewReplacer("USER", user, "CONN", name).Replace(`
			CONN C: USR 1 MD5 I USER@hotmail.com
			CONN S: USR 1 MD5 S {challenge}
			CONN C: USR 1 MD5 S {md5 challenge USERpw}`))
		p.drop(name)
		if verb == "online" {
			p.run(name + " C: CHG 1 NLN")
			p.drop(name)
		}
		return nil
	case "chat":
		p.chat(user, name, strings.Fields(rest))
		return nil
	}
	return fmt.Errorf("no action")
}

// chat opens a session on the connection name, and has each of others join from its connection
// "other.sb".
func (p *script) chat(user, name string, others []string) {
	p.drop()
	p.run(strings.NewReplacer("USER", user, "CONN", name).Replace(`
		USER.ns C: XFR 1 SB
		USER.ns S: XFR 1 SB 127.0.0.4:1863 CKI {cookie}
		CONN C: USR 1 USER@hotmail.com {cookie}`))
	for _, other := range others {
		p.drop(name, other+".ns")
		p.run(strings.NewReplacer("OTHER", other, "CONN", name).Replace(`
			CONN C: CAL 1 OTHER@hotmail.com
			OTHER.ns S: RNG {id} {addr} CKI {cookie} {caller} {callername}
			OTHER.sb C: ANS 1 OTHER@hotmail.com {cookie} {id}`))
	}
	sbs := []string{name}
	for _, other := range others {
		sbs = append(sbs, other+".sb")
	}
	p.drop(sbs...)
}

// drop consumes what is unread, and forgets the words that a later chat or logon sets anew.
func (p *script) drop(names ...string) {
	synctest.Wait()
	for _, name := range names {
		c := p.conns[name]
		rest, _ := c.unread()
		c.next(len(rest))
	}
	for w := range p.words {
		if slices.Contains([]string{"cookie", "id", "addr", "caller", "callername", "challenge"},
			strings.Fields(w)[0]) {
			delete(p.words, w)
		}
	}
}

// synctestScript calls f with a script on a new server, and makes the same checks at the end as
// play.
func synctestScript(t *testing.T, o Options, f func(*script)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newScript(t, New(o))
		defer p.close()
		f(p)
		p.quiet()
	})
}

// with returns a preset's settings with some changed, each given as key=value.
func with(p Preset, changes ...string) *Settings {
	s := p.Settings()
	for _, c := range changes {
		key, value, _ := strings.Cut(c, "=")
		if err := s.Set(key, value); err != nil {
			panic(err)
		}
	}
	return &s
}

// changed is a script for a server with other settings than usual: key=value, separated by blanks.
// The first is what the script is about.
type changed struct{ set, text string }

// playEach plays each script against a server of its own, and returns which settings they are
// about.
func playEach(t *testing.T, all []changed) map[string]bool {
	t.Helper()
	done := make(map[string]bool)
	for _, tc := range all {
		changes := strings.Fields(tc.set)
		key, _, _ := strings.Cut(changes[0], "=")
		done[key] = true
		t.Run(tc.set, func(t *testing.T) {
			play(t, Options{Settings: with(Lenient, changes...)}, tc.text)
		})
	}
	return done
}
