package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/msnscope/msnscope/server/accounts"
)

// ErrClosed is the error of a request to a closed store.
var ErrClosed = errors.New("the accounts of the cluster are closed")

// giveUp is how long the store tries to reach a leader. An election takes 5 to 8 seconds, and up to
// 17 where a link was cut.
const giveUp = 20 * time.Second

// StoreOptions configure [OpenStore].
type StoreOptions struct {
	// Secret is what protects the accounts' passwords, which are encrypted: all that open the
	// accounts must have the same one. It is the cluster's password.
	Secret string
	// Existing makes OpenStore fail where there are no accounts yet, rather than prepare for some.
	Existing bool
	// Announce publishes every change to the servers. It is for programs that run beside them.
	Announce bool
	// Log receives what an operator needs to know; nil discards it.
	Log *slog.Logger
}

// Store is an [accounts.Admin] and an [accounts.Watcher] in a stream of NATS that several nodes
// keep. A change is stored by a majority of them before its method returns; changes that come at
// the same time share a batch. What a method returns is what the cluster has: the store remembers
// accounts only while it hears of every change. While there is no leader, methods wait for one, up
// to 20 seconds or the end of their context. All methods are safe for concurrent use.
type Store struct {
	accounts.Changes
	o      StoreOptions
	stream *stream
	codec  *codec
	cache  cache
	lease  holder          // of what cache has; without Announce
	bad    accounts.Firsts // values that were left out and logged

	mark    string // the subject of the mark of this store's batches
	jobs    chan *job
	closing chan struct{}
	ended   chan struct{} // closed once the writer has ended
	once    sync.Once
	holding sync.WaitGroup
	unhold  context.CancelFunc

	news  *nats.Subscription // nil with Announce
	heard chan *nats.Msg
}

var (
	_ accounts.Admin   = (*Store)(nil)
	_ accounts.Watcher = (*Store)(nil)
)

// OpenStore opens the accounts of the cluster that l leads to, for as long as ctx allows. The
// caller must call Close in the end, before it closes l.
func OpenStore(ctx context.Context, l *Link, o StoreOptions) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{
		o: o, mark: markPrefix + l.Node, jobs: make(chan *job, maxGroup), closing: make(chan struct{}),
		ended: make(chan struct{}), heard: make(chan *nats.Msg, maxHeard),
	}
	var err error
	if s.stream, err = openStream(ctx, l, o.Existing); err != nil {
		return nil, err
	}
	vault, err := openVault(ctx, s.stream, o.Secret)
	if err != nil {
		return nil, err
	}
	if s.codec, err = newCodec(vault); err != nil {
		return nil, err
	}
	if o.Announce {
		s.mark += "-" + rand.Text() // any number of such programs may run at a time
	} else if s.news, err = l.Conn.ChanSubscribe(newsSubject, s.heard); err != nil {
		return nil, err
	}
	w := &writer{s: s, log: o.Log, done: make(chan finished)}
	if _, w.last, err = s.stream.get(ctx, s.mark); err != nil {
		return nil, err
	}
	s.Changes = accounts.NewChanges(s.operate)
	go w.run()
	var hold context.Context
	hold, s.unhold = context.WithCancel(context.Background())
	if !o.Announce {
		s.lease.id, s.lease.born = rand.Text(), time.Now()
		if s.lease.subs, err = l.Conn.Subscribe(forgetSubject+s.lease.id, s.heed); err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.holding.Add(1)
		go s.hold(hold)
	}
	return s, nil
}

// Close waits until the changes that were begun are stored or have failed. Later requests fail with
// [ErrClosed]. A second Close does nothing.
func (s *Store) Close() (err error) {
	s.once.Do(func() {
		close(s.closing)
		<-s.ended
		s.unhold()
		s.holding.Wait()
		if s.lease.subs != nil {
			s.leave()
			pause(context.Background(), farewell)
			err = s.lease.subs.Unsubscribe()
		}
		if s.news != nil {
			err = errors.Join(err, s.news.Unsubscribe())
		} else {
			err = errors.Join(err, s.stream.forget(s.mark))
		}
		s.codec.close()
	})
	return err
}

// Lookup implements [accounts.Store]. It asks the leader for what it does not remember.
func (s *Store) Lookup(ctx context.Context, handle string) (accounts.User, error) {
	select {
	case <-s.closing:
		return accounts.User{}, ErrClosed
	default:
	}
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	key := accounts.Key(handle)
	if r, ok := s.cache.get(key); ok && r.User != nil && s.lease.trusts() {
		return *r.User, nil
	}
	r, err := s.read(ctx, key)
	switch {
	case err != nil:
		return accounts.User{}, err
	case r.User == nil:
		return accounts.User{}, accounts.ErrNoUser
	}
	return *r.User, nil
}

