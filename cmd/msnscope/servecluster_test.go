package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/client"
)

// nodes are three nodes of a cluster, each a process.
type nodes struct {
	t    testing.TB
	dir  string
	port int
	run  [3]*program
}

// startNodes starts three nodes, and returns when all of them serve.
func startNodes(t testing.TB, users string) *nodes {
	t.Helper()
	n := &nodes{t: t, dir: t.TempDir(), port: freePorts(t, 12)}
	if err := os.WriteFile(filepath.Join(n.dir, "password"), []byte("a long secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range n.run {
		n.start(i, "--user", users)
	}
	for _, p := range n.run {
		p.address()
	}
	return n
}

// at returns an address of node i: 0 for dispatch, 1 for notification, 2 for the switchboard, 3 for
// other nodes.
func (n *nodes) at(i, what int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(n.port+4*i+what))
}

func (n *nodes) data(i int) string { return filepath.Join(n.dir, strconv.Itoa(i)) }

// start starts node i.
func (n *nodes) start(i int, more ...string) {
	n.run[i] = spawn(n.t, nil, append([]string{
		"serve", "--listen", n.at(i, 0), "--cluster", "test", "--node", fmt.Sprint("n", i), "--data", n.data(i),
		"--cluster-listen", n.at(i, 3),
		"--cluster-routes", strings.Join([]string{n.at(0, 3), n.at(1, 3), n.at(2, 3)}, ","),
		"--cluster-password-file", filepath.Join(n.dir, "password"), "--nosync",
	}, more...)...)
}

// member is a user who is signed in, and what happened to it.
type member struct {
	*client.Client
	out      atomic.Int64 // signed off by the server
	moved    atomic.Int64
	received atomic.Int64 // messages

	mu      sync.Mutex
	offline map[string]time.Time // since when others are seen offline
	longest time.Duration        // that anybody was
	state   map[string]string
}

func newMember() *member {
	return &member{offline: map[string]time.Time{}, state: map[string]string{}}
}

// signIn signs a user in at the dispatch server of node i.
func (n *nodes) signIn(ctx context.Context, i int, handle string) *member {
	n.t.Helper()
	m := newMember()
	c, err := client.Login(ctx, client.Options{
		Server: n.at(i, 0), Handle: handle, Password: "secret", OnEvent: m.hear,
	})
	if err != nil {
		n.t.Fatalf("%s at node %d: %v", handle, i, err)
	}
	n.t.Cleanup(c.Close)
	m.Client = c
	return m
}

func (m *member) hear(e client.Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch e := e.(type) {
	case client.Out:
		m.out.Add(1)
	case client.Moved:
		m.moved.Add(1)
	case client.Message:
		if e.Type == "text/plain" {
			m.received.Add(1)
		}
	case client.Left:
		go e.Session.Close() // of two, nobody is left to talk to
	case client.Presence:
		m.state[e.Handle] = e.State
		since, was := m.offline[e.Handle]
		switch {
		case e.State == "FLN" && !was:
			m.offline[e.Handle] = time.Now()
		case e.State != "FLN" && was:
			m.longest = max(m.longest, time.Since(since))
			delete(m.offline, e.Handle)
		}
	}
}

// sees reports which state m last saw another in, "" for none.
func (m *member) sees(handle string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state[handle]
}

// befriend makes a user see others, and puts it online.
func (m *member) befriend(ctx context.Context, t testing.TB, handles ...string) {
	t.Helper()
	if err := m.SetState(ctx, "NLN"); err != nil {
		t.Fatal(err)
	}
	for _, h := range handles {
		if err := m.AddContact(ctx, "FL", h, h); err != nil {
			t.Fatal(err)
		}
	}
}

// chat has a user talk to another in one short conversation after the other until ctx ends, and
// returns how many messages were acknowledged. Calls may fail while one of them is on its way.
func (m *member) chat(ctx context.Context, with string) (sent int64) {
	for ctx.Err() == nil {
		s, err := m.Call(ctx, with)
		if err != nil {
			await, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			<-await.Done()
			cancel()
			continue
		}
		whole := context.WithoutCancel(ctx)
		limit, cancel := context.WithTimeout(whole, patience)
		if s.Await(limit, with) == nil {
			for range 20 {
				if s.Deliver(limit, "hello") != nil {
					break
				}
				sent++
			}
		}
		_ = s.Leave(limit) // a conversation that has ended is left already
		cancel()
	}
	return sent
}

