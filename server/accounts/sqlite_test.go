package accounts

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// Each random operation waits for the disk, so make fewer checks by default. The command line
	// may still ask for more.
	if err := flag.Set("rapid.checks", "20"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

func TestWhatIsWrittenStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "with ? % # in it.db")
	s, err := Open(path, OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []string{alice, bob} {
		if err := s.Create(h, "secret", "N"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Add(t.Context(), alice, Forward, Entry{bob, "B"}, 150); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		t.Error("something is still outside of the file: a copy of it would lack that")
	}
	for _, file := range []string{path, path + ".key"} {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; only its owner may read it", file, info, err)
		}
		content, err := os.ReadFile(file)
		if err != nil || strings.Contains(string(content), "secret") {
			t.Errorf("%s has the password in clear (%v)", file, err)
		}
	}
	s = openTest(t, path)
	u := lookup(t, s, alice)
	wantList(t, u, Forward, "2: bob@hotmail.com=B")
	if u.Password != "secret" {
		t.Errorf("password is %q", u.Password)
	}
}

func TestClosed(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "a.db"), OpenOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var users sync.WaitGroup
	for range 8 {
		users.Go(func() {
			for {
				if err := s.Create(alice, "x", "x"); errors.Is(err, ErrClosed) {
					return
				}
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	users.Wait()
	if _, err := s.Lookup(t.Context(), bob); !errors.Is(err, ErrClosed) {
		t.Errorf("Lookup: %v", err)
	}
	if err := s.Watch(t.Context(), nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Watch: %v", err)
	}
}

// TestOpenRefuses opens a file of each kind that cannot be used. The error must name it and say
// what to do, and the file must stay as it is.
func TestOpenRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		make func(t *testing.T, path string)
		want string // of the error
		hint string // of the remedy
	}{
		"a folder": {func(t *testing.T, path string) {
			must(t, os.Mkdir(path, 0o700))
		}, "a.db: this is a folder", "name a file"},
		"text": {func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte(strings.Repeat("no database\n", 100)), 0o600))
		}, "a.db: this is not a database", "another file"},
		"somebody else's": {func(t *testing.T, path string) {
			execFile(t, path, "CREATE TABLE theirs (x)")
		}, "a.db: this is another program's database", "another file"},
		"newer": {func(t *testing.T, path string) {
			openTest(t, path).closeTest(t)
			execFile(t, path, "PRAGMA user_version = 99")
		}, "a.db: the database has version 99", "the program that made it"},
		"damaged": {func(t *testing.T, path string) {
			openTest(t, path).closeTest(t)
			content, err := os.ReadFile(path)
			must(t, err)
			for i := 100; i < len(content); i++ {
				content[i] = 0xaa
			}
			must(t, os.WriteFile(path, content, 0o600))
		}, "a.db: the database is damaged", "restore a backup"},
		"without its key": {func(t *testing.T, path string) {
			openTest(t, path).closeTest(t)
			must(t, os.Remove(path+".key"))
		}, "a.db.key: the key file is missing", "put the key file"},
		"with another key": {func(t *testing.T, path string) {
			openTest(t, path).closeTest(t)
			must(t, os.WriteFile(path+".key", []byte(strings.Repeat("00", keySize)), 0o600))
		}, "a.db.key: not the key of this database", "put the key file"},
		"with no key": {func(t *testing.T, path string) {
			must(t, os.WriteFile(path+".key", []byte("secret\n"), 0o600))
		}, "a.db.key: this is not a key file", "put the key file"},
		"with a key for all": {func(t *testing.T, path string) {
			openTest(t, path).closeTest(t)
			must(t, os.Chmod(path+".key", 0o644))
		}, "a.db.key: other users may read the key file (mode 0644)", "chmod 600"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.db")
			tc.make(t, path)
			before, _ := os.ReadFile(path)
			s, err := Open(path, OpenOptions{})
			if err == nil {
				s.closeTest(t)
			}
			wantFileError(t, err, tc.want, tc.hint)
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "none", "a.db")
	_, err := Open(missing, OpenOptions{})
	wantFileError(t, err, "a.db: there is no folder ", "mkdir -p")
	_, err = Open(filepath.Join(t.TempDir(), "b.db"), OpenOptions{Existing: true})
	wantFileError(t, err, "b.db: there is no such database", "accounts add")
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (s *SQLite) closeTest(t *testing.T) {
	t.Helper()
	must(t, s.Close())
}

// execFile runs SQL on a file as another program does.
func execFile(t *testing.T, path, text string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	_, err = db.ExecContext(t.Context(), text)
	must(t, errors.Join(err, db.Close()))
}

func wantFileError(t *testing.T, err error, text, remedy string) {
	t.Helper()
	var f *FileError
	if !errors.As(err, &f) || !strings.Contains(f.Error(), text) || !strings.Contains(f.Remedy, remedy) {
		t.Errorf("got %v, want %q; the remedy is %+v, want %q", err, text, f, remedy)
	}
}