// read returns the record of the account with the key, as the leader has it.
func (s *Store) read(ctx context.Context, key string) (stored, error) {
	if accounts.CheckHandle(key) != nil {
		return stored{}, nil // nobody has such a handle, and a subject must not be endless
	}
	gen := s.cache.generation()
	data, seq, err := s.stream.get(ctx, recordSubject(key))
	if err != nil || seq == 0 {
		return stored{}, err
	}
	r, err := s.parse(key, data, seq)
	if err == nil {
		s.cache.put(key, r, gen)
	}
	return r, err
}

// parse reads a record, and leaves out what could not be sent.
func (s *Store) parse(key string, data []byte, seq uint64) (stored, error) {
	r, err := s.codec.decode(key, data)
	if err != nil {
		return stored{}, fmt.Errorf("the account %s, subject %s in stream %s: %w", key, recordSubject(key), streamName,
			err)
	}
	r.seq = seq
	if r.User != nil {
		r.Mend(func(what string, err error) {
			if s.bad.First(key + " " + what) {
				s.o.Log.Warn("a stored value cannot be sent and is left out", "user", key, "value", what, "err", err)
			}
		})
	}
	return r, nil
}

// all returns all accounts by their keys. A record that cannot be read is logged and left out.
func (s *Store) all(ctx context.Context) (map[string]stored, error) {
	all := map[string]stored{}
	err := s.stream.each(ctx, recordPrefix+"*", func(subject string, data []byte, seq uint64) {
		key := recordKey(subject)
		if key == "" || all[key].seq > seq {
			return
		}
		r, err := s.parse(key, data, seq)
		if err != nil {
			if s.bad.First(key) {
				s.o.Log.Error("an account is left out", "err", err)
			}
			return
		}
		all[key] = r
	})
	maps.DeleteFunc(all, func(_ string, r stored) bool { return r.User == nil })
	return all, err
}

// Handles implements [accounts.Admin].
func (s *Store) Handles(ctx context.Context) ([]string, error) {
	all, err := s.all(ctx)
	if err != nil {
		return nil, err
	}
	handles := make([]string, 0, len(all))
	for _, key := range slices.Sorted(maps.Keys(all)) {
		handles = append(handles, all[key].Handle)
	}
	return handles, nil
}

// holders returns the keys of the users who have key on a list. It reads all accounts, since
// accounts are rarely deleted.
func (s *Store) holders(ctx context.Context, key string) (keys []string, err error) {
	all, err := s.all(ctx)
	for holder, r := range all {
		for l := range r.Lists {
			if r.Has(accounts.List(l), key) {
				keys = append(keys, holder)
				break
			}
		}
	}
	return keys, err
}

// maxCache is how many users and list entries together the cache holds. At about 100 bytes each
// that makes 20 MB.
const maxCache = 200_000

// cache remembers records. The writer begins with them even without a lease, since a batch is
// refused that would replace a record which is no longer the last. It is safe for concurrent use.
type cache struct {
	mu      sync.Mutex
	gen     uint64            // how often everything was forgotten
	records map[string]stored // by key
	cost    int
}

// get returns the record of the account with the key.
func (c *cache) get(key string) (stored, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.records[key]
	return r, ok && !r.old
}

// generation returns what to pass to put with what is read from now on.
func (c *cache) generation() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gen
}

// clear forgets everything, and what is being read at the moment.
func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	c.records, c.cost = nil, 0
}

// forget forgets the account with the key, and records of it with lower numbers that are being read
// at the moment.
func (c *cache) forget(key string, seq uint64) {
	c.put(key, stored{seq: seq, old: true}, c.generation())
}

// put stores a record, unless a later one is there or everything was forgotten meanwhile, and
// evicts others until it fits.
func (c *cache) put(key string, r stored, gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen != gen {
		return
	}
	if old, ok := c.records[key]; ok {
		if old.seq > r.seq {
			return
		}
		c.cost -= cost(old)
	}
	if c.records == nil {
		c.records = make(map[string]stored)
	}
	c.records[key] = r
	c.cost += cost(r)
	for k, old := range c.records { // any will do: nearly all are equally likely to be changed next
		if c.cost <= maxCache {
			break
		}
		c.cost -= cost(old)
		delete(c.records, k)
	}
}

// drop removes the records with the keys.
func (c *cache) drop(keys []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range keys {
		if old, ok := c.records[k]; ok {
			c.cost -= cost(old)
			delete(c.records, k)
		}
	}
}

// cost returns how much of maxCache a record takes.
func cost(r stored) (n int) {
	if r.User != nil {
		for _, l := range r.Lists {
			n += len(l)
		}
	}
	return n + 1
}

// Empty reports whether there are no accounts. It does not read them all.
func (s *Store) Empty(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, giveUp)
	defer cancel()
	var mu sync.Mutex
	some := false
	err := s.stream.walk(ctx, recordPrefix+"*", 1, math.MaxUint64, &mu, func(_ string, data []byte, _ uint64) {
		if len(data) > 1 { // not of a deleted account
			some = true
			cancel()
		}
	})
	if some {
		err = nil
	}
	return !some, err
}
