package replay

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/memnet"
)

// talk is two users who sign in and talk: five connections, all kinds of servers, all values that
// are new each time.
const talk = `
	1 open 10.0.0.1:1863
	1 C VER 0 MSNP2 CVR0
	1 S VER 0 MSNP2
	1 C INF 1
	1 S INF 1 MD5
	1 C USR 2 MD5 I alice@hotmail.com
	1 S XFR 2 NS 10.0.0.5:1863
	1 close server
	2 open 10.0.0.5:1863
	2 C USR 5 MD5 I alice@hotmail.com
	2 S USR 5 MD5 S 1013928519.693957190
	2 C USR 6 MD5 S ALICE-DIGEST
	2 S USR 6 OK alice@hotmail.com Alice%20L
	2 S MSG Hotmail Hotmail 94|MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\nLoginTime: 172632196\r\n\r\n
	2 C SYN 7 0
	2 C CHG 8 NLN
	2 S SYN 7 12
	2 S LST 7 FL 12 1 1 bob@hotmail.com Bob
	2 S LST 7 RL 12 1 1 bob@hotmail.com Bob
	2 S CHG 8 NLN
	3 open 10.0.0.5:1863
	3 C USR 1 MD5 I bob@hotmail.com
	3 S USR 1 MD5 S 1013928520.1
	3 c USR 2 MD5 S BOB-DIGEST
	3 S USR 2 OK bob@hotmail.com Bob
	3 c  CHG  3 NLN
	3 S CHG 3 NLN
	2 S NLN NLN bob@hotmail.com Bob
	2 C XFR 9 SB
	2 S XFR 9 SB 10.0.0.9:1863 CKI 17262740.1050826919.32308
	4 open 10.0.0.9:1863
	4 C USR 1 alice@hotmail.com 17262740.1050826919.32308
	4 S USR 1 OK alice@hotmail.com Alice%20L
	4 C CAL 2 bob@hotmail.com
	4 S CAL 2 RINGING 11752013
	3 S RNG 11752013 10.0.0.9:1863 CKI 849102291.520491113 alice@hotmail.com Alice%20L
	5 open 10.0.0.9:1863
	5 C ANS 1 bob@hotmail.com 849102291.520491113 11752013
	5 S IRO 1 1 1 alice@hotmail.com Alice%20L
	5 S ANS 1 OK
	4 S JOI bob@hotmail.com Bob
	4 C MSG 3 N 5|hello
	5 S MSG alice@hotmail.com Alice%20L 5|hello
	5 C OUT
	5 close client
	4 S BYE bob@hotmail.com
	3 close client
	2 S FLN bob@hotmail.com
	2 close client
`

// recordedTalk is talk with the digests of the recorded challenges, and, as captures have it, with
// a client's close after what the server said because of it; liveTalk is talk with everything new.
var (
	recordedTalk = strings.NewReplacer(
		"3 close client\n\t2 S FLN bob@hotmail.com", "2 S FLN bob@hotmail.com\n\t3 close client",
		"ALICE-DIGEST", decode.MD5Response("1013928519.693957190", "alicepw"),
		"BOB-DIGEST", strings.ToUpper(decode.MD5Response("1013928520.1", "bobpw")),
	).Replace(talk)
	liveTalk = strings.NewReplacer(
		"ALICE-DIGEST", decode.MD5Response("77.1", "alicepw"),
		"BOB-DIGEST", strings.ToUpper(decode.MD5Response("77.2", "bobpw")),
		"1013928519.693957190", "77.1", "1013928520.1", "77.2",
		"17262740.1050826919.32308", "c-1", "849102291.520491113", "c-2", "11752013", "5e55",
		"10.0.0.1:", "10.9.0.1:", "10.0.0.5:1863", "10.9.0.5:1864", "10.0.0.9:1863", "10.9.0.9:1865",
		"LoginTime: 172632196", "LoginTime: 999999999",
	).Replace(talk)
)

