package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/client"
	"github.com/msnscope/msnscope/server/accounts"
)

// hearer collects what a client hears.
type hearer struct {
	*client.Client
	events chan client.Event
}

// signInAt signs a user in that is online in the end.
func signInAt(t *testing.T, addr, handle, password string) *hearer {
	t.Helper()
	u := &hearer{events: make(chan client.Event, 100)}
	var err error
	u.Client, err = client.Login(t.Context(), client.Options{
		Server: addr, Handle: handle, Password: password, OnEvent: func(e client.Event) { u.events <- e },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.Close)
	if err := u.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := u.SetState(t.Context(), "NLN"); err != nil {
		t.Fatal(err)
	}
	return u
}

// wants checks the next event.
func (u *hearer) wants(t *testing.T, ok func(client.Event) bool, what string) {
	t.Helper()
	var e client.Event
	await(t, what+" for "+u.Handle(), func() bool {
		select {
		case e = <-u.events:
			return true
		default:
			return false
		}
	})
	if !ok(e) {
		t.Errorf("%s heard %+v, want %s", u.Handle(), e, what)
	}
}

func (u *hearer) wantsChange(t *testing.T, want client.ListChange) {
	t.Helper()
	u.wants(t, func(e client.Event) bool { return e == client.Event(want) }, "an asynchronous change of "+want.List)
}

func (u *hearer) wantsPresence(t *testing.T, handle, state string) {
	t.Helper()
	u.wants(t, func(e client.Event) bool {
		p, ok := e.(client.Presence)
		return ok && p.Handle == handle && p.State == state
	}, handle+" "+state)
}

// verb runs one of accounts' verbs and checks its exit code. It returns what it said.
func verb(t *testing.T, code int, args ...string) string {
	t.Helper()
	p := launch(t, append([]string{"accounts"}, args...)...)
	p.wait(code)
	return p.stderr.String()
}

// TestAccountsWhileTheServerRuns has the verbs change what users who are logged on see (§7.7, §7.8,
// §8.8).
func TestAccountsWhileTheServerRuns(t *testing.T) {
	db := filepath.Join(t.TempDir(), "a.db")
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3)))
	server := launch(t, "serve", "--db", db, "--listen", addr, "--user", "alice@hotmail.com:pw:Alice A", "--user",
		"bob@hotmail.com:pw")
	server.address()
	on := func(args ...string) []string { return append(args, "--db", db) }
	if said := verb(t, exitDiffers, on("notify", "bob@hotmail.com", "x")...); !strings.Contains(said,
		"bob@hotmail.com: the user is not logged on") {
		t.Errorf("notify: %s", said)
	}
	alice, bob := signInAt(t, addr, "alice@hotmail.com", "pw"), signInAt(t, addr, "bob@hotmail.com", "pw")

	verb(t, exitOK, on("lists", "add", "alice@hotmail.com", "FL", "BOB@hotmail.com", "--name", "My Bob")...)
	alice.wantsChange(t, client.ListChange{List: "FL", Handle: "bob@hotmail.com", Name: "My Bob", Serial: 2})
	alice.wantsPresence(t, "bob@hotmail.com", "NLN")
	bob.wantsChange(t, client.ListChange{List: "RL", Handle: "alice@hotmail.com", Name: "Alice A", Serial: 2})

	verb(t, exitOK, on("state", "bob@hotmail.com", "bsy")...)
	bob.wants(t, func(e client.Event) bool { return e == client.Event(client.StateChange{State: "BSY"}) }, "CHG 0 BSY")
	alice.wantsPresence(t, "bob@hotmail.com", "BSY")

	verb(t, exitOK, on("lists", "add", "bob@hotmail.com", "BL", "alice@hotmail.com")...)
	bob.wantsChange(t, client.ListChange{List: "BL", Handle: "alice@hotmail.com", Name: "Alice A", Serial: 3})
	alice.wantsPresence(t, "bob@hotmail.com", "FLN")
	verb(t, exitOK, on("lists", "rem", "bob@hotmail.com", "BL", "alice@hotmail.com")...)
	bob.wantsChange(t, client.ListChange{List: "BL", Handle: "alice@hotmail.com", Serial: 4, Removed: true})
	alice.wantsPresence(t, "bob@hotmail.com", "BSY")

	verb(t, exitOK, on("notify", "alice@hotmail.com", "Down at noon: ö")...)
	alice.wants(t, func(e client.Event) bool {
		m, ok := e.(client.Message)
		return ok && m.Session == nil && m.Text == "Down at noon: ö"
	}, "a message of the system")

	verb(t, exitOK, on("passwd", "alice@hotmail.com", "--password", "new")...)
	alice.wants(t, func(e client.Event) bool { out, ok := e.(client.Out); return ok && out.Reason == "" }, "OUT")
	alice = signInAt(t, addr, "alice@hotmail.com", "new")
	alice.wantsPresence(t, "bob@hotmail.com", "BSY")
	verb(t, exitOK, on("kick", "alice@hotmail.com")...)
	alice.wants(t, func(e client.Event) bool { out, ok := e.(client.Out); return ok && out.Reason == "" }, "OUT")
	if said := verb(t, exitDiffers, on("kick", "alice@hotmail.com")...); !strings.Contains(said,
		"alice@hotmail.com: the user is not logged on") {
		t.Errorf("kick: %s", said)
	}

	verb(t, exitOK, on("remove", "bob@hotmail.com")...)
	bob.wants(t, func(e client.Event) bool { _, ok := e.(client.Out); return ok }, "OUT")
	if _, err := client.Login(t.Context(),
		client.Options{Server: addr, Handle: "bob@hotmail.com", Password: "pw"}); err == nil {
		t.Error("bob is no more, and could log on")
	}
	server.end(exitOK)
	if said := server.stderr.String(); strings.Contains(said, "error") {
		t.Errorf("nothing failed, and the server says\n%s", said)
	}
	if said := verb(t, exitDiffers, on("state", "alice@hotmail.com", "NLN")...); !strings.Contains(said,
		"no running server") {
		t.Errorf("state without a server: %s", said)
	}
	if _, err := os.Stat(db + "-wal"); err == nil {
		t.Error("the server left its journal behind: it did not close the database")
	}
}

