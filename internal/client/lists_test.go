package client_test

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/internal/client"
)

// TestSync: the full update of §7.5, with other traffic in between (§5.3), then SYN with the same
// serial, then with a cache.
func TestSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		c := w.online(l, `
			C: SYN 5 0
			S: SYN 5 12
			S: GTC 5 12 A
			S: BLP 5 12 BL
			S: LST 5 FL 12 1 2 bob@hotmail.com Bob
			S: NLN AWY bob@hotmail.com Bob
			S: LST 5 FL 12 2 2 carol@hotmail.com Zo%c3%ab
			S: LST 5 AL 12 0 0
			S: LST 5 BL 12 0 0
			S: LST 5 RL 12 1 1 bob@hotmail.com Bob
			S: ADD 0 RL 13 carol@hotmail.com Zo%C3%AB
			C: SYN 6 13
			S: SYN 6 13
			EOF`)
		must(t, c.Sync(t.Context()))
		synctest.Wait()
		want := client.Properties{Serial: 13, GTC: "A", BLP: "BL", Lists: map[string][]client.Contact{
			"FL": {{"bob@hotmail.com", "Bob"}, {"carol@hotmail.com", "Zoë"}},
			"RL": {{"bob@hotmail.com", "Bob"}, {"carol@hotmail.com", "Zoë"}},
		}}
		if got := c.Properties(); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		must(t, c.Sync(t.Context()))
		if got := c.Properties(); !reflect.DeepEqual(got, want) {
			t.Errorf("after the second SYN: got  %+v\nwant %+v", got, want)
		}
		if e := one[client.ListChange](t,
			l); e != (client.ListChange{List: "RL", Handle: "carol@hotmail.com", Name: "Zoë", Serial: 13}) {
			t.Errorf("event %+v", e)
		}
		if e := one[client.Presence](t, l); e.State != "AWY" || e.First {
			t.Errorf("event %+v", e)
		}
		c.Close()
	})
}

func TestSyncFromCache(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.peer(dsAddr, logonScript+"C: SYN 5 7\nS: SYN 5 7\nEOF")
		o := w.options(&log{})
		o.Cache = &client.Properties{Serial: 7, Lists: map[string][]client.Contact{"FL": {{"bob@hotmail.com", "Bob"}}}}
		c, err := client.Login(t.Context(), o)
		must(t, err)
		must(t, c.Sync(t.Context()))
		if !c.Has("FL", "BOB@hotmail.com") {
			t.Error("the cached list is lost")
		}
		c.Close()
	})
}

func TestListChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		c := w.online(l, `
			C: ADD 5 FL bob@hotmail.com B%C3%B6b
			S: ILN 5 BSY bob@hotmail.com Bob
			S: ADD 5 FL 13 bob@hotmail.com B%C3%B6b
			S: ADD 0 RL 14 bob@hotmail.com Bob
			C: REM 6 FL bob@hotmail.com
			S: REM 6 FL 15 bob@hotmail.com
			S: REM 0 RL 16 bob@hotmail.com
			C: LST 7 AL
			S: LST 7 AL 16 1 2 dave@hotmail.com Dave
			S: LST 7 AL 16 2 2 bob@hotmail.com Bob
			C: BLP 8 AL
			S: 218 8
			C: REA 9 alice@hotmail.com Alice%20:)
			S: REA 9 17 alice@hotmail.com Alice%20:)
			EOF`)
		must(t, c.AddContact(t.Context(), "FL", "bob@hotmail.com", "Böb"))
		if got := c.Contacts("FL"); len(got) != 1 || got[0].Name != "Böb" {
			t.Errorf("FL = %v", got)
		}
		if e := one[client.Presence](t, l); e.State != "BSY" || !e.First {
			t.Errorf("event %+v", e)
		}
		must(t, c.RemoveContact(t.Context(), "FL", "bob@hotmail.com"))
		if c.Has("FL", "bob@hotmail.com") {
			t.Error("bob is still on FL")
		}
		list, err := c.List(t.Context(), "AL")
		must(t, err)
		if len(list) != 2 || list[1].Handle != "bob@hotmail.com" || len(c.Contacts("AL")) != 2 {
			t.Errorf("AL = %v", list)
		}
		wantCode(t, c.SetBLP(t.Context(), "AL"), 218)
		must(t, c.Rename(t.Context(), "Alice :)"))
		if c.Name() != "Alice :)" || c.Serial() != 17 || c.Has("RL", "bob@hotmail.com") {
			t.Errorf("name %q, serial %d, RL %v", c.Name(), c.Serial(), c.Contacts("RL"))
		}
		c.Close()
	})
}

