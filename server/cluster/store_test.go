package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/server/accounts"
	"github.com/msnscope/msnscope/server/accounts/accountstest"
)

const (
	alice = "alice@hotmail.com"
	bob   = "bob@hotmail.com"
	carol = "carol@hotmail.com"
)

// openStore opens the accounts of a cluster for the time of the test.
func openStore(t testing.TB, l *Link, o StoreOptions) *Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	o.Secret = password
	s, err := OpenStore(ctx, l, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// openStores opens the accounts on each of the nodes.
func openStores(t testing.TB, nodes []*Node) (all anyNode) {
	t.Helper()
	all.next = new(atomic.Int64)
	for _, n := range nodes {
		all.stores = append(all.stores, openStore(t, n.Link(), StoreOptions{}))
	}
	return all
}

// empty removes all accounts behind the back of the stores.
func empty(t testing.TB, all anyNode) {
	t.Helper()
	for _, s := range all.stores {
		defer s.cache.clear()
	}
	if err := all.stores[0].stream.s.Purge(t.Context(), jetstream.WithPurgeSubject(recordPrefix+"*")); err != nil {
		t.Fatal(err)
	}
}

// anyNode is the accounts of a cluster as clients see them who ask another node each time.
type anyNode struct {
	stores []*Store
	next   *atomic.Int64
}

func (s anyNode) one() *Store { return s.stores[int(s.next.Add(1))%len(s.stores)] }

func (s anyNode) Lookup(ctx context.Context, handle string) (accounts.User, error) {
	return s.one().Lookup(ctx, handle)
}

func (s anyNode) Set(ctx context.Context, owner string, set accounts.Setting, v string) (accounts.Change, error) {
	return s.one().Set(ctx, owner, set, v)
}

func (s anyNode) Add(
	ctx context.Context, owner string, l accounts.List, e accounts.Entry, limit int,
) (accounts.Change, error) {
	return s.one().Add(ctx, owner, l, e, limit)
}

func (s anyNode) Remove(ctx context.Context, owner string, l accounts.List, h string) (accounts.Change, error) {
	return s.one().Remove(ctx, owner, l, h)
}

func (s anyNode) Rename(ctx context.Context, owner, handle, name string) (accounts.Change, error) {
	return s.one().Rename(ctx, owner, handle, name)
}

func (s anyNode) Create(handle, password, name string) error {
	return s.one().Create(handle, password, name)
}

func (s anyNode) SetPassword(ctx context.Context, handle, password string) error {
	return s.one().SetPassword(ctx, handle, password)
}

func (s anyNode) Delete(ctx context.Context, handle string) error { return s.one().Delete(ctx, handle) }

func (s anyNode) Import(ctx context.Context, u accounts.User) error { return s.one().Import(ctx, u) }

func (s anyNode) Handles(ctx context.Context) ([]string, error) { return s.one().Handles(ctx) }

// TestStores runs what every store must do, with one node and with three, of which each call asks
// another.
func TestStores(t *testing.T) {
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d nodes", n), func(t *testing.T) {
			all := openStores(t, startNodes(t, n))
			accountstest.Run(t, func(t *testing.T) accounts.Admin {
				empty(t, all)
				accountstest.Fill(t, all)
				return all
			})
			t.Run("same as in memory", func(t *testing.T) { testSame(t, all) })
		})
	}
}