// TestFailuresWhileRunning breaks the database under a store: the change that fails says why,
// nothing of it stays, and the store goes on when the database does.
func TestFailuresWhileRunning(t *testing.T) {
	for name, tc := range map[string]struct {
		breaks, mends string
		want          string
	}{
		"read-only": {"PRAGMA query_only = 1", "PRAGMA query_only = 0", "a.db: the database is read-only"},
		"full":      {"PRAGMA max_page_count = 1", "PRAGMA max_page_count = 100000", "a.db: the disk is full"},
		"locked":    {"PRAGMA busy_timeout = 1; ", "", "a.db: another program has locked the database"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.db")
			s := openTest(t, path)
			pragma(t, s, tc.breaks)
			unlock := func() {}
			if name == "locked" {
				unlock = lock(t, path)
			}
			long := strings.Repeat("x", 100_000) // does not fit into the existing pages
			for range 2 {
				_, err := s.Set(t.Context(), alice, More, long)
				wantFileError(t, err, tc.want, "")
			}
			if info, err := os.Stat(path + "-wal"); name == "full" && (err != nil || info.Size() > 0) {
				t.Errorf("%v: on a full disk the log still takes %d bytes", err, info.Size())
			}
			if u := lookup(t, s, alice); u.More != "" || u.Serial != 1 {
				t.Errorf("a change that failed was kept: serial %d", u.Serial)
			}
			pragma(t, s, tc.mends)
			unlock()
			c, err := s.Set(t.Context(), alice, More, long)
			if err != nil || c.After.Serial != 2 {
				t.Errorf("after the failure: serial %d, %v", c.After.Serial, err)
			}
		})
	}
}

// TestFileIsGone: what is written to a file that has no name any more would be lost, so it is not
// acknowledged; nor is it written to a file that took its place.
func TestFileIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s := openTest(t, path)
	set := func() error {
		_, err := s.Set(t.Context(), alice, GTC, "N")
		return err
	}
	must(t, os.Rename(path, path+".old"))
	wantFileError(t, set(), "a.db: the file is gone", "put it back")
	must(t, os.WriteFile(path, nil, 0o600))
	wantFileError(t, set(), "a.db: the file is gone", "put it back")
	must(t, os.Rename(path+".old", path))
	must(t, set())
}

// TestWritable: a check tells whether changes are possible, and is a transaction like others.
func TestWritable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	s := openTest(t, path)
	before := s.Stats()
	must(t, s.Writable(t.Context()))
	if st := s.Stats(); st.Commits != before.Commits+1 || st.Changes != before.Changes+1 || st.Failures != 0 {
		t.Errorf("%+v after %+v, want one commit more", st, before)
	}
	pragma(t, s, "PRAGMA query_only = 1")
	if err := s.Writable(t.Context()); err == nil {
		t.Error("it is writable although nothing can be written")
	}
	if st := s.Stats(); st.Failures == 0 {
		t.Errorf("%+v, want a failure", st)
	}
	pragma(t, s, "PRAGMA query_only = 0")
	must(t, s.Writable(t.Context()))
}

// pragma runs text on the connection that writes.
func pragma(t *testing.T, s *SQLite, text string) {
	t.Helper()
	onWriter(t, s, func() error {
		_, err := s.writer.conn.ExecContext(t.Context(), text)
		return err
	})
}

// lock locks the database as another program may.
func lock(t *testing.T, path string) (unlock func()) {
	t.Helper()
	db, err := sql.Open("sqlite", dataSource(path))
	must(t, err)
	tx, err := db.BeginTx(t.Context(), nil)
	must(t, err)
	return func() { must(t, errors.Join(tx.Rollback(), db.Close())) }
}

// TestOneFailsOthersDoNot: a caller that gives up waiting, and one that is refused, do not harm the
// others in the same transaction.
func TestOneFailsOthersDoNot(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "a.db"))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var group []*job
	for _, do := range []func(*Operation) error{
		func(o *Operation) error { _, err := o.set(alice, GTC, "N"); return err },
		func(o *Operation) error { _, err := o.set(alice, GTC, "N"); return err },
		func(o *Operation) error { _, err := o.set(bob, GTC, "N"); return err },
		func(o *Operation) error { _, err := o.set(alice, BLP, "BL"); return err },
	} {
		group = append(group, &job{t.Context(), func(b *batch) error {
			o := NewOperation(b.load, b.holding)
			if err := do(o); err != nil {
				return err
			}
			return b.store(o)
		}, nil})
	}
	group[2].ctx = gone
	results := make([]error, len(group))
	onWriter(t, s, func() error { return s.writer.commit(group, results) })
	for i, want := range []error{nil, ErrSame, context.Canceled, nil} {
		if !errors.Is(results[i], want) {
			t.Errorf("job %d: %v, want %v", i, results[i], want)
		}
	}
	if u := lookup(t, s, alice); u.GTC != "N" || u.BLP != "BL" || u.Serial != 3 {
		t.Errorf("alice is %+v", u)
	}
	if u := lookup(t, s, bob); u.GTC != "A" {
		t.Errorf("bob is %+v", u)
	}
}