// TestRepliesOutOfOrder: replies in another order find their requests (§5.3). An error that no
// request caused is an event.
func TestRepliesOutOfOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, l := newWorld(t), &log{}
		c := w.online(l, `
			C: CHG 5 NLN
			C: GTC 6 N
			S: 600
			S: GTC 6 2 N
			S: CHG 0 AWY
			S: CHG 5 NLN
			S: XYZ what is this
			EOF`)
		var all sync.WaitGroup
		all.Go(func() {
			if err := c.SetState(t.Context(), "NLN"); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		must(t, c.SetGTC(t.Context(), "N"))
		all.Wait()
		synctest.Wait()
		if c.State() != "NLN" || c.Serial() != 2 {
			t.Errorf("state %s, serial %d", c.State(), c.Serial())
		}
		if e := one[client.StateChange](t, l); e.State != "AWY" {
			t.Errorf("event %+v", e)
		}
		if e := one[client.ServerError](t, l); e.Err.Code != 600 {
			t.Errorf("event %+v", e)
		}
		if e := one[client.Other](t, l); e.Line != "XYZ what is this" {
			t.Errorf("event %+v", e)
		}
		c.Close()
	})
}

// TestContextEnds: a wait ends with its context; a reply that comes later does no harm, and the
// connection goes on.
func TestContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.online(&log{}, `
			C: CHG 5 NLN
			C: CHG 6 BSY
			S: CHG 5 NLN
			S: CHG 6 BSY
			EOF`)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.SetState(ctx, "NLN"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error = %v", err)
		}
		must(t, c.SetState(t.Context(), "BSY"))
		if c.State() != "BSY" {
			t.Errorf("state %s", c.State())
		}
		c.Close()
	})
}

// TestContextEndsWrite: a context also ends a write to a server that reads nothing.
func TestContextEndsWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.online(&log{}, "STALL")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var err error
		for range 400 { // requests of 200 bytes: more than a connection buffers
			short, stop := context.WithTimeout(ctx, time.Millisecond)
			err = c.AddContact(short, "FL", "bob@hotmail.com", string(make([]byte, 60)))
			stop()
			if errors.Is(err, client.ErrClosed) {
				return
			}
		}
		t.Errorf("the write never failed: %v", err)
	})
}

func TestTooManyRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.online(&log{}, "STALL")
		var all sync.WaitGroup
		for range 256 {
			all.Go(func() {
				if err := c.SetState(t.Context(), "NLN"); !errors.Is(err, client.ErrClosed) {
					t.Errorf("error = %v", err)
				}
			})
		}
		synctest.Wait()
		if err := c.SetState(t.Context(), "NLN"); !errors.Is(err, client.ErrBusy) {
			t.Errorf("one more: %v", err)
		}
		c.Close()
		all.Wait()
	})
}

func TestBadArguments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		c := w.online(&log{}, "EOF")
		for _, handle := range []string{"", "bob @hotmail.com", "bob\r\nOUT"} {
			if err := c.AddContact(t.Context(), "FL", handle, "Bob"); err == nil {
				t.Errorf("handle %q was sent", handle)
			}
		}
		c.Close()
	})
}
