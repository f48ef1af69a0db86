package client_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/msnscope/msnscope/internal/client"
)

func TestLoginThroughDispatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		w.peer(dsAddr, `
			C: VER 1 MSNP2 CVR0
			S: VER 1 msnp2
			C: INF 2
			S: INF 2 CTP,MD5
			C: USR 3 MD5 I alice@hotmail.com
			S: XFR 3 NS 10.0.0.5 0 10.0.0.1:1863
			CLOSE`)
		w.peer(nsAddr, logonScript+`
			S: MSG Hotmail Hotmail
			| MIME-Version: 1.0
			| Content-Type: text/x-msmsgsprofile; charset=UTF-8
			|
			| LoginTime: 1
			EOF`)
		c, err := client.Login(t.Context(), w.options(l))
		must(t, err)
		synctest.Wait()
		if got := c.Name(); got != "Alice L" {
			t.Errorf("Name = %q", got)
		}
		if got := c.State(); got != "FLN" {
			t.Errorf("State = %q before the first CHG", got)
		}
		if got := c.Referrals(); !slices.Equal(got, []string{"10.0.0.5"}) {
			t.Errorf("Referrals = %q", got)
		}
		if m := one[client.Message](t, l); m.Session != nil || m.From != "Hotmail" || m.Text != "LoginTime: 1" {
			t.Errorf("profile = %+v", m)
		}
		c.Close()
		if n := len(of[client.Out](l)); n != 0 {
			t.Errorf("%d Out events after Close", n)
		}
	})
}

func TestLoginRefused(t *testing.T) {
	const upToUSR = "C: VER 1 MSNP2 CVR0\nS: VER 1 MSNP2\nC: INF 2\nS: INF 2 MD5\nC: USR 3 MD5 I alice@hotmail.com\n"
	for _, tt := range []struct {
		name, script, says string
		is                 error
	}{
		{"wrong password", upToUSR + `S: USR 3 MD5 S 1013928519.693957190
			C: USR 4 MD5 S 7f919fab309532df353c901430df36fa
			S: 911 4
			EOF`, "USR: server answered 911", client.ErrAuth},
		{"refused at once", upToUSR + "S: 911 3\nEOF", "911", client.ErrAuth},
		{"busy, in words", upToUSR + "S: 600 3 come%20back later\nEOF", "600 come back later", nil},
		{"no dialect", "C: VER 1 MSNP2 CVR0\nS: VER 1 0\nEOF", "VER 1 0", client.ErrDialect},
		{"a dialect not offered", "C: VER 1 MSNP2 CVR0\nS: VER 1 MSNP8\nEOF", "MSNP8", client.ErrDialect},
		{"no MD5", "C: VER 1 MSNP2 CVR0\nS: VER 1 MSNP2\nC: INF 2\nS: INF 2 CTP\nEOF", "MD5", nil},
		{"closed", "C: VER 1 MSNP2 CVR0\nS: VER 1 MSNP2\nC: INF 2\nCLOSE", "INF", client.ErrClosed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.peer(dsAddr, tt.script)
				_, err := client.Login(t.Context(), w.options(&log{}))
				if err == nil || !strings.Contains(err.Error(), tt.says) || tt.is != nil && !errors.Is(err, tt.is) {
					t.Fatalf("error = %v, want one with %q that is %v", err, tt.says, tt.is)
				}
				if strings.Contains(err.Error(), "7f919fab") {
					t.Errorf("the error shows the proof of the password: %v", err)
				}
			})
		})
	}
}

func TestLoginNobodyThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		_, err := client.Login(t.Context(), w.options(&log{}))
		if !errors.Is(err, client.ErrConnect) || !strings.Contains(err.Error(), dsAddr) {
			t.Errorf("error = %v", err)
		}
	})
}

// TestLoginReferrals: a logon that is referred in a circle ends; a referral to 0 starts again on
// the same connection.
func TestLoginReferrals(t *testing.T) {
	refer := func(first, to string) string {
		return strings.NewReplacer("VER 1",
			"VER "+first).Replace("C: VER 1 MSNP2 CVR0\nS: VER 1 MSNP2\nC: INF 2\nS: INF 2 MD5\n") +
			"C: USR 3 MD5 I alice@hotmail.com\nS: XFR 3 NS " + to + "\n"
	}
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		script := refer("1", dsAddr) + "EOF"
		w.peer(dsAddr, slices.Repeat([]string{script}, 6)...)
		if _, err := client.Login(t.Context(), w.options(&log{})); !errors.Is(err, client.ErrReferrals) {
			t.Errorf("error = %v", err)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.peer(dsAddr, refer("1", "0")+strings.NewReplacer(
			"VER 1", "VER 4", "INF 2", "INF 5", "USR 3", "USR 6", "USR 4", "USR 7").Replace(logonScript)+"EOF")
		c, err := client.Login(t.Context(), w.options(&log{}))
		must(t, err)
		if got := c.Referrals(); len(got) != 0 {
			t.Errorf("Referrals = %q", got)
		}
		c.Close()
	})
}