// testSame compares random operations with those of a store in memory.
func testSame(t *testing.T, all anyNode) {
	rapid.Check(t, func(rt *rapid.T) {
		empty(t, all)
		p := &accountstest.Pair{T: t, Want: new(accounts.Memory), Got: all}
		p.Stored = func(handle string) (accounts.User, error) { return all.Lookup(t.Context(), handle) }
		rt.Repeat(p.Actions())
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func lookup(t testing.TB, s accounts.Store, handle string) accounts.User {
	t.Helper()
	u, err := s.Lookup(t.Context(), handle)
	if err != nil {
		t.Fatalf("Lookup(%s): %v", handle, err)
	}
	return u
}

func TestOpenStoreRefuses(t *testing.T) {
	l := startNodes(t, 1)[0].Link()
	_, err := OpenStore(t.Context(), l, StoreOptions{Secret: password, Existing: true})
	wantError(t, err, "there are no accounts in this cluster yet")
	s := openStore(t, l, StoreOptions{})
	if none, err := s.Empty(t.Context()); !none || err != nil {
		t.Errorf("a new store is empty: %v, %v", none, err)
	}
	accountstest.Fill(t, s)
	if none, err := s.Empty(t.Context()); none || err != nil {
		t.Errorf("a store with accounts is empty: %v, %v", none, err)
	}
	_, err = OpenStore(t.Context(), l, StoreOptions{Secret: "another password"})
	wantError(t, err, "made with another cluster password")
	_, err = s.stream.js.Publish(t.Context(), metaSubject, []byte(`{"schema":2}`))
	must(t, err)
	_, err = OpenStore(t.Context(), l, StoreOptions{Secret: password})
	wantError(t, err, "schema 2; this program knows schemas up to 1")
	must(t, s.stream.js.DeleteStream(t.Context(), streamName))
	_, err = s.stream.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: streamName})
	must(t, err)
	_, err = OpenStore(t.Context(), l, StoreOptions{Secret: password})
	wantError(t, err, "not of this program")
}

func TestClosedStore(t *testing.T) {
	s := openStore(t, startNodes(t, 1)[0].Link(), StoreOptions{})
	must(t, s.Close())
	_, err := s.Lookup(t.Context(), alice)
	wantError(t, err, ErrClosed.Error())
	wantError(t, s.Create(alice, "x", "x"), ErrClosed.Error())
	wantError(t, s.Watch(t.Context(), nil), ErrClosed.Error())
}

// TestAccountsStay restarts a node: what was stored is there, and the next store goes on.
func TestAccountsStay(t *testing.T) {
	o := options(t, 1)[0]
	for i := range 3 {
		n, err := Start(o)
		must(t, err)
		must(t, n.Ready(t.Context()))
		s, err := OpenStore(t.Context(), n.Link(), StoreOptions{Secret: password})
		must(t, err)
		if i == 0 {
			must(t, s.Create(alice, "secret", "A"))
		}
		_, err = s.Set(t.Context(), alice, accounts.Name, fmt.Sprint(i))
		must(t, err)
		if u := lookup(t, s, alice); u.Password != "secret" || u.Serial != i+2 {
			t.Errorf("after start %d the account is %+v", i+1, u)
		}
		must(t, s.Close())
		n.Close()
	}
}

// TestOneDamagedRecord edits a record by hand: its user is refused, and nobody else is.
func TestOneDamagedRecord(t *testing.T) {
	all := openStores(t, startNodes(t, 1))
	s := all.stores[0]
	accountstest.Fill(t, s)
	edit := func(data string) {
		_, err := s.stream.js.Publish(t.Context(), recordSubject(alice), []byte(data))
		must(t, err)
		s.cache.clear() // as after a restart
	}
	for data, want := range map[string]string{
		"":              "the account alice@hotmail.com, subject msn.a.616c69636540686f746d61696c2e636f6d",
		"\x01not zstd":  "the record is damaged",
		"\x02from 2030": "the record has schema 2; this program knows schemas up to 1",
	} {
		edit(data)
		_, err := s.Lookup(t.Context(), alice)
		wantError(t, err, want)
		_, err = s.Add(t.Context(), bob, accounts.Forward, accounts.Entry{Handle: alice}, 150)
		wantError(t, err, want)
		_, err = s.Set(t.Context(), carol, accounts.Name, "x")
		must(t, err)
	}
	handles, err := s.Handles(t.Context())
	if err != nil || len(handles) != 3 {
		t.Errorf("the accounts that can be read are %v, %v", handles, err)
	}
}

// TestTooLarge stores more for one user than a message can have, at the same time as something
// else.
func TestTooLarge(t *testing.T) {
	s := openStore(t, startNodes(t, 1)[0].Link(), StoreOptions{})
	accountstest.Fill(t, s)
	more := make([]byte, 2<<20)
	_, _ = rand.Read(more)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if i == 10 {
				_, err := s.Set(t.Context(), alice, accounts.More, string(more))
				wantError(t, err, "the record of alice@hotmail.com would have 2097")
				return
			}
			_, err := s.Set(t.Context(), bob, accounts.Name, "x")
			must(t, err)
		})
	}
	wg.Wait()
	if a, b := lookup(t, s, alice).Serial, lookup(t, s, bob).Serial; a != 1 || b != 20 {
		t.Errorf("the serials are %d and %d, want 1 and 20", a, b)
	}
}

// TestDeleteOfManysContact deletes an account that is on more lists than one batch can change.
func TestDeleteOfManysContact(t *testing.T) {
	s := openStore(t, startNodes(t, 1)[0].Link(), StoreOptions{})
	must(t, s.Create(alice, "x", "A"))
	const n = maxBatch + 100
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			h := fmt.Sprintf("u%d@x.com", i)
			must(t, s.Create(h, "x", "x"))
			_, err := s.Add(t.Context(), h, accounts.Block, accounts.Entry{Handle: alice}, 1)
			must(t, err)
		})
	}
	wg.Wait()
	must(t, s.Delete(t.Context(), alice))
	for i := range n {
		if u := lookup(t, s, fmt.Sprintf("u%d@x.com", i)); len(u.Lists[accounts.Block]) > 0 || u.Serial != 3 {
			t.Fatalf("the account is %+v", u)
		}
	}
}

