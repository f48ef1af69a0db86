package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/server/accounts"
	"github.com/msnscope/msnscope/server/cluster"
)

const clusterPassword = "the cluster's password"

// startCluster starts a cluster of one node for the time of the test, and returns the node's
// folder.
func startCluster(t *testing.T) (dir string, s *cluster.Store) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "node")
	n, err := cluster.Start(cluster.Options{
		Cluster: "test", Node: "n1", Dir: dir, Password: clusterPassword, NoSync: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	if s, err = cluster.OpenStore(t.Context(), n.Link(), cluster.StoreOptions{Secret: clusterPassword}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return dir, s
}

// TestAccountsOfACluster runs the verbs on a node of this machine.
func TestAccountsOfACluster(t *testing.T) {
	dir, s := startCluster(t)
	on := func(args ...string) []string { return append(args, "--data", dir) }
	verb(t, exitOK, on("add", "alice@x.com", "bob@x.com", "--password", "secret")...)
	verb(t, exitOK, on("lists", "add", "alice@x.com", "FL", "bob@x.com")...)
	verb(t, exitOK, on("passwd", "bob@x.com", "--password", "other")...)
	bob, err := s.Lookup(t.Context(), "bob@x.com")
	if err != nil || bob.Password != "other" || !bob.Has(accounts.Reverse, "alice@x.com") {
		t.Errorf("the server has %+v, %v", bob, err)
	}
	verb(t, exitOK, on("remove", "bob@x.com")...)
	p := launch(t, append([]string{"accounts"}, on("list")...)...)
	p.wait(exitOK)
	if out := p.stdout.String(); !strings.Contains(out, "alice@x.com  alice  3") || strings.Contains(out, "bob") {
		t.Errorf("the list is\n%s", out)
	}
	if said := verb(t, exitDiffers, on("kick", "alice@x.com")...); !strings.Contains(said, "no running server") {
		t.Errorf("kick said %s", said)
	}
}

// TestExportAndImport moves accounts from a database to a cluster and back: nothing changes.
func TestExportAndImport(t *testing.T) {
	dir, _ := startCluster(t)
	tmp := t.TempDir()
	one, two := filepath.Join(tmp, "one.db"), filepath.Join(tmp, "two.db")
	db, err := accounts.Open(one, accounts.OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	u := accounts.User{
		Handle: "Alice@x.com", Password: "\xff", FriendlyName: "\xffAl%20ice", GTC: "N", BLP: "BL", More: "a\nb",
		Serial: 9,
	}
	u.Lists[accounts.Forward] = []accounts.Entry{{Handle: "c@x.com", Name: "<C>"}, {Handle: "b@x.com"}}
	u.Lists[accounts.Block] = []accounts.Entry{{Handle: "b@x.com", Name: "B\xfe"}}
	if err := db.Import(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	for i := range 600 { // more than are read at a time
		if err := db.Create(fmt.Sprintf("u%d@x.com", i), "x", "x"); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	var files [3]string
	name := func(i int) string { return filepath.Join(tmp, fmt.Sprintf("%d.jsonl", i)) }
	for i, where := range [][]string{{"--db", one}, {"--data", dir}, {"--db", two}} {
		file := name(i)
		if i > 0 {
			verb(t, exitOK, append([]string{"import", name(i - 1)}, where...)...)
		}
		verb(t, exitOK, append([]string{"export", "-o", file}, where...)...)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		files[i] = string(b)
	}
	if files[0] != files[1] || files[1] != files[2] || strings.Count(files[0], "\n") != 601 {
		t.Errorf("the exports differ, or have %d lines", strings.Count(files[0], "\n"))
	}
	if info, err := os.Stat(name(0)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the export is %v, %v; only its owner may read it", info.Mode(), err)
	}
}
