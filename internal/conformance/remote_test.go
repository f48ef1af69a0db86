package conformance

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/server"
)

// TestOther plays the suite against the server that the environment names; docs/CONFORMANCE.md says how.
func TestOther(t *testing.T) {
	address := os.Getenv("MSNSCOPE_CONFORMANCE")
	if address == "" {
		t.Skip("MSNSCOPE_CONFORMANCE names no server")
	}
	r := &Remote{Address: address, Users: accountsOf(t), Nobody: "nobody@hotmail.com"}
	if nobody := os.Getenv("MSNSCOPE_CONFORMANCE_NOBODY"); nobody != "" {
		r.Nobody = nobody
	}
	if quiet := os.Getenv("MSNSCOPE_CONFORMANCE_QUIET"); quiet != "" {
		var err error
		if r.Quiet, err = time.ParseDuration(quiet); err != nil {
			t.Fatalf("MSNSCOPE_CONFORMANCE_QUIET: %v", err)
		}
	}
	presets := Presets()
	if preset := os.Getenv("MSNSCOPE_CONFORMANCE_PRESET"); preset != "" {
		presets = []string{preset}
	}
	playRemote(t, r, Cases(), presets)
}

// accountsOf reads the accounts from the environment.
func accountsOf(t *testing.T) []User {
	text := os.Getenv("MSNSCOPE_CONFORMANCE_ACCOUNTS")
	if text == "" {
		return users()
	}
	var all []User
	for account := range strings.SplitSeq(text, ",") {
		name, rest, ok := strings.Cut(account, "=")
		handle, password, ok2 := strings.Cut(rest, ":")
		if !ok || !ok2 || !slices.ContainsFunc(users(), func(u User) bool { return u.Name == name }) {
			t.Fatalf("MSNSCOPE_CONFORMANCE_ACCOUNTS: an account is one of alice, bob, carol, dave and =handle:password")
		}
		all = append(all, User{Name: name, Handle: strings.ToLower(handle), Password: password})
	}
	if len(all) != len(users()) {
		t.Fatalf("MSNSCOPE_CONFORMANCE_ACCOUNTS has %d accounts, want alice, bob, carol and dave", len(all))
	}
	return all
}

// playRemote plays cases against r, each as a server of the first of the presets would pass it, and says so.
func playRemote(t *testing.T, r *Remote, cases []Case, presets []string) {
	target, err := r.Probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("dispatch %s, notification %s, switchboard %s", target.Dispatch, target.Notification, target.Switchboard)
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if why := c.Skip(target); why != "" {
				t.Skip(why)
			}
			var failed []string
			for i, preset := range presets {
				same := slices.ContainsFunc(presets[:i], func(other string) bool { return c.Holds(other) && !c.Differs(other, preset) })
				if same || !c.Holds(preset) {
					continue
				}
				if err := r.Reset(t.Context(), target); err != nil {
					t.Fatal(err)
				}
				_, err := c.Play(t.Context(), target, preset)
				if err == nil {
					if c.Why != "" {
						t.Logf("as %s", preset)
					}
					return
				}
				failed = append(failed, "as "+preset+": "+err.Error())
			}
			switch {
			case len(c.Presets) < len(Presets()) && len(presets) > 1:
				t.Skipf("only in %s, which this server is not: %s", c.Presets, strings.Join(failed, "\n"))
			case failed != nil:
				t.Error(strings.Join(failed, "\n"))
			}
		})
	}
}

// TestRemote plays some cases of each kind over sockets, with what they leave behind for the next.
func TestRemote(t *testing.T) {
	var listeners []net.Listener
	for range 3 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listeners = append(listeners, l)
	}
	s := server.New(server.Options{
		Preset:   server.Observed,
		Dispatch: listeners[0].Addr().String(), Notification: []string{listeners[1].Addr().String()}, Switchboard: listeners[2].Addr().String(),
	})
	t.Cleanup(func() { s.Close() })
	for i, role := range []dialect.Role{dialect.DS, dialect.NS, dialect.SB} {
		go func() { _ = s.Serve(role, listeners[i]) }()
	}
	names := []string{
		"dispatch.refers", "usr.md5", "add.fl", "add.block-while-allowed", "lst.empty-fl", "gtc.set", "blp.set", "nln.both", "cal.ringing",
		"msg.to-all-others", "command.unknown", "bye.drop", "add.full",
	}
	var some []Case
	for _, c := range Cases() {
		if slices.Contains(names, c.Name) {
			some = append(some, c)
		}
	}
	if len(some) != len(names) {
		t.Fatalf("found %d of %d cases", len(some), len(names))
	}
	r := &Remote{Address: listeners[0].Addr().String(), Users: users(), Nobody: "nobody@hotmail.com", Quiet: 10 * time.Millisecond}
	playRemote(t, r, some, Presets())
}

// TestDocument: docs/CONFORMANCE.md says what the cases say.
func TestDocument(t *testing.T) {
	msntest.Golden(t, "../../../docs/CONFORMANCE.md", []byte(Markdown()))
}
