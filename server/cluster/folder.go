package cluster

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// These are the files in a node's folder beside what NATS stores there. Only their owner may read
// them.
const (
	identityFile = "node.json"  // whose folder this is
	contactFile  = "local.json" // how programs of this machine reach the node, while it runs
	lockFile     = "lock"       // locked while the node runs
)

// identity says whose a folder is.
type identity struct {
	Cluster string `json:"cluster"`
	Node    string `json:"node"`
	Routed  bool   `json:"routed"` // whether it is one of several nodes
}

// contact is what a program of the same machine needs to reach a node.
type contact struct {
	URL      string `json:"url"`
	Token    string `json:"token"`
	Password string `json:"password"` // of the cluster
}

// folder is a node's folder, in use by this process.
type folder struct {
	dir  string
	lock *os.File
}

// claim makes the folder if it is not there and takes it for this process. It fails where another
// process has it, or where it is another node's.
func claim(dir string, id identity) (*folder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f := &folder{dir, lock}
	if err := lockWhole(lock); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("%s: another node runs with this folder (%w)", dir, err)
	}
	if err := f.identify(id); err != nil {
		f.release()
		return nil, err
	}
	return f, nil
}

// identify checks that the folder is id's, and makes a new one so.
func (f *folder) identify(id identity) error {
	var was identity
	err := readJSON(filepath.Join(f.dir, identityFile), &was)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return writeJSON(filepath.Join(f.dir, identityFile), id)
	case err != nil:
		return err
	case was.Cluster != id.Cluster:
		return fmt.Errorf("%s: the folder is of cluster %s, not of %s: name another folder, or that cluster", f.dir,
			was.Cluster, id.Cluster)
	case was.Node != id.Node:
		return fmt.Errorf("%s: the folder is of node %s, not of %s: name another folder, or that node", f.dir,
			was.Node, id.Node)
	case was.Routed != id.Routed:
		return fmt.Errorf("%s: a cluster of one node cannot become one of several in place, nor the other way round: "+
			"export its accounts, and import them into a new one", f.dir)
	}
	return nil
}

// publish tells other programs of this machine how to reach the node.
func (f *folder) publish(c contact) error { return writeJSON(filepath.Join(f.dir, contactFile), c) }

// release gives the folder up.
func (f *folder) release() {
	_ = os.Remove(filepath.Join(f.dir, contactFile)) // may not be there
	_ = f.lock.Close()                               // which unlocks it
}

// readContact returns how to reach the node that runs with the folder.
func readContact(dir string) (c contact, err error) {
	err = readJSON(filepath.Join(dir, contactFile), &c)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s: no node runs with this folder", dir)
	}
	return c, err
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeJSON writes a file that only its owner may read. The file is whole or not there.
func writeJSON(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // readable by its owner only
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone after the rename
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// LoadTLS returns the configuration with which nodes prove to each other who they are: cert and key
// are files of this node, ca has the certificates of those who sign for the nodes, all PEM.
func LoadTLS(cert, key, ca string) (*tls.Config, error) {
	own, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("the node's certificate: %w", err)
	}
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s: there is no certificate in this file", ca)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{own}, RootCAs: pool, ClientCAs: pool,
		ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
	}, nil
}