// onWriter stops the writer and runs f in its place.
func onWriter(t *testing.T, s *SQLite, f func() error) {
	t.Helper()
	close(s.closing)
	<-s.ended
	must(t, f())
	s.closing, s.ended = make(chan struct{}), make(chan struct{})
	go s.run()
}

// TestCommitsWaitForTheDisk: killing the process loses nothing in any mode, but a power failure
// would, without these settings.
func TestCommitsWaitForTheDisk(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "a.db"))
	onWriter(t, s, func() error {
		var mode, sync string
		err := errors.Join(
			s.writer.conn.QueryRowContext(t.Context(), "PRAGMA journal_mode").Scan(&mode),
			s.writer.conn.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&sync))
		if mode != "wal" || sync != "2" {
			t.Errorf("journal_mode %s, synchronous %s; want wal and 2 (FULL)", mode, sync)
		}
		return err
	})
}

// TestDamage flips bytes all over a database. The result must always be an answer, or an error that
// names the file, and nothing worse.
func TestDamage(t *testing.T) {
	whole := filepath.Join(t.TempDir(), "whole.db")
	s := openTest(t, whole)
	for _, h := range []string{bob, carol, dave} {
		_, err := s.Add(t.Context(), alice, Forward, Entry{h, "x"}, 150)
		must(t, err)
	}
	s.closeTest(t)
	content, err := os.ReadFile(whole)
	must(t, err)
	key, err := os.ReadFile(whole + ".key")
	must(t, err)
	refused := 0
	for seed := range uint64(60) {
		random := rand.New(rand.NewPCG(seed, 0))
		damaged := bytes.Clone(content)
		for range 1 + random.IntN(200) {
			damaged[random.IntN(len(damaged))] ^= byte(1 + random.IntN(255))
		}
		path := filepath.Join(t.TempDir(), "a.db")
		must(t, os.WriteFile(path, damaged, 0o600))
		must(t, os.WriteFile(path+".key", key, 0o600))
		err := useDamaged(t, path)
		var file *FileError
		if err != nil && !errors.As(err, &file) {
			t.Errorf("seed %d: %v", seed, err)
		}
		if err != nil {
			refused++
		}
	}
	if refused < 20 {
		t.Errorf("only %d of 60 damaged files were noticed", refused)
	}
}

// useDamaged does what servers and verbs do, and returns any error that is not a refusal.
func useDamaged(t *testing.T, path string) (err error) {
	s, err := Open(path, OpenOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	all, err := s.Handles(t.Context())
	errs := []error{err}
	for _, h := range append(all, alice, bob) {
		_, err1 := s.Lookup(t.Context(), h)
		_, err2 := s.Add(t.Context(), h, Allow, Entry{carol, "x"}, 150)
		_, err3 := s.Set(t.Context(), h, GTC, "N")
		errs = append(errs, err1, err2, err3, s.Delete(t.Context(), h))
	}
	return errors.Join(slices.DeleteFunc(errs, own)...)
}

// TestMigration migrates a database to a later version, which keeps its contents. A migration that
// fails leaves the file as it was.
func TestMigration(t *testing.T) {
	now := migrations
	t.Cleanup(func() { migrations = now })
	path := filepath.Join(t.TempDir(), "a.db")
	openTest(t, path).closeTest(t)

	migrations = append(slices.Clip(now),
		"ALTER TABLE accounts ADD COLUMN later TEXT NOT NULL DEFAULT 'yes'; ALTER TABLE none ADD COLUMN x")
	_, err := Open(path, OpenOptions{})
	wantFileError(t, err, "a.db: ", "")
	migrations[len(now)] = "ALTER TABLE accounts ADD COLUMN later TEXT NOT NULL DEFAULT 'yes'"
	for range 2 { // the second run finds it done
		s := openTest(t, path)
		if u := lookup(t, s, alice); u.Password != "alicepw" {
			t.Errorf("after the migration alice is %+v", u)
		}
		later, err := s.strings(t.Context(), "SELECT later FROM accounts WHERE key = ?", alice)
		if err != nil || !slices.Equal(later, []string{"yes"}) {
			t.Errorf("the new column is %v, %v", later, err)
		}
		s.closeTest(t)
	}
	migrations = now
	_, err = Open(path, OpenOptions{})
	wantFileError(t, err,
		fmt.Sprintf("a.db: the database has version %d; this program knows versions up to %d", len(now)+1,
			len(now)), "the program that made it")
}