func TestReplay(t *testing.T) {
	line := func(s string) string { return "\t" + s + "\n" }
	tests := []struct {
		name    string
		edit    []string // of the live script: old, new, ...
		options Options
		want    string // troubles
		err     error
	}{
		{name: "an equal server with other values"},
		{
			name: "another name",
			edit: []string{"LST 7 FL 12 1 1 bob@hotmail.com Bob", "LST 7 FL 12 1 1 bob@hotmail.com Bobby"},
			want: "2 differs LST 7 FL 12 1 1 bob@hotmail.com Bob [CustomUserName: want Bob, got Bobby]",
			err:  ErrDiffers,
		},
		{
			name:    "another name, ignored",
			edit:    []string{"LST 7 FL 12 1 1 bob@hotmail.com Bob", "LST 7 FL 12 1 1 bob@hotmail.com Bobby"},
			options: Options{Ignore: []string{"CustomUserName"}},
		},
		{
			name: "another version", edit: []string{"SYN 7 12", "SYN 7 13"},
		},
		{
			name: "another message",
			edit: []string{"5 S MSG alice@hotmail.com Alice%20L 5|hello", "5 S MSG alice@hotmail.com Alice%20L 4|hell"},
			want: "5 differs MSG alice@hotmail.com Alice%20L 5 [payload: want hello, got hell]", err: ErrDiffers,
		},
		{
			name: "an error in place of an answer", edit: []string{"2 S CHG 8 NLN", "2 S 201 8"},
			want: "2 differs CHG 8 NLN [Command: want CHG, got 201]", err: ErrDiffers,
		},
		{
			name: "a missing notification", edit: []string{line("2 S NLN NLN bob@hotmail.com Bob"), ""},
			want: "2 missing NLN NLN bob@hotmail.com Bob", err: ErrTimeout,
		},
		{
			name: "a missing answer", edit: []string{line("2 S LST 7 FL 12 1 1 bob@hotmail.com Bob"), ""},
			want: "2 missing LST 7 FL 12 1 1 bob@hotmail.com Bob", err: ErrTimeout,
		},
		{
			name: "one more notification",
			edit: []string{"2 S CHG 8 NLN", "2 S CHG 8 NLN\n2 S ILN 8 AWY carol@hotmail.com Carol"},
			want: "2 unexpected ILN 8 AWY carol@hotmail.com Carol", err: ErrDiffers,
		},
		{
			name: "one more at the very end",
			edit: []string{"4 S BYE bob@hotmail.com", "4 S BYE bob@hotmail.com\n4 S JOI carol@hotmail.com Carol"},
			want: "4 unexpected JOI carol@hotmail.com Carol", err: ErrDiffers,
		},
		{
			name: "a notification before an answer",
			edit: []string{
				line("2 S NLN NLN bob@hotmail.com Bob"), "",
				"3 S CHG 3 NLN", "2 S NLN NLN bob@hotmail.com Bob\n3 S CHG 3 NLN",
			},
		},
		{
			name: "answers in another order",
			edit: []string{line("2 S CHG 8 NLN"), "", "2 S SYN 7 12", "2 S CHG 8 NLN\n2 S SYN 7 12"},
			want: "2 differs CHG 8 NLN [order: want after LST 7 RL 12 1 1 bob@hotmail.com Bob, got before it]",
			err:  ErrDiffers,
		},
		{
			name: "the server closes early", edit: []string{"2 S SYN 7 12", "2 close server"},
			want: "2 failed SYN 7 12 (the server closed the connection)", err: ErrDiffers,
		},
		{
			name: "one more, later",
			edit: []string{"3 close client", "3 wait 200ms\n3 S FLN carol@hotmail.com\n3 close client"},
			want: "3 unexpected FLN carol@hotmail.com", err: ErrDiffers,
		},
		{
			name: "one more about the same user first",
			edit: []string{"2 S NLN NLN", "2 S NLN BSY bob@hotmail.com Bob\n2 wait 100ms\n2 S NLN NLN"},
			want: "2 unexpected NLN BSY bob@hotmail.com Bob", err: ErrDiffers,
		},
		{
			name: "the server does not close", edit: []string{line("1 close server"), ""},
			want: "1 missing (closes)", err: ErrTimeout,
		},
		{
			name: "no cookie", edit: []string{"2 S XFR 9 SB 10.9.0.9:1865 CKI c-1", "2 S 913 9"},
			want: "2 differs XFR 9 SB 10.0.0.9:1863 CKI *** [Command: want XFR, got 913]\n" +
				"4 failed (connects) (the server gave no address in place of that in #30)", err: ErrDiffers,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				live := strings.NewReplacer(append([]string{"\x00", ""}, tt.edit...)...).Replace(liveTalk)
				r := replayed(t, recordedTalk, live, tt.options)
				got := troubles(r)
				// Where a connection is lost, all that needed it fails: the first troubles tell.
				if !strings.HasPrefix(got, tt.want) || (tt.want == "") != (got == "") {
					t.Errorf("troubles:\n%s\nwant\n%s", got, tt.want)
				}
				if !strings.Contains(tt.want, "failed") && got != tt.want {
					t.Errorf("troubles:\n%s\nwant no more than\n%s", got, tt.want)
				}
				if err := r.Err(); !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
					t.Errorf("Err() = %v, want %v", err, tt.err)
				}
			})
		})
	}
}

