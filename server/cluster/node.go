package cluster

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	// user is the user name of routes and clients; the secret is the password.
	user = "msnscope"
	// startTime is how long a node may take to listen. Opening a large data directory takes
	// seconds.
	startTime = 30 * time.Second
	// routePing and routePings end a route whose other end was stopped, or whose cable was cut,
	// after two to three seconds; by default that takes a minute.
	routePing  = time.Second
	routePings = 2
	// maxNodes is how many nodes a cluster may have. Each node has a connection to every other.
	maxNodes = 64
)

// MinPassword is the length of the shortest cluster password in bytes.
const MinPassword = 8

// Options configure a [Node].
type Options struct {
	// Cluster and Node are names of letters, digits, - and _. Each node of a cluster has a name of
	// its own, which it keeps for as long as it keeps its folder.
	Cluster, Node string
	// Dir is the folder in which the node keeps what it stores. It is made if it is not there.
	Dir string
	// Listen is the host:port for other nodes; port 0 takes a free one. It must be an address of
	// loopback unless there is TLS. A node without Routes listens for nobody.
	Listen string
	// Routes are the addresses of the other nodes, host:port: none, or at least two. The node's own
	// address may be among them and is left out.
	Routes []string
	// Password is what the nodes of a cluster have in common. It also protects the accounts'
	// passwords; see [OpenStore].
	Password string
	// TLS protects the routes, nil for none: see [LoadTLS].
	TLS *tls.Config
	// NoSync acknowledges a change once a majority has it in memory, before it is on disk: what was
	// acknowledged in the last two minutes may be lost where the power of a majority fails at once.
	NoSync bool
	// Log receives what an operator needs to know; nil discards it.
	Log *slog.Logger

	advertise string // what other nodes tell each other of this one's address; "" for Listen
}

// Node is a NATS server in this process. The caller must call Close in the end. All methods are
// safe for concurrent use.
type Node struct {
	o      Options
	server *natsserver.Server
	conn   *nats.Conn
	log    *natsLog
	folder *folder
}

// Start starts a node and returns when it listens, whether or not other nodes can be reached: see
// [Node.Ready].
func Start(o Options) (*Node, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.check(); err != nil {
		return nil, err
	}
	f, err := claim(o.Dir, identity{o.Cluster, o.Node, len(o.Routes) > 0})
	if err != nil {
		return nil, err
	}
	n := &Node{o: o, folder: f, log: &natsLog{log: o.Log}}
	if err := n.start(); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

// start runs the server and connects to it.
func (n *Node) start() (err error) {
	token := rand.Text()
	o := n.o.natsOptions(token)
	if n.server, err = natsserver.NewServer(o); err != nil {
		return fmt.Errorf("node %s: %w", n.o.Node, err)
	}
	n.server.SetLoggerV2(n.log, false, false, false)
	go n.server.Start()
	ready := n.server.ReadyForConnections(startTime)
	if err := n.log.fatal(); err != nil {
		return fmt.Errorf("node %s: %w", n.o.Node, err)
	}
	if !ready {
		return fmt.Errorf("node %s does not listen after %v", n.o.Node, startTime)
	}
	n.conn, err = nats.Connect("", append(clientOptions(n.o.Node), nats.InProcessServer(n.server),
		nats.UserInfo(user, token))...)
	if err != nil {
		return fmt.Errorf("node %s: %w", n.o.Node, err)
	}
	return n.folder.publish(contact{n.server.ClientURL(), token, n.o.Password})
}

// Link returns the node's own connection. It ends with the node.
func (n *Node) Link() *Link {
	replicas := 1
	if len(n.o.Routes) > 0 {
		replicas = 3
	}
	return &Link{Conn: n.conn, Node: n.o.Node, Replicas: replicas, Size: len(n.o.Routes) + 1}
}

// Addr returns the address at which the node listens for others, nil if it does not.
func (n *Node) Addr() net.Addr {
	if a := n.server.ClusterAddr(); a != nil {
		return a
	}
	return nil
}

// Routes returns how many of the other nodes that Options name are connected, and how many there
// are.
func (n *Node) Routes() (connected, all int) {
	names := map[string]bool{}
	if z, err := n.server.Routez(nil); err == nil {
		for _, r := range z.Routes {
			names[r.RemoteName] = true
		}
	}
	return len(names), len(n.o.Routes)
}

// Ready waits until a majority of the nodes has chosen a leader, so that something can be stored.
// The error, when ctx ends first, says what is in the way if that is known.
func (n *Node) Ready(ctx context.Context) error {
	for {
		if n.Link().alive(ctx) {
			return nil
		}
		if !pause(ctx, 50*time.Millisecond) {
			return n.unready()
		}
	}
}

// unready returns the error of Ready.
func (n *Node) unready() error {
	connected, all := n.Routes()
	err := fmt.Errorf("no majority of cluster %s answers: node %s reaches %d of %d other nodes", n.o.Cluster,
		n.o.Node, connected, all)
	if trouble := n.log.trouble(); trouble != "" {
		err = fmt.Errorf("%w; %s", err, trouble)
	}
	return err
}

// Close leaves the cluster and stops the node. What it leads goes to other nodes first.
func (n *Node) Close() {
	if n.conn != nil {
		n.conn.Close()
	}
	if n.server != nil {
		n.server.Shutdown()
		n.server.WaitForShutdown()
	}
	n.folder.release()
}

// check reports the first mistake in the options, and leaves the node's own address out of Routes.
func (o *Options) check() error {
	switch {
	case !isName(o.Cluster):
		return fmt.Errorf("the cluster's name %q must be 1 to 32 letters, digits, - or _", o.Cluster)
	case !isName(o.Node):
		return fmt.Errorf("the node's name %q must be 1 to 32 letters, digits, - or _", o.Node)
	case o.Dir == "":
		return errors.New("the node needs a folder for its data")
	case len(o.Password) < MinPassword:
		return fmt.Errorf("the cluster's password has %d bytes; it must have at least %d", len(o.Password), MinPassword)
	case len(o.Routes) == 0:
		return nil
	}
	host, port, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return fmt.Errorf("the node's address: %w", err)
	}
	if ip, err := netip.ParseAddr(host); o.TLS == nil && host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return fmt.Errorf("the node's address %s is not one of loopback: beyond it, nodes need certificates", o.Listen)
	}
	var others []string
	for _, r := range o.Routes {
		h, p, err := net.SplitHostPort(r)
		if err != nil {
			return fmt.Errorf("the address of another node: %w", err)
		}
		if p != port || !isHere(h, host) {
			others = append(others, r)
		}
	}
	if o.Routes = others; len(others) < 2 || len(others) >= maxNodes {
		return fmt.Errorf("the node has %d other nodes to connect to; a cluster of one has none, any other at least 2 "+
			"and at most %d: with two nodes, both would have to run", len(others), maxNodes-1)
	}
	return nil
}

