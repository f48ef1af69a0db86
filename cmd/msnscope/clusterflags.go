package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/server/cluster"
)

// clusterFlags are the flags of a server that is a node of a cluster.
type clusterFlags struct {
	name, node, dir, listen, passwordFile, tls string
	routes                                     []string
	nosync                                     bool
	nats, creds                                string
	roles                                      string
	status                                     bool
}

func (f *clusterFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.roles, "roles", "ds,ns,sb", "what this node of a cluster is: any of ds, ns and sb")
	fs.StringVar(&f.name, "cluster", "",
		"be a node of the cluster `NAME`, whose nodes share all users (docs/CLUSTER.md)")
	fs.StringVar(&f.node, "node", "", "the `NAME` of this node, which no other node has")
	fs.StringVar(&f.dir, "data", "", "the `DIR` in which this node keeps what the cluster stores")
	fs.StringVar(&f.listen, "cluster-listen", "127.0.0.1:6222", "where this node listens for other nodes")
	fs.StringSliceVar(&f.routes, "cluster-routes", nil,
		"the `ADDR,...` of all nodes; without them the cluster has one node")
	fs.StringVar(&f.passwordFile, "cluster-password-file", "",
		"a `FILE` with the password that all nodes have in common")
	fs.StringVar(&f.tls, "cluster-tls", "",
		"`CERT,KEY,CA`: files with this node's certificate and key, and with the authority of all others'; "+
			"required beyond loopback")
	fs.BoolVar(&f.nosync, "nosync", false,
		"do not wait for the disk: faster, but if all nodes lose power at once, what was acknowledged in the last two "+
			"minutes may be lost")
	fs.StringVar(&f.nats, "nats", "", "share users through the NATS servers at this `URL`, in place of --cluster")
	fs.StringVar(&f.creds, "creds", "", "the credentials `FILE` for --nats")
	fs.BoolVar(&f.status, "status", false, "print the state of the cluster that --data or --nats leads to, and end")
}

// asked reports whether the flags ask for a cluster.
func (f *clusterFlags) asked() bool { return f.name != "" || f.nats != "" }

// check reports the first mistake in the flags, as far as it shows without files.
func (f *clusterFlags) check(fs *pflag.FlagSet) error {
	needs := func(flag string, value string) error {
		if value != "" {
			return nil
		}
		with := "cluster"
		if f.nats != "" {
			with = "nats"
		}
		return usage("--%s needs --%s too", with, flag)
	}
	switch {
	case f.status:
		if (f.dir == "") == (f.nats == "") {
			return usage("--status needs --data of a node that runs on this machine, or --nats")
		}
		return nil
	case f.name != "" && f.nats != "":
		return usage("--cluster and --nats exclude each other: NATS runs in this process, or outside of it")
	case f.name != "":
		if fs.Changed("creds") {
			return usage("--creds is for --nats")
		}
		return cmp.Or(needs("node", f.node), needs("data", f.dir), needs("cluster-password-file", f.passwordFile))
	case f.nats != "":
		for _, flag := range []string{"data", "cluster-listen", "cluster-routes", "cluster-tls", "nosync"} {
			if fs.Changed(flag) {
				return usage("--%s is for --cluster: with --nats, NATS runs outside of this process", flag)
			}
		}
		return cmp.Or(needs("node", f.node), needs("cluster-password-file", f.passwordFile))
	}
	for _, flag := range []string{
		"roles", "node", "data", "cluster-listen", "cluster-routes", "cluster-password-file", "cluster-tls", "nosync",
		"creds",
	} {
		if fs.Changed(flag) {
			return usage("--%s is for a node of a cluster: --cluster or --nats is missing", flag)
		}
	}
	return nil
}

// password returns the first line of the password file.
func (f *clusterFlags) password() (string, error) {
	text, err := os.ReadFile(f.passwordFile)
	if err != nil {
		return "", &exitError{exitIO, fmt.Errorf("--cluster-password-file: %w", err), ""}
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimRight(line, "\r"); line == "" {
		return "", usage("--cluster-password-file %s: its first line is empty", f.passwordFile)
	}
	return line, nil
}

// options returns the options of the node that --cluster asks for.
func (f *clusterFlags) options(password string) (o cluster.Options, err error) {
	o = cluster.Options{
		Cluster: f.name, Node: f.node, Dir: f.dir, Listen: f.listen, Routes: f.routes, Password: password,
		NoSync: f.nosync,
	}
	if f.tls == "" {
		return o, nil
	}
	files := strings.Split(f.tls, ",")
	if len(files) != 3 {
		return o, usage("--cluster-tls %q: it must be three files, CERT,KEY,CA", f.tls)
	}
	if o.TLS, err = cluster.LoadTLS(files[0], files[1], files[2]); err != nil {
		return o, &exitError{exitIO, fmt.Errorf("--cluster-tls: %w", err), ""}
	}
	return o, nil
}

// serverRoles returns the roles that --roles names, in the order of their ports. notifications is
// the number of notification servers, of which those after the first come last.
func (f *clusterFlags) serverRoles(notifications int) ([]dialect.Role, error) {
	var roles []dialect.Role
	for _, word := range strings.Split(f.roles, ",") {
		role := dialect.ParseRole(strings.ToUpper(strings.TrimSpace(word)))
		if !role.Known() {
			return nil, usage("--roles %q: %q is none of ds, ns and sb", f.roles, word)
		}
		if slices.Contains(roles, role) {
			return nil, usage("--roles %q: %s is there twice", f.roles, word)
		}
		roles = append(roles, role)
	}
	order := []dialect.Role{dialect.DS, dialect.NS, dialect.SB}
	slices.SortFunc(roles, func(a, b dialect.Role) int {
		return cmp.Compare(slices.Index(order, a), slices.Index(order, b))
	})
	if !slices.Contains(roles, dialect.NS) {
		if notifications > 1 {
			return nil, usage("--notification %d: --roles %s has no notification server", notifications, f.roles)
		}
		return roles, nil
	}
	for range notifications - 1 {
		roles = append(roles, dialect.NS)
	}
	return roles, nil
}

// nodeError gives an error of a cluster its exit code.
func nodeError(err error) error {
	var done *exitError
	if err == nil || errors.As(err, &done) {
		return err
	}
	return &exitError{exitIO, err, ""}
}
