package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/script"
	"github.com/msnscope/msnscope/server"
	"github.com/msnscope/msnscope/server/cluster"
)

const (
	// quorumWord is how often a node that waits for others says what is missing.
	quorumWord = 10 * time.Second
	// leaderTime is how long one command may take in a cluster: longer than a change waits for a
	// new leader.
	leaderTime = 21 * time.Second
	// leaveTime is how long a node that is to stop waits for its conversations to end, and for its
	// users to go where they are sent.
	leaveTime = time.Minute
	// loneTime is how long somebody may be alone in a conversation then.
	loneTime = 3 * time.Second
)

// membership is what makes a server a node of a cluster. A nil *membership is for one that is none.
type membership struct {
	node  *cluster.Node // nil where NATS runs outside
	link  *cluster.Link
	store *cluster.Store
	hub   *cluster.Hub
	log   *slog.Logger
}

// join starts the node, or connects to NATS outside, and opens the accounts of the cluster. Until a
// majority of the nodes has come it waits, and says so. It returns nil where the flags ask for no
// cluster.
func (f *clusterFlags) join(ctx context.Context, e *env, log *slog.Logger) (m *membership, err error) {
	if !f.asked() {
		return nil, nil
	}
	password, err := f.password()
	if err != nil {
		return nil, err
	}
	m = &membership{log: log}
	if f.nats != "" {
		m.link, err = cluster.Connect(f.nats, f.creds, f.node)
	} else {
		err = m.start(ctx, e, f, password)
	}
	if err == nil {
		m.store, err = cluster.OpenStore(ctx, m.link, cluster.StoreOptions{Secret: password, Log: log})
	}
	if err != nil {
		m.close()
		return nil, nodeError(err)
	}
	return m, nil
}

// fits reports what a server that is a node of a cluster cannot have.
func (f *serverFlags) fits(gateway string, scripts *script.Set, roles []dialect.Role) error {
	switch {
	case !f.cluster.asked():
		return nil
	case f.db != "":
		return usage("--db is for a single server: the nodes of a cluster keep the accounts themselves")
	case gateway != "":
		return usage("--gateway is for a single server: a client over HTTP cannot be sent to another node")
	case scripts != nil && len(scripts.Bots()) > 0 && !slices.Contains(roles, dialect.NS):
		return usage("--script: its bots need a notification server here, ns among the --roles")
	}
	return nil
}

// start starts a node and waits until the cluster has a leader.
func (m *membership) start(ctx context.Context, e *env, f *clusterFlags, password string) error {
	o, err := f.options(password)
	if err != nil {
		return err
	}
	o.Log = m.log
	if m.node, err = cluster.Start(o); err != nil {
		return err
	}
	m.link = m.node.Link()
	if at := m.node.Addr(); at != nil {
		e.say("node %s of the cluster %s on %s", f.node, f.name, at)
	}
	for {
		word, cancel := context.WithTimeout(ctx, quorumWord)
		err := m.node.Ready(word)
		cancel()
		switch {
		case err == nil:
			return nil
		case ctx.Err() != nil:
			return err
		}
		m.log.Warn("waiting for other nodes", "why", err)
	}
}

// connect makes the server that o is for a part of the cluster.
func (m *membership) connect(ctx context.Context, o *server.Options, roles serverAddrs) (err error) {
	if m == nil {
		return nil
	}
	m.hub, err = cluster.OpenHub(ctx, cluster.HubOptions{
		Link: m.link, Store: m.store, Log: m.log,
		Dispatch: roles.dispatch, Notification: roles.notification, Switchboard: roles.switchboard,
	})
	if err == nil {
		err = m.hub.Ready(ctx)
	}
	o.Hub, o.Placement, o.StoreTimeout = m.hub, m.hub, leaderTime
	return nodeError(err)
}

// count tells the cluster how busy the switchboard of this node is.
func (m *membership) count(srv *server.Server) {
	if m != nil {
		m.hub.Count(func() int { return srv.Stats().Switchboards })
	}
}