// A logon that failed in the recording fails again, with a digest that is wrong for the live
// challenge as well.
func TestFailedLogon(t *testing.T) {
	const script = `
		1 open 10.0.0.1:1863
		1 C USR 5 MD5 I alice@hotmail.com
		1 S USR 5 MD5 S CHALLENGE
		1 C USR 6 MD5 S DIGEST
		1 S 911 6
	`
	fill := func(challenge, digest string) string {
		return strings.NewReplacer("10.0.0.", "10.9.0.", "CHALLENGE", challenge, "DIGEST", digest).Replace(script)
	}
	wrong := decode.MD5Response("1.1", "mistyped")
	right := decode.MD5Response("2.2", "alicepw")
	tests := []struct {
		name, recorded, live string
		known                bool
	}{
		{"a wrong digest", fill("1.1", wrong), fill("2.2", wrong), true},
		{"the password need not be known", fill("1.1", wrong), fill("2.2", wrong), false},
		{"what was wrong then would be right now", fill("1.1", right), fill("2.2", spoil(right)), true},
		{"refused for another reason", fill("1.1", decode.MD5Response("1.1", "alicepw")), fill("2.2", right), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := Options{Password: passwords}
				if !tt.known {
					o.Password = func(string) (string, bool) { return "", false }
				}
				if r := replayed(t, tt.recorded, tt.live, o); r.Verdict() != Same {
					t.Errorf("verdict %s:\n%s", r.Verdict(), troubles(r))
				}
			})
		})
	}
}

// Without a challenge there is nothing to answer, and no answer to wait for.
func TestNoChallenge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const recorded = `
			1 open 10.0.0.1:1863
			1 C USR 5 MD5 I alice@hotmail.com
			1 S USR 5 MD5 S 1.1
			1 C USR 6 MD5 S aa
			1 S USR 6 OK alice@hotmail.com Alice
		`
		const live = "1 open 10.9.0.1:1863\n1 C USR 5 MD5 I alice@hotmail.com\n"
		const want = "1 missing USR 5 MD5 S ***\n1 failed USR 6 MD5 S *** (the server sent no challenge)\n" +
			"1 failed USR 6 OK alice@hotmail.com Alice (its request was not sent)"
		if got := troubles(replayed(t, recorded, live, Options{})); got != want {
			t.Errorf("troubles:\n%s\nwant\n%s", got, want)
		}
	})
}

