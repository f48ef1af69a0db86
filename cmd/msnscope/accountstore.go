package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/msnscope/msnscope/server/accounts"
	"github.com/msnscope/msnscope/server/cluster"
)

// storeTime is how long a verb waits for a majority of a cluster.
const storeTime = 20 * time.Second

// accountStore is where the accounts verbs find accounts: a database, or a cluster.
type accountStore interface {
	accounts.Admin
	Import(ctx context.Context, u accounts.User) error
	Tell(ctx context.Context, n accounts.News) error
	io.Closer
}

// storeFlags name the accounts to work on: exactly one of db, data and nats.
type storeFlags struct{ db, data, nats, creds, password string }

func (f *storeFlags) add(fs *pflag.FlagSet) {
	fs.StringVar(&f.db, "db", "", "the database, a SQLite `FILE`")
	fs.StringVar(&f.data, "data", "", "the folder of a cluster's node that runs on this machine, `DIR`")
	fs.StringVar(&f.nats, "nats", "", "the NATS servers that a cluster uses, `URL`")
	fs.StringVar(&f.creds, "creds", "", "credentials for --nats, `FILE`")
	fs.StringVar(&f.password, "cluster-password-file", "", "with --nats, the `FILE` with the cluster's password")
}

// open opens the accounts. Unless existing is set, it creates a database that is not there.
func (f *storeFlags) open(ctx context.Context, existing bool) (accountStore, error) {
	named := 0
	for _, v := range []string{f.db, f.data, f.nats} {
		if v != "" {
			named++
		}
	}
	switch {
	case named == 0:
		return nil, &exitError{
			exitUsage, errors.New("no accounts are named"),
			"--db FILE, --data DIR or --nats URL names them, as for msnscope serve",
		}
	case named > 1:
		return nil, usage("--db, --data and --nats each name accounts: give one of them")
	case f.nats == "" && (f.creds != "" || f.password != ""):
		return nil, usage("--creds and --cluster-password-file belong to --nats")
	case f.db != "":
		return accounts.Open(f.db, accounts.OpenOptions{Existing: existing, Announce: true})
	}
	s, err := f.join(ctx, existing)
	if err != nil && !errors.As(err, new(*exitError)) {
		return nil, &exitError{exitIO, err, ""}
	}
	return s, err
}

// linked is the accounts of a cluster, with the connection to it.
type linked struct {
	*cluster.Store
	link *cluster.Link
}

// Close closes the accounts and the connection.
func (l *linked) Close() error {
	err := l.Store.Close()
	l.link.Conn.Close()
	return err
}

// join opens the accounts of a cluster.
func (f *storeFlags) join(ctx context.Context, existing bool) (accountStore, error) {
	link, password, err := f.connect()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, storeTime)
	defer cancel()
	s, err := cluster.OpenStore(ctx, link, cluster.StoreOptions{
		Secret: password, Existing: existing && f.nats != "", Announce: true,
	})
	if err != nil {
		link.Conn.Close()
		return nil, err
	}
	return &linked{s, link}, nil
}

// connect connects to a cluster and returns its password too.
func (f *storeFlags) connect() (*cluster.Link, string, error) {
	if f.data != "" {
		return cluster.Attach(f.data)
	}
	password, err := readSecret("--cluster-password-file", f.password)
	if err != nil {
		return nil, "", err
	}
	link, err := cluster.Connect(f.nats, f.creds, "accounts")
	return link, password, err
}

// maxSecret is how many bytes the file of a password may have.
const maxSecret = 4096

// readSecret returns the password in the file that a flag names, without the line end.
func readSecret(flag, path string) (string, error) {
	if path == "" {
		return "", usage("%s is missing: it names the file with the cluster's password", flag)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", &exitError{exitIO, err, ""}
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxSecret))
	if err != nil {
		return "", &exitError{exitIO, err, ""}
	}
	secret := strings.TrimRight(string(b), "\r\n")
	if len(secret) < cluster.MinPassword {
		return "", usage("%s %s: the password has %d bytes; it must have at least %d", flag, path, len(secret),
			cluster.MinPassword)
	}
	return secret, nil
}