// TestUserReplaces: --user on a database gives an account that exists the password, and leaves its
// lists.
func TestUserReplaces(t *testing.T) {
	db := filepath.Join(t.TempDir(), "a.db")
	serve := func(user string) {
		p := launch(t, "serve", "--db", db, "--listen", net.JoinHostPort("127.0.0.1", strconv.Itoa(freePorts(t, 3))),
			"--user", user)
		p.address()
		p.end(exitOK)
	}
	serve("alice@hotmail.com:one:Alice")
	verb(t, exitOK, "lists", "add", "alice@hotmail.com", "AL", "alice@hotmail.com", "--db", db)
	serve("Alice@hotmail.com:two")
	s, err := accounts.Open(db, accounts.OpenOptions{Existing: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	u, err := s.Lookup(t.Context(), "alice@hotmail.com")
	if err != nil || u.Password != "two" || u.FriendlyName != "Alice" || len(u.Lists[accounts.Allow]) != 1 {
		t.Errorf("the account is %+v, %v", u, err)
	}
}

// TestProxyOnADatabase: the embedded server behind the proxy has the accounts of the file, and says
// when there are none.
func TestProxyOnADatabase(t *testing.T) {
	db := filepath.Join(t.TempDir(), "a.db")
	p := launch(t, "--headless", "--listen", "127.0.0.1:0", "--db", db)
	addr := p.address()
	if !strings.Contains(p.stderr.String(), "there are no accounts yet") ||
		!strings.Contains(p.stderr.String(), "the accounts of "+db) {
		t.Errorf("it said %s", p.stderr)
	}
	verb(t, exitOK, "add", "erin@hotmail.com", "--password", "pw", "--db", db)
	signInAt(t, addr, "erin@hotmail.com", "pw").Close()
	p.end(exitOK)
}

// TestAccountsAsTyped: names and lists as users make them, and mistakes of whoever types.
func TestAccountsAsTyped(t *testing.T) {
	db := filepath.Join(t.TempDir(), "a.db")
	out := func(code int, args ...string) string {
		t.Helper()
		p := launch(t, append([]string{"accounts", "--db", db}, args...)...)
		p.wait(code)
		return p.stdout.String() + p.stderr.String()
	}
	forged := "eve\nroot@hotmail.com\x1b[2J\u009b2J\u202e"
	out(exitOK, "add", "eve@hotmail.com", "bob@hotmail.com", "--name", forged, "--password", "pw")
	out(exitOK, "lists", "add", "bob@hotmail.com", "FL", "eve@hotmail.com")
	const shown = `eve\x0aroot@hotmail.com\x1b[2J\u009b2J\u202e`
	for _, args := range [][]string{{"list"}, {"show", "bob@hotmail.com"}} {
		if got := out(exitOK, args...); !strings.Contains(got, shown) || strings.Contains(got, "\nroot") {
			t.Errorf("%s prints %q", args[0], got)
		}
	}
	var all []struct{ Handle, Name string }
	got := out(exitOK, "list", "-T", "json")
	if err := json.Unmarshal([]byte(got), &all); err != nil || len(all) != 2 || all[1].Name != forged {
		t.Errorf("%v: %+v", err, all)
	}
	if strings.ContainsAny(got, "\u009b\u202e\x1b") {
		t.Errorf("list -T json controls the terminal: %q", got)
	}
	if got := out(exitUsage, "lists", "add", "bob@hotmail.com", "AL", "eve@hotmail.com", "--name",
		strings.Repeat("x", 388)); !strings.Contains(got, "at most 387 bytes") {
		t.Errorf("a name too long: %s", got)
	}
	if got := out(exitUsage, "notify", "bob@hotmail.com", "x\x1b[2J"); !strings.Contains(got,
		"byte 2 of the message is the control character 0x1b") {
		t.Errorf("a message that controls terminals: %s", got)
	}
	if got := out(exitDiffers, "remove", "none{1..500}@hotmail.com"); strings.Count(got, "\n") > 10 ||
		!strings.Contains(got, "and 495 more") {
		t.Errorf("remove says %d lines, the last ones: %s", strings.Count(got, "\n"), got[max(0, len(got)-200):])
	}
}