// isName reports whether s can be a name in subjects, files and addresses.
func isName(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

// isHere reports whether host is the one that this node listens on, own, or one of this machine's
// addresses where it listens on all.
func isHere(host, own string) bool {
	if host == own {
		return true
	}
	ips, _ := net.LookupIP(host) // a name that is not known yet is another machine's
	mine, _ := net.LookupIP(own)
	for _, m := range mine {
		for _, ip := range ips {
			if ip.Equal(m) || m.IsUnspecified() && isLocal(ip) {
				return true
			}
		}
	}
	return false
}

// isLocal reports whether ip is an address of this machine.
func isLocal(ip net.IP) bool {
	all, _ := net.InterfaceAddrs()
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.Equal(ip) {
			return true
		}
	}
	return false
}

// natsOptions returns the options for the NATS server, whose clients give the token. Clients come
// from this machine only: they are the accounts verbs.
func (o *Options) natsOptions(token string) *natsserver.Options {
	n := &natsserver.Options{
		ServerName: o.Node, Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, Username: user, Password: token,
		JetStream: true, StoreDir: o.Dir, SyncAlways: !o.NoSync, DisableJetStreamBanner: true,
		NoSigs: true, NoLog: true,
	}
	if len(o.Routes) == 0 {
		return n
	}
	host, port, _ := net.SplitHostPort(o.Listen) // checked
	number, _ := strconv.Atoi(port)
	if number == 0 {
		number = natsserver.RANDOM_PORT
	}
	n.Cluster = natsserver.ClusterOpts{
		Name: o.Cluster, Host: host, Port: number, Username: user, Password: o.Password, NoAdvertise: true,
		Advertise: o.advertise, PingInterval: routePing, MaxPingsOut: routePings,
		TLSConfig: o.TLS, TLSTimeout: 5, AuthTimeout: 5,
	}
	for _, r := range o.Routes {
		n.Routes = append(n.Routes, &url.URL{Scheme: "nats-route", Host: r, User: url.UserPassword(user, o.Password)})
	}
	return n
}