// TestSameName has two servers of one name write at once: neither loses a change, and somebody is
// told.
func TestSameName(t *testing.T) {
	l := startNodes(t, 1)[0].Link()
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	a, b := openStore(t, l, StoreOptions{Log: log}), openStore(t, l, StoreOptions{})
	accountstest.Fill(t, b)
	for range 5 {
		for _, s := range []*Store{a, b} {
			_, err := s.Set(t.Context(), alice, accounts.Name, "x")
			must(t, err)
		}
	}
	if u := lookup(t, a, alice); u.Serial != 11 {
		t.Errorf("the serial is %d, want 11", u.Serial)
	}
	must(t, a.Close()) // nothing is logged afterwards
	if !strings.Contains(out.String(), "another server has this one's name") {
		t.Errorf("the log is %q", out.String())
	}
}

// deaf passes bytes on between a client and a server; while it is locked, the server's bytes wait.
type deaf struct {
	sync.RWMutex
	commits chan struct{} // a value for each batch of the client's
}

// listen returns an address that leads to addr.
func (d *deaf) listen(t *testing.T, addr string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", addr)
			if err != nil {
				return
			}
			go d.pass(client, server, func(b []byte) {
				for range bytes.Count(b, []byte("Nats-Batch-Commit")) {
					d.commits <- struct{}{}
				}
			})
			go d.pass(server, client, func([]byte) {
				d.RLock()
				defer d.RUnlock()
			})
		}
	}()
	return l.Addr().String()
}

func (d *deaf) pass(from, to net.Conn, see func([]byte)) {
	defer to.Close()
	b := make([]byte, 64<<10)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		see(b[:n])
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}

// openFar opens the accounts through a connection whose answers the test can hold back.
func openFar(t *testing.T, n *Node) (*Store, *deaf) {
	t.Helper()
	c, err := readContact(n.o.Dir)
	must(t, err)
	d := &deaf{commits: make(chan struct{}, 1000)}
	addr := d.listen(t, strings.TrimPrefix(c.URL, "nats://"))
	conn, err := nats.Connect("nats://"+addr, append(clientOptions("far"), nats.UserInfo(user, c.Token))...)
	must(t, err)
	t.Cleanup(conn.Close)
	return openStore(t, &Link{Conn: conn, Node: "far", Replicas: 1}, StoreOptions{}), d
}

// TestLostAnswers holds the answers to changes back until the store has tried twice: each change is
// made once, and succeeds.
func TestLostAnswers(t *testing.T) {
	n := startNodes(t, 1)[0]
	near := openStore(t, n.Link(), StoreOptions{})
	accountstest.Fill(t, near)
	far, d := openFar(t, n)
	for i, handle := range []string{alice, bob, carol} {
		lookup(t, far, alice) // so that it begins with a batch
		lookup(t, far, handle)
		d.Lock()
		for len(d.commits) > 0 {
			<-d.commits
		}
		done := make(chan error, 1)
		go func() {
			e := accounts.Entry{Handle: handle}
			c, err := far.Add(t.Context(), alice, accounts.Forward, e, 150)
			if err == nil && len(c.After.Lists[accounts.Forward]) != i+1 {
				err = fmt.Errorf("the change is %+v", c)
			}
			done <- err
		}()
		for range 2 { // then the first answer has come too late
			select {
			case <-d.commits:
			case err := <-done:
				t.Fatal(err)
			}
		}
		d.Unlock()
		if err := <-done; err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if u := lookup(t, near, alice); u.Serial != 5 { // one change more for having added oneself
		t.Errorf("the serial is %d, want 5", u.Serial)
	}
}

// TestNothingOutOfDate holds back what a store hears. A change elsewhere is acknowledged once that
// store can no longer answer what was before.
func TestNothingOutOfDate(t *testing.T) {
	n := startNodes(t, 1)[0]
	near := openStore(t, n.Link(), StoreOptions{})
	accountstest.Fill(t, near)
	far, d := openFar(t, n)
	for lookup(t, far, alice); !far.lease.trusts(); {
		lookup(t, far, alice)
	}
	d.Lock()
	begin := time.Now()
	_, err := near.Set(t.Context(), alice, accounts.Name, "new")
	must(t, err)
	if took := time.Since(begin); took < lease {
		t.Errorf("the change took %v; the other store may have answered what was before for %v", took, lease)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if u, err := far.Lookup(ctx, alice); err == nil {
		t.Errorf("cut off, the store has %+v", u)
	}
	begin = time.Now()
	_, err = near.Set(t.Context(), alice, accounts.Name, "newer")
	must(t, err)
	if took := time.Since(begin); took > lease {
		t.Errorf("the next change took %v", took)
	}
	d.Unlock()
	if u := lookup(t, far, alice); u.FriendlyName != "newer" {
		t.Errorf("connected again, the store has %+v", u)
	}
}