func TestPasswordMissing(t *testing.T) {
	plan, err := NewPlan(record(t, recordedTalk))
	if err != nil {
		t.Fatal(err)
	}
	dialed := false
	_, err = Run(t.Context(), plan, Options{
		Dial: func(context.Context, string, string) (net.Conn, error) {
			dialed = true
			return nil,
				errors.New("no")
		},
		Password: func(handle string) (string, bool) { return "x", handle == "alice@hotmail.com" },
	})
	if !errors.Is(err, ErrPassword) || !strings.Contains(err.Error(), "--password bob@hotmail.com=PASSWORD") {
		t.Errorf("Run: %v, want ErrPassword that names bob@hotmail.com and the flag", err)
	}
	if dialed {
		t.Error("connected before the passwords were known")
	}
}

func TestNoServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan, err := NewPlan(record(t, recordedTalk))
		if err != nil {
			t.Fatal(err)
		}
		var network memnet.Network
		if _, err = Run(t.Context(), plan,
			Options{To: "10.9.0.1", Dial: network.DialContext, Password: passwords}); err == nil {
			t.Error("Run without a server returned nil, want an error")
		}
	})
}

// Whatever a server does, a replay ends in time that does not grow with the recording's length.
func TestSilentServerEndsSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		recorded := "1 open 10.0.0.1:1863\n" + strings.Repeat("1 C PNG\n1 S QNG\n", 100)
		live := "1 open 10.9.0.1:1863\n" + strings.Repeat("1 C PNG\n", 100)
		start := time.Now()
		r := replayed(t, recorded, live, Options{})
		if took := time.Since(start); took > 15*time.Second {
			t.Errorf("took %s, want less than 15s", took)
		}
		if r.Counts.Missing != 100 || !errors.Is(r.Err(), ErrTimeout) {
			t.Errorf("missing %d, Err() = %v, want 100 and ErrTimeout", r.Counts.Missing, r.Err())
		}
	})
}

func TestCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var network memnet.Network
		stop := serve(t, &network, "1 open 10.9.0.1:1863\n")
		defer stop()
		plan, err := NewPlan(record(t, recordedTalk))
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		r, err := Run(ctx, plan, Options{To: "10.9.0.1", Dial: network.DialContext, Password: passwords})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Second {
			t.Errorf("Run: %v after %s, want the context's end after 1s", err, time.Since(start))
		}
		if r.Counts.Sent != 1 {
			t.Errorf("%d commands sent, want the 1 before the end", r.Counts.Sent)
		}
	})
}

// A server that sends without end does not fill the memory and does not delay the end of the
// replay.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const recorded = "1 open 10.0.0.1:1863\n1 C PNG\n1 S QNG\n"
		live := "1 open 10.9.0.1:1863\n1 C PNG\n" + strings.Repeat("1 S FLN carol@hotmail.com\n", 3*maxPending) +
			"1 S QNG\n"
		r := replayed(t, recorded, live, Options{})
		if r.Counts.Extra != 3*maxPending || r.Counts.Same != 1 {
			t.Errorf("%d extra, %d same, want %d and 1", r.Counts.Extra, r.Counts.Same, 3*maxPending)
		}
	})
}

// A server that talks without end, faster than it is listened to, does not keep a step from its
// deadline: only what has arrived is handled before the next look at the clock.
func TestEndlessFlood(t *testing.T) {
	const endless = 1000
	var p *player
	var c *liveConn
	came := 0
	arrives := func() {
		if came++; came < endless {
			p.inbox <- input{from: c, data: []byte("FLN carol@hotmail.com\r\n")}
		}
	}
	p = newFollower(&growing{}, Options{Report: func(Outcome) { arrives() }}).player
	defer p.close()
	sess, _ := p.graph.Open(time.Now(), "", "10.9.0.1:1863")
	c = &liveConn{plan: &connPlan{}, sess: sess, reader: decode.NewReader(decode.FromServer, sess.Framing())}
	for len(c.pending) < maxPending { // from then on, each command makes the oldest an extra one
		p.take(input{from: c, data: []byte("FLN carol@hotmail.com\r\n")})
	}
	arrives()
	if p.drain(); came != 2 {
		t.Errorf("%d reads were handled, want the one that had arrived", came-1)
	}
}