// TestRollingRestart stops each of three nodes in turn, and starts it again, while people talk:
// nobody is signed off, no message is lost, and nobody is seen offline for longer than 2 s.
func TestRollingRestart(t *testing.T) {
	t.Parallel()
	n := startNodes(t, "user{1..6}@example.com:secret")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var handles []string
	for i := range 6 {
		handles = append(handles, fmt.Sprintf("user%d@example.com", i+1))
	}
	var all []*member
	for i, h := range handles {
		all = append(all, n.signIn(ctx, i%3, h))
	}
	for i, m := range all {
		m.befriend(ctx, t, append(append([]string{}, handles[:i]...), handles[i+1:]...)...)
	}
	talk, stop := context.WithCancel(ctx)
	defer stop()
	var talking sync.WaitGroup
	var sent [3]int64
	for i := range 3 {
		talking.Go(func() { sent[i] = all[2*i].chat(talk, handles[2*i+1]) })
	}
	for i := range n.run {
		began := time.Now()
		n.run[i].end(exitOK)
		ended := time.Now()
		n.start(i)
		n.run[i].address()
		t.Logf("node %d stopped within %v and started within %v", i, ended.Sub(began), time.Since(ended))
	}
	stop()
	talking.Wait()
	var moved int64
	for i, m := range all {
		moved += m.moved.Load()
		await(t, "everybody to be seen online again", func() bool {
			for k, h := range handles {
				if k != i && m.sees(h) != "NLN" {
					return false
				}
			}
			return true
		})
		if m.out.Load() > 0 {
			t.Errorf("%s was signed off: %v", handles[i], m.Err())
		}
		if m.longest > 2*time.Second {
			t.Errorf("%s saw somebody offline for %v", handles[i], m.longest)
		}
		if i%2 == 1 {
			await(t, fmt.Sprintf("%s to receive %d messages", handles[i], sent[i/2]), func() bool {
				return m.received.Load() == sent[i/2]
			})
		}
	}
	if moved < 6 || sent[0] == 0 || sent[1] == 0 || sent[2] == 0 {
		t.Errorf("%d users were moved, and %v messages were sent", moved, sent)
	}
	t.Logf("%d users were moved, %v messages were sent", moved, sent)
}

// TestKilledNode kills the node of a user with SIGKILL: whoever watches sees it within 5 s, or 20 s
// where a leader has died too, and it signs in elsewhere.
func TestKilledNode(t *testing.T) {
	t.Parallel()
	n := startNodes(t, "user{1..2}@example.com:secret")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	one := n.signIn(ctx, 0, "user1@example.com")
	one.befriend(ctx, t)
	home := -1
	for i := range n.run {
		for _, addr := range one.Referrals() {
			if addr == n.at(i, 1) {
				home = i
			}
		}
	}
	other := (home + 1) % 3
	var two *member
	if two = n.signIn(ctx, other, "user2@example.com"); two.Referrals()[0] == n.at(home, 1) {
		// both are at home on one node: the second goes elsewhere by itself
		two.Close()
		two = newMember()
		c, err := client.Login(ctx, client.Options{
			Server: n.at(other, 1), Handle: "user2@example.com", Password: "secret", OnEvent: two.hear,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(c.Close)
		two.Client = c
	}
	two.befriend(ctx, t, "user1@example.com")
	await(t, "the friend to be seen", func() bool { return two.sees("user1@example.com") == "NLN" })
	_ = n.run[home].process.Kill()
	killed := time.Now()
	await(t, "the friend to be seen offline", func() bool { return two.sees("user1@example.com") == "FLN" })
	if d := time.Since(killed); d > 20*time.Second {
		t.Errorf("the friend was seen offline only after %v", d)
	} else {
		t.Logf("seen offline after %v", d)
	}
	n.signIn(ctx, other, "user1@example.com").befriend(ctx, t)
	await(t, "the friend to be seen again", func() bool { return two.sees("user1@example.com") == "NLN" })
	if two.out.Load() > 0 {
		t.Error("a user of another node was signed off")
	}
	status := launch(t, "serve", "--status", "--data", n.data(other))
	status.wait(exitOK)
	if text := status.stdout.String(); strings.Count(text, "serves") != 2 {
		t.Errorf("the status says\n%s", text)
	}
}

// TestClusterFlags: what does not fit together is refused before anything is started.
func TestClusterFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("\nsecret"), 0o600); err != nil {
		t.Fatal(err)
	}
	node := "--cluster c --node n --data d --cluster-password-file " + file
	for _, tc := range []struct{ args, want string }{
		{"--node n", "--cluster or --nats is missing"},
		{"--roles ds", "--cluster or --nats is missing"},
		{"--cluster c", "--cluster needs --node too"},
		{"--cluster c --node n --data d", "--cluster needs --cluster-password-file too"},
		{"--nats u", "--nats needs --node too"},
		{"--nats u --node n --data d", "--data is for --cluster"},
		{"--nats u --cluster c", "exclude each other"},
		{node + " --creds x", "--creds is for --nats"},
		{node + " --roles ds,xy", `"xy" is none of ds, ns and sb`},
		{node + " --roles sb,sb", "sb is there twice"},
		{node + " --roles sb --notification 2", "has no notification server"},
		{node + " --db a.db", "--db is for a single server"},
		{node + " --gateway 127.0.0.1:0", "--gateway is for a single server"},
		{node, "its first line is empty"},
		{"--status", "--status needs --data"},
		{"--status --data d --nats u", "--status needs --data"},
	} {
		p := launch(t, append([]string{"serve", "--listen", "127.0.0.1:0"}, strings.Fields(tc.args)...)...)
		p.wait(exitUsage)
		if !strings.Contains(p.stderr.String(), tc.want) {
			t.Errorf("%s: %q lacks %q", tc.args, p.stderr, tc.want)
		}
	}
	p := launch(t, "serve", "--status", "--data", t.TempDir())
	p.wait(exitIO)
	if !strings.Contains(p.stderr.String(), "no node runs with this folder") {
		t.Errorf("the status of nothing: %q", p.stderr)
	}
}