// leave sends the users of this node to others, if there are any, and waits until they have gone
// and the conversations here have ended.
func (m *membership) leave(e *env, srv *server.Server) {
	if m == nil {
		return
	}
	m.hub.Leave()
	moved := srv.Leave()
	if here := srv.Stats(); moved == 0 && here.Users > 0 || here.Users+here.Switchboards == 0 {
		return // there is nowhere to go, or nobody who could
	}
	e.say("%d users were sent to other nodes; waiting for conversations to end, a minute at most", moved)
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for late := time.After(leaveTime); srv.EndLonely(loneTime)+srv.Stats().Users > 0; {
		select {
		case <-t.C:
		case <-late:
			return
		}
	}
}

// close leaves the cluster.
func (m *membership) close() {
	if m == nil {
		return
	}
	if m.hub != nil {
		_ = m.hub.Close()
	}
	if m.store != nil {
		if err := m.store.Close(); err != nil {
			m.log.Error("the accounts of the cluster could not be closed", "err", err)
		}
	}
	switch {
	case m.node != nil:
		m.node.Close()
	case m.link != nil:
		m.link.Conn.Close()
	}
}

// printStatus prints the state of the cluster that the flags lead to.
func (f *clusterFlags) printStatus(ctx context.Context, e *env) (err error) {
	var link *cluster.Link
	if f.nats != "" {
		link, err = cluster.Connect(f.nats, f.creds, "status")
	} else {
		link, _, err = cluster.Attach(f.dir)
	}
	if err != nil {
		return nodeError(err)
	}
	defer link.Conn.Close()
	s, err := cluster.ReadStatus(ctx, link)
	if err != nil {
		return nodeError(err)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NODE\tROLES\tUSERS\tCONVERSATIONS\tHEARS\tSTATE")
	silent := map[string]bool{}
	for _, n := range s.Nodes {
		var hears []string
		for _, other := range slices.Sorted(maps.Keys(n.Heard)) {
			hears = append(hears, fmt.Sprintf("%s %.1fs ago", other, n.Heard[other].Seconds()))
			silent[other] = true
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%s\n", n.Node, rolesOf(&n), n.Users, n.Sessions,
			strings.Join(hears, ", "), stateOf(&n))
	}
	for _, n := range s.Nodes {
		delete(silent, n.Node)
	}
	for _, name := range slices.Sorted(maps.Keys(silent)) {
		fmt.Fprintf(w, "%s\t\t\t\t\tdoes not answer\n", name)
	}
	fmt.Fprintln(w, "\nSTREAM\tLEADER\tRECORDS\tBEHIND")
	for _, x := range s.Streams {
		var behind []string
		for _, node := range slices.Sorted(maps.Keys(x.Lag)) {
			behind = append(behind, fmt.Sprintf("%s by %d", node, x.Lag[node]))
		}
		leader := x.Leader
		if leader == "" {
			leader = "none"
		}
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\n", x.Name, leader, x.Records, strings.Join(behind, ", "))
	}
	err = w.Flush()
	if len(s.Nodes) == 0 {
		err = errors.Join(err, errors.New("no node answers"))
	}
	return nodeError(err)
}

// rolesOf returns the roles of a node as --roles has them.
func rolesOf(n *cluster.NodeStatus) string {
	var roles []string
	for role, has := range map[string]bool{
		"ds": n.Dispatch != "", "ns": len(n.Notification) > 0, "sb": n.Switchboard != "",
	} {
		if has {
			roles = append(roles, role)
		}
	}
	slices.Sort(roles)
	return strings.Join(roles, ",")
}

// stateOf returns in words whether a node does its work.
func stateOf(n *cluster.NodeStatus) string {
	switch {
	case !n.InTouch:
		return "out of touch with the majority"
	case n.Leaving:
		return "leaving"
	}
	return "serves"
}
