package replay

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/msnscope/msnscope/decode/session"
)

func TestPlanRefuses(t *testing.T) {
	for name, script := range map[string]string{
		"an empty recording": "",
		"servers alone":      "1 open 10.0.0.5:1863\n1 S NLN NLN bob@hotmail.com Bob\n",
		"connections alone":  "1 open 10.0.0.5:1863\n1 close client\n",
	} {
		if _, err := NewPlan(record(t, script)); !errors.Is(err, ErrNoClient) {
			t.Errorf("%s: NewPlan: %v, want ErrNoClient", name, err)
		}
	}
}

func TestPlanNotes(t *testing.T) {
	plan, err := NewPlan(record(t, `
		1 open 10.0.0.5:1863
		1 S NLN NLN bob@hotmail.com Bob
		2 open 10.0.0.5:1863
		2 C PNG
		2 gap
		2 S QNG
	`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"connection 2: something is missing before event 5 (27 bytes)",
		"connection 1 is not played: nothing of its client was recorded",
	}
	if !slices.Equal(plan.Notes, want) {
		t.Errorf("notes %q, want %q", plan.Notes, want)
	}
}

// TestTransferIsNotPlayed: users' own connections, over which files go, are left out, and the plan
// says so; a recording of nothing else cannot be played.
func TestTransferIsNotPlayed(t *testing.T) {
	const transfer = `
		2 open 10.0.0.7:6891
		2 C VER MSNFTP
		2 S VER MSNFTP
		2 C USR bob@hotmail.com 12345
		2 S FIL 3
		2 C TFR
	`
	const want = " is not played: it is a file transfer between two clients"
	plan, err := NewPlan(record(t, "1 open 10.0.0.5:1863\n1 C PNG\n1 S QNG\n"+transfer))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(plan.Notes, []string{"connection 2" + want}) || plan.sent != 1 {
		t.Errorf("%d commands are played, notes %q; want 1 and the transfer", plan.sent, plan.Notes)
	}
	_, err = NewPlan(record(t, transfer))
	if !errors.Is(err, ErrNothing) || !strings.Contains(err.Error(), "connection 1"+want) {
		t.Errorf("a transfer alone: %v, want ErrNothing and %q", err, want)
	}
}

func TestPasswords(t *testing.T) {
	plan, err := NewPlan(record(t, recordedTalk))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := plan.Passwords(), []string{"alice@hotmail.com", "bob@hotmail.com"}; !slices.Equal(got, want) {
		t.Errorf("Passwords() = %q, want %q", got, want)
	}
}

// Where connections go: after referrals, and back to where a sign-in begins.
func TestRoutes(t *testing.T) {
	tests := []struct{ name, recorded string }{
		{
			"who comes back begins at the dispatch server again", `
				1 open 10.0.0.1:1863
				1 C USR 2 MD5 I alice@hotmail.com
				1 S XFR 2 NS 10.0.0.5:1863
				1 close server
				2 open 10.0.0.5:1863
				2 C USR 5 MD5 I alice@hotmail.com
				2 S 911 5
				2 close server
				3 open 10.0.0.1:1863
				3 C USR 2 MD5 I alice@hotmail.com
				3 S XFR 2 NS 10.0.0.5:1863
			`,
		},
		{
			"and so does one who never went on", `
				1 open 10.0.0.1:1863
				1 C USR 2 MD5 I alice@hotmail.com
				1 S XFR 2 NS 10.0.0.5:1863
				1 close server
				2 open 10.0.0.1:1863
				2 C USR 5 MD5 I alice@hotmail.com
				2 S XFR 5 NS 10.0.0.5:1863
			`,
		},
		{
			"sent on in the middle of a session", `
				1 open 10.0.0.1:1863
				1 C USR 2 MD5 I alice@hotmail.com
				1 S USR 2 OK alice@hotmail.com Alice
				1 S XFR 0 NS 10.0.0.6
				2 open 10.0.0.6:1863
				2 C USR 3 MD5 I alice@hotmail.com
				2 S USR 3 OK alice@hotmail.com Alice
			`,
		},
		{
			"begin again here is no address", `
				1 open 10.0.0.1:1863
				1 C USR 2 MD5 I alice@hotmail.com
				1 S XFR 2 NS 0
				1 C USR 3 MD5 I alice@hotmail.com
				1 S USR 3 OK alice@hotmail.com Alice
				2 open 10.0.0.1:1863
				2 C USR 4 MD5 I alice@hotmail.com
				2 S XFR 4 NS 0
			`,
		},
		{
			"connected before the referral came", `
				1 open 10.0.0.1:1863
				2 open 10.0.0.1:1863
				1 C USR 2 MD5 I alice@hotmail.com
				1 S XFR 2 NS 10.0.0.1:1863
				2 C USR 3 MD5 I alice@hotmail.com
				2 S USR 3 OK alice@hotmail.com Alice
			`,
		},
		{
			"cut short", `
				1 open 10.0.0.1:1863
				1 C PNG
				1 S MSG a@x A 9|hell
				1 close server
			`,
		},
		{
			"a cookie that no server gave is sent as it was", `
				1 open 10.0.0.1:1863
				1 C USR 1 alice@hotmail.com 1.2.3
				1 S 911 1
				1 close server
			`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				live := strings.ReplaceAll(tt.recorded, "10.0.0.", "10.9.0.")
				if r := replayed(t, tt.recorded, live, Options{}); r.Verdict() != Same {
					t.Errorf("verdict %s:\n%s", r.Verdict(), troubles(r))
				}
			})
		})
	}
}

// TestChangedOnTheWay: the server gets what it got then, changes by a proxy included, and its
// answers are compared with what it sent then.
func TestChangedOnTheWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const server = `
			1 open 10.0.0.1:1863
			1 C CHG 1 AWY
			1 S CHG 1 AWY
			1 C PNG
			1 S QNG
			1 S NLN NLN bob@hotmail.com Bob
		`
		log := record(t,
			strings.NewReplacer("1 S NLN", "1 S FLN carol@hotmail.com\n1 S NLN", "1 C PNG",
				"1 C OUT\n1 C PNG").Replace(server))
		changed := func(verb string, f func(e *session.Event)) {
			for i, e := range log {
				if e.In.Verb.String() == verb && (verb != "CHG" || e.Dir == 'C') {
					c := *e
					f(&c)
					log[i] = &c
				}
			}
		}
		changed("CHG", func(e *session.Event) {
			e.In, e.Out = record(t, "1 open x\n1 C CHG 1 NLN")[1].In, []byte("CHG 1 AWY\r\n")
		})
		changed("PNG", func(e *session.Event) { e.Flags = session.Injected })
		changed("NLN",
			func(e *session.Event) { e.Out = []byte("NLN BSY bob@hotmail.com Bob\r\n"); e.Flags = session.Dropped })
		changed("FLN", func(e *session.Event) { e.Flags = session.Injected })
		changed("OUT", func(e *session.Event) { e.Flags = session.Dropped })
		if r := replayedLog(t, log, strings.ReplaceAll(server, "10.0.", "10.9."), Options{}); r.Verdict() != Same {
			t.Errorf("verdict %s:\n%s", r.Verdict(), troubles(r))
		}
	})
}
