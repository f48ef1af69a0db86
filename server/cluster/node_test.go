package cluster

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const password = "the cluster's password"

// options returns the options for node i of n, which listen on 127.0.0.1.
func options(t testing.TB, n int) []Options {
	t.Helper()
	all := make([]Options, n)
	dir := t.TempDir()
	var addrs []string
	for range n { // each port is free until its node listens
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		addrs = append(addrs, l.Addr().String())
	}
	for i := range all {
		name := fmt.Sprintf("n%d", i+1)
		all[i] = Options{
			Cluster: "test", Node: name, Dir: filepath.Join(dir, name), Password: password, NoSync: true,
			Log: slog.New(slog.DiscardHandler),
		}
		if n > 1 {
			all[i].Listen, all[i].Routes = addrs[i], addrs
		}
	}
	return all
}

// startNode starts a node for the time of the test.
func startNode(t testing.TB, o Options) *Node {
	t.Helper()
	n, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	return n
}

// startNodes starts n nodes of one cluster for the time of the test, and returns when they can
// store.
func startNodes(t testing.TB, n int) []*Node {
	t.Helper()
	var all []*Node
	for _, o := range options(t, n) {
		all = append(all, startNode(t, o))
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, node := range all {
		if err := node.Ready(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// wantError fails the test unless err contains the words.
func wantError(t *testing.T, err error, words string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("got the error %v, want one with %q", err, words)
	}
}

func TestThreeNodes(t *testing.T) {
	for _, n := range startNodes(t, 3) {
		if connected, all := n.Routes(); connected != 2 || all != 2 {
			t.Errorf("%d of %d other nodes are connected", connected, all)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for words, change := range map[string]func(*Options){
		"cluster's name":           func(o *Options) { o.Cluster = "a b" },
		"node's name":              func(o *Options) { o.Node = "" },
		"folder":                   func(o *Options) { o.Dir = "" },
		"at least 8":               func(o *Options) { o.Password = "short" },
		"need certificates":        func(o *Options) { o.Listen = "0.0.0.0:6222" },
		"1 other nodes":            func(o *Options) { o.Routes = o.Routes[:2] },
		"missing port":             func(o *Options) { o.Listen = "127.0.0.1" },
		"address of another node:": func(o *Options) { o.Routes = []string{"x", "y", "z"} },
	} {
		o := options(t, 3)[0]
		change(&o)
		_, err := Start(o)
		wantError(t, err, words)
	}
}

func TestFolderIsChecked(t *testing.T) {
	o := options(t, 1)[0]
	n := startNode(t, o)
	_, err := Start(o)
	wantError(t, err, "another node runs with this folder")
	n.Close()
	for words, change := range map[string]func(*Options){
		"is of cluster test": func(o *Options) { o.Cluster = "other" },
		"is of node n1":      func(o *Options) { o.Node = "other" },
		"export its accounts": func(o *Options) {
			o.Listen, o.Routes = "127.0.0.1:0", []string{"127.0.0.1:1", "127.0.0.1:2"}
		},
	} {
		changed := o
		change(&changed)
		_, err := Start(changed)
		wantError(t, err, words)
	}
}

// alone expects that a node which o starts does not become ready, for a reason with the words.
func alone(t *testing.T, o Options, words string) {
	t.Helper()
	n := startNode(t, o)
	deadline := time.Now().Add(20 * time.Second)
	for {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		err := n.Ready(ctx)
		cancel()
		if err == nil {
			t.Fatal("the node is ready")
		}
		if strings.Contains(err.Error(), words) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("got the error %v, want one with %q", err, words)
		}
	}
}

func TestNoMajority(t *testing.T) {
	alone(t, options(t, 3)[0], "no majority of cluster test answers: node n1 reaches 0 of 2 other nodes")
}

func TestStrangers(t *testing.T) {
	all := options(t, 3)
	startNode(t, all[0])
	t.Run("another password", func(t *testing.T) {
		o := all[1]
		o.Password, o.Dir = "a stranger's password", t.TempDir()
		alone(t, o, "does not accept the cluster's password")
	})
	t.Run("the same name", func(t *testing.T) {
		o := all[1]
		o.Node, o.Dir = all[0].Node, t.TempDir()
		alone(t, o, "another node has this node's name")
	})
}
