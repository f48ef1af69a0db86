package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// What a store remembers of accounts is what the cluster has, for as long as the store holds a
// lease:
//
//   - The table, a record in the stream, names the stores that remember. Whoever changes
//     accounts tells each of them, and acknowledges the change only when all have said that
//     they forgot the old ones.
//   - A store that does not say so is taken off the table. Then the change waits for one lease:
//     until that store must know that it can no longer trust its memory.
//   - A store renews its lease by a write that succeeds only if the table is still the one that
//     it is on. The lease begins before that write, and ends by the monotonic clock.
//
// So a store that is stopped, or cut off, delays one change of the others, and answers nothing
// that is out of date.

const (
	tableSubject  = "msn.leases"
	renewSubject  = "msn.l"  // what is written there means nothing
	forgetSubject = "msn.c." // the store's number follows; not in the stream
)

const (
	// lease is for how long a store trusts its memory.
	lease = 2 * time.Second
	// renewal is the time between two renewals, so that one or two may fail.
	renewal = lease / 4
	// farewell is for how long a store that has left the table still answers those who saw it
	// there.
	farewell = 100 * time.Millisecond
)

// table has the stores that remember accounts: their random numbers, and the names of their nodes.
type table map[string]string

// holder is what a store needs to hold a lease. Its methods but trusts are for the goroutine of
// hold.
type holder struct {
	id   string // of the store
	born time.Time
	subs *nats.Subscription // of what is to be forgotten

	mu    sync.Mutex
	until time.Duration // since born: when the lease ends
	seq   uint64        // number of the table that the store is on, 0 if it is on none
}

// trusts reports whether the lease has not ended.
func (h *holder) trusts() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Since(h.born) < h.until
}

// hold renews the lease until the store is closed.
func (s *Store) hold(ctx context.Context) {
	defer s.holding.Done()
	for ctx.Err() == nil {
		try, cancel := context.WithTimeout(ctx, lease)
		_ = s.renew(try) // without a lease, the leader is asked
		cancel()
		pause(ctx, renewal)
	}
}

// renew renews the lease. Where the store is not on the table, it forgets everything and puts
// itself there.
func (s *Store) renew(ctx context.Context) error {
	h := &s.lease
	if h.seq == 0 {
		t, seq, err := s.stream.table(ctx)
		if err != nil {
			return err
		}
		if _, on := t[h.id]; !on {
			s.cache.clear()
			t[h.id] = s.stream.link.Node
			if seq, err = s.stream.setTable(ctx, t, seq); err != nil {
				return err
			}
		}
		h.seq = seq
	}
	begin := time.Since(h.born)
	err := s.stream.stillTable(ctx, h.seq)
	if err != nil {
		if errors.Is(err, errConflict) {
			h.seq = 0 // somebody came or went
		}
		return err
	}
	h.mu.Lock()
	h.until = begin + lease
	h.mu.Unlock()
	return nil
}

// leave takes the store off the table, if that is possible.
func (s *Store) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), lease)
	defer cancel()
	_ = s.stream.strike(ctx, map[string]bool{s.lease.id: true}) // or the next change does
}

// news is the record of an account that was changed.
type news struct {
	Seq  uint64 // its number, or a higher one
	Data []byte `json:",omitempty"` // not there where that is not known, or too much
}

// heed forgets accounts that somebody has changed, or remembers them as they are now, and says so.
func (s *Store) heed(m *nats.Msg) {
	var changed map[string]news
	if json.Unmarshal(m.Data, &changed) != nil {
		return
	}
	for key, n := range changed {
		_, known := s.cache.get(key)
		gen := s.cache.generation()
		s.cache.forget(key, n.Seq)
		if known && n.Data != nil {
			if r, err := s.parse(key, n.Data, n.Seq); err == nil {
				s.cache.put(key, r, gen)
			}
		}
	}
	_ = m.Respond(nil) // whoever asked asks again
}

// tell has all other stores learn of changes, by the accounts' keys.
func (s *Store) tell(ctx context.Context, changed map[string]news) error {
	t, _, err := s.stream.table(ctx)
	delete(t, s.lease.id)
	if err != nil || len(t) == 0 {
		return err
	}
	data, err := json.Marshal(changed)
	if len(data) > int(s.stream.link.Conn.MaxPayload())-room {
		for key, n := range changed {
			changed[key] = news{Seq: n.Seq}
		}
		data, err = json.Marshal(changed)
	}
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	mute := map[string]bool{}
	for id := range t {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, attempt)
			defer cancel()
			if _, err := s.stream.link.Conn.RequestWithContext(ctx, forgetSubject+id, data); err != nil {
				mu.Lock()
				mute[id] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(mute) == 0 {
		return nil
	}
	if err := s.stream.strike(ctx, mute); err != nil {
		return err
	}
	if !pause(ctx, lease) {
		return ErrNoMajority
	}
	return nil
}

// table returns the table and its number.
func (s *stream) table(ctx context.Context) (table, uint64, error) {
	t := table{}
	data, seq, err := s.get(ctx, tableSubject)
	if err == nil && seq > 0 {
		err = json.Unmarshal(data, &t)
	}
	return t, seq, err
}

// setTable replaces the table with the number.
func (s *stream) setTable(ctx context.Context, t table, seq uint64) (uint64, error) {
	data, err := json.Marshal(t)
	if err != nil {
		return 0, err
	}
	return s.publish(ctx, []write{{tableSubject, data, seq}})
}

// strike takes stores off the table.
func (s *stream) strike(ctx context.Context, ids map[string]bool) error {
	for {
		t, seq, err := s.table(ctx)
		if err != nil {
			return err
		}
		before := len(t)
		maps.DeleteFunc(t, func(id, _ string) bool { return ids[id] })
		if len(t) == before {
			return nil
		}
		if _, err = s.setTable(ctx, t, seq); !errors.Is(err, errConflict) {
			return err
		}
	}
}

// stillTable returns nil if the table has the number, and errConflict if it has another.
func (s *stream) stillTable(ctx context.Context, seq uint64) error {
	for {
		err := retry(ctx, func(ctx context.Context) error {
			m := nats.NewMsg(renewSubject)
			m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(seq, 10))
			m.Header.Set("Nats-Expected-Last-Subject-Sequence-Subject", tableSubject)
			_, err := s.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(0))
			return err
		})
		switch apiCode(err) {
		case codeConflict:
			return errConflict
		case codeTooSoon:
			if !pause(ctx, atOnce) {
				return ErrNoMajority
			}
		default:
			return err
		}
	}
}