func TestHabits(t *testing.T) {
	const direct = "C: VER 1 MSNP2 CVR0\nS: VER 1 MSNP2\nC: INF 2\nS: INF 2 MD5\nC: USR 3 MD5 I alice@hotmail.com\n"
	for _, tt := range []struct {
		name   string
		set    func(*client.Options)
		at     string // the notification server's address, and its name in the referral
		called string
		ns     string
	}{
		{
			"IgnorePort", func(o *client.Options) { o.IgnorePort = true }, "10.0.0.5:1863", "10.0.0.5:7777",
			logonScript + "EOF",
		},
		{"port of the referral", func(*client.Options) {}, "10.0.0.5:7777", "10.0.0.5:7777", logonScript + "EOF"},
		{"SkipVER", func(o *client.Options) { o.SkipVER = true }, nsAddr, nsAddr, `
			C: USR 1 MD5 I alice@hotmail.com
			S: USR 1 MD5 S 1013928519.693957190
			C: USR 2 MD5 S 7f919fab309532df353c901430df36fa
			S: USR 2 OK alice@hotmail.com Alice
			EOF`},
		{"BareLF", func(o *client.Options) { o.BareLF = true }, nsAddr, nsAddr, "LF" + logonScript + "EOF"},
		{
			"Dialects", func(o *client.Options) { o.Dialects = []string{"MSNP2"} }, nsAddr, nsAddr,
			strings.ReplaceAll(logonScript, " CVR0", "") + "EOF",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				o := w.options(&log{})
				tt.set(&o)
				ds := direct + "S: XFR 3 NS " + tt.called + "\nEOF"
				if o.BareLF {
					ds = "LF\n" + ds
				}
				if o.Dialects != nil {
					ds = strings.ReplaceAll(ds, " CVR0", "")
				}
				w.peer(dsAddr, ds)
				w.peer(tt.at, tt.ns)
				c, err := client.Login(t.Context(), o)
				must(t, err)
				c.Close()
			})
		})
	}
}

// TestMove: after an asynchronous referral (§7.4) nothing more is sent to the old server, and the
// new one gets the logon and the state.
func TestMove(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		c := w.online(l, `
			C: CHG 5 BSY
			S: CHG 5 BSY
			C: LST 6 FL
			S: XFR 0 NS 10.0.0.5:1863
			EOF`)
		w.peer(nsAddr, logonScript+`
			C: CHG 5 BSY
			S: CHG 5 BSY
			C: GTC 6 N
			S: GTC 6 9 N
			EOF`)
		must(t, c.SetState(t.Context(), "BSY"))
		if _, err := c.List(t.Context(), "FL"); !errors.Is(err, client.ErrClosed) {
			t.Errorf("the open request: %v, want ErrClosed", err)
		}
		must(t, c.SetGTC(t.Context(), "N")) // waits for the new server
		synctest.Wait()
		if m := one[client.Moved](t, l); m.Addr != nsAddr {
			t.Errorf("moved to %s", m.Addr)
		}
		if c.State() != "BSY" || c.Serial() != 9 {
			t.Errorf("state %s, serial %d", c.State(), c.Serial())
		}
		c.Close()
	})
}

func TestMoveToNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		c := w.online(l, "S: XFR 0 NS 10.0.0.5:1863\nEOF")
		<-c.Done()
		synctest.Wait()
		if o := one[client.Out](t, l); !errors.Is(o.Err, client.ErrConnect) || !errors.Is(c.Err(), client.ErrConnect) {
			t.Errorf("Out %v, Err %v", o.Err, c.Err())
		}
	})
}

// TestOut: the reason that the server gives when it ends a connection (§7.10) is in the event, and
// requests fail.
func TestOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		c := w.online(l, "S: OUT OTH\nCLOSE")
		<-c.Done()
		synctest.Wait()
		if o := one[client.Out](t, l); o.Reason != "OTH" {
			t.Errorf("reason %q", o.Reason)
		}
		if err := c.SetState(t.Context(), "NLN"); !errors.Is(err, client.ErrClosed) {
			t.Errorf("request after the end: %v", err)
		}
	})
}

func TestLogout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		c := w.online(l, "C: OUT\nS: OUT\nCLOSE")
		must(t, c.Logout(t.Context()))
		if n := len(of[client.Out](l)); n != 0 || c.Err() != nil {
			t.Errorf("%d Out events, Err %v", n, c.Err())
		}
		if err := c.Logout(t.Context()); !errors.Is(err, client.ErrClosed) {
			t.Errorf("second Logout: %v", err)
		}
	})
}

// TestMoveTwice: when the new server refers on right after the logon, the client ends up at the
// last one, with its state.
func TestMoveTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		w.peer(nsAddr, logonScript+"S: XFR 0 NS 10.0.0.6:1863\nANY") // its CHG may cross the referral
		w.peer("10.0.0.6:1863", logonScript+"C: CHG 5 BSY\nS: CHG 5 BSY\nC: XFR 6 SB\nS: 913 6\nEOF")
		w.peer(dsAddr, logonScript+"C: CHG 5 BSY\nS: CHG 5 BSY\nS: XFR 0 NS 10.0.0.5:1863\nEOF")
		c, err := client.Login(t.Context(), w.options(l))
		must(t, err)
		must(t, c.SetState(t.Context(), "BSY"))
		synctest.Wait()
		_, err = c.Call(t.Context())
		wantCode(t, err, 913)
		if n := len(of[client.Out](l)); n != 0 || c.Err() != nil {
			t.Errorf("%d Out events, Err %v", n, c.Err())
		}
		c.Close()
	})
}