// What comes after the last recorded command counts too, where no client closes.
func TestLateSurplus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const recorded = "1 open 10.0.0.1:1863\n1 C PNG\n1 S QNG\n"
		live := strings.ReplaceAll(recorded, "10.0.", "10.9.") + "1 wait 200ms\n1 S FLN carol@hotmail.com\n"
		if got := troubles(replayed(t, recorded, live, Options{})); got != "1 unexpected FLN carol@hotmail.com" {
			t.Errorf("troubles %q, want one extra FLN", got)
		}
	})
}

// TestNewsAfterOut: whether notifications arrive after a client's OUT is a matter of timing, and so
// no difference.
func TestNewsAfterOut(t *testing.T) {
	const silent = "1 open 10.0.0.1:1863\n1 C PNG\n1 S QNG\n1 C OUT\n1 S OUT\n1 close server\n"
	offline := strings.Replace(silent, "1 S OUT", "1 S FLN carol@hotmail.com\n1 S OUT", 1)
	early := strings.Replace(silent, "1 S QNG", "1 S FLN carol@hotmail.com\n1 S QNG", 1)
	for _, tc := range []struct{ name, recorded, live, want string }{
		{"too late here", offline, silent, ""},
		{"just in time here", silent, offline, ""},
		{"before it", silent, early, "1 unexpected FLN carol@hotmail.com"},
		{
			"no answer to it", silent, strings.Replace(silent, "1 S OUT\n", "", 1),
			"1 missing OUT",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				live := strings.ReplaceAll(tc.live, "10.0.", "10.9.")
				if got := troubles(replayed(t, tc.recorded, live, Options{})); got != tc.want {
					t.Errorf("troubles %q, want %q", got, tc.want)
				}
			})
		})
	}
}

// An answer that a later one has overtaken will not come: it is not waited for as long as one that
// may.
func TestOvertakenAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const recorded = "1 open 10.0.0.1:1863\n1 C LST 1 FL\n1 S LST 1 FL 1 1 2 a@x A\n1 S LST 1 FL 1 2 2 b@x B\n"
		live := strings.Replace(strings.ReplaceAll(recorded, "10.0.", "10.9."), "1 S LST 1 FL 1 1 2 a@x A\n", "", 1)
		start := time.Now()
		got := troubles(replayed(t, recorded, live, Options{}))
		if took := time.Since(start); got != "1 missing LST 1 FL 1 1 2 a@x A" || took > time.Second {
			t.Errorf("troubles %q after %s, want the first entry missing within a second", got, took)
		}
	})
}

// TestHalfClose: after one end half-closed in the recording, the other one can still send, and is
// received.
func TestHalfClose(t *testing.T) {
	const client = `
		1 open 10.0.0.1:1863
		1 C VER 0 MSNP2
		1 S VER 0 MSNP2
		1 shut client
		1 S XFR 0 NS 10.0.0.5:1863
		1 shut server
	`
	const server = `
		1 open 10.0.0.1:1863
		1 C VER 0 MSNP2
		1 S VER 0 MSNP2
		1 shut server
		1 C INF 1
		1 C OUT
		1 close client
	`
	for _, tc := range []struct {
		name, recorded string
		edit           []string // of the live script
		want           string
	}{
		{"the client's end", client, nil, ""},
		{
			"nothing after the client's end", client,
			[]string{"1 S XFR 0 NS 10.0.0.5:1863\n\t\t", ""},
			"1 missing XFR 0 NS 10.0.0.5:1863",
		},
		{"the server's end", server, nil, ""},
		{"no end of the server's", server, []string{"1 shut server\n\t\t", ""}, "1 missing (closes)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				edit := strings.NewReplacer(append([]string{"10.0.0.", "10.9.0."}, tc.edit...)...)
				r := replayed(t, tc.recorded, edit.Replace(tc.recorded), Options{})
				if got := troubles(r); !strings.HasPrefix(got, tc.want) || tc.want == "" && got != "" {
					t.Errorf("troubles:\n%s\nwant\n%s", got, tc.want)
				}
			})
		})
	}
}
