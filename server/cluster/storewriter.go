package cluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/msnscope/msnscope/server/accounts"
)

// The writer of a store turns the changes that wait into one batch: it runs their operations on the
// records that it remembers, and writes the records that came out. The batch names the number of
// each record that it replaces, so it is refused where another server was faster; then the
// operations run again, on what is there now.
//
// Each batch also replaces the mark of its store, which only that store writes. Where the answer to
// a batch was lost, the mark says whether it was stored: so no change is made twice, and none is
// lost.

const (
	// maxGroup is how many changes share a batch: each writes two records at the most.
	maxGroup = 256
	// gather is how long a group waits for as many changes as the last one had: those who made them
	// are likely to make the next.
	gather = 300 * time.Microsecond
	// room is how much of the largest message headers and subject may take, in bytes.
	room = 4096
)

// errMissing ends an operation that needs a record which has not been read yet.
var errMissing = errors.New("the record has not been read")

// job is a change that waits for the writer.
type job struct {
	ctx  context.Context
	do   func(*accounts.Operation) error // runs on the writer's goroutine, maybe several times
	done chan error                      // receives one value, when the change is stored or has failed
}

// writer is what only the goroutine of run uses.
type writer struct {
	s    *Store
	log  *slog.Logger
	last uint64 // the number of the store's mark
	ids  uint64
	size int // of the last group
	done chan finished
	self [8]byte // tells the marks of this store from those of an earlier one with the same name
}

// operate hands an operation to the writer, and waits until the outcome is stored. When ctx ends
// first, the change may still be made.
func (s *Store) operate(ctx context.Context, do func(*accounts.Operation) error) error {
	j := &job{ctx, do, make(chan error, 1)}
	select {
	case <-s.closing:
		return ErrClosed
	default:
	}
	select {
	case s.jobs <- j:
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return ErrClosed
	}
	select {
	case err := <-j.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.ended:
	}
	select {
	case err := <-j.done: // done just before the writer ended
		return err
	default:
		return ErrClosed
	}
}

// run is the writer's goroutine: it serves jobs until the store is closed.
func (w *writer) run() {
	defer close(w.s.ended)
	_, _ = rand.Read(w.self[:]) // never fails
	var finishing sync.WaitGroup
	finishing.Go(w.finish)
	defer finishing.Wait()
	defer close(w.done)
	for {
		select {
		case j := <-w.s.jobs:
			w.serve(j)
		case <-w.s.closing:
			select {
			case j := <-w.s.jobs:
				w.serve(j)
			default:
				return
			}
		}
	}
}

// serve stores the change of a job together with those queued behind it, up to maxGroup.
func (w *writer) serve(first *job) {
	group := []*job{first}
	wait := time.After(gather)
	for len(group) < maxGroup && (len(w.s.jobs) > 0 || len(group) < w.size) {
		select {
		case j := <-w.s.jobs:
			group = append(group, j)
			continue
		case <-wait: // those whose changes were in the last group are not all back
		}
		break
	}
	w.size = len(group)
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	w.store(ctx, group)
}

// plan is a batch in the making: what the operations of a group make of the records in base.
type plan struct {
	base    map[string]base
	holders map[string][]string // by key
	users   map[string]*accounts.User
	gone    map[string]bool
	results []error
	news    []accounts.News
	id      []byte          // of the mark
	stored  map[string]news // by key: what was written
}

// changed returns the keys of the accounts that the plan changes, whose records have lower numbers
// than mark.
func (p *plan) changed(mark uint64) map[string]news {
	all := map[string]news{}
	for key := range p.users {
		all[key] = news{Seq: mark}
	}
	for key := range p.gone {
		all[key] = news{Seq: mark}
	}
	return all
}

// base is a record as an operation finds it.
type base struct {
	stored
	fresh bool  // read from the leader for this plan
	err   error // why the record cannot be read
}

// store makes the changes of a group and gives each job its result.
func (w *writer) store(ctx context.Context, group []*job) {
	var tried []*plan
	known := map[string]base{}
	for {
		p, err := w.plan(ctx, group, known)
		var writes []write
		if err == nil {
			writes, err = w.writes(p)
		}
		if err == errLarge && len(group) > 1 {
			w.halve(ctx, group)
			return
		}
		if err == nil && len(writes) > 0 {
			p.id = w.nextID()
			tried = append(tried, p)
			p, err = w.write(ctx, group, p, writes, tried)
		}
		switch {
		case errors.Is(err, errConflict) && len(tried) > 1 && len(group) > 1:
			w.halve(ctx, group) // so that one record that all want does not delay the others
			return
		case errors.Is(err, errConflict):
			known = map[string]base{}
			continue
		}
		if err != nil || len(p.stored) == 0 {
			w.answer(ctx, group, p, err)
			return
		}
		w.done <- finished{group, p}
		return
	}
}

// finished is a group whose changes are stored, and what was stored.
type finished struct {
	group []*job
	*plan
}

// finish has the other stores learn what groups have changed, and then gives the jobs their
// results. Groups that are stored meanwhile share one round.
func (w *writer) finish() {
	for first := range w.done {
		all := []finished{first}
		for len(w.done) > 0 {
			all = append(all, <-w.done)
		}
		changed := map[string]news{}
		for _, f := range all {
			for key, n := range f.stored {
				if n.Seq > changed[key].Seq {
					changed[key] = n
				}
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), giveUp)
		err := w.s.tell(ctx, changed)
		for _, f := range all {
			w.answer(ctx, f.group, f.plan, err)
		}
		cancel()
	}
}

// halve stores the two halves of a group one after the other.
func (w *writer) halve(ctx context.Context, group []*job) {
	w.store(ctx, group[:len(group)/2])
	w.store(ctx, group[len(group)/2:])
}

// answer publishes the news of a plan and gives the jobs their results. p may be nil if err is not.
func (w *writer) answer(ctx context.Context, group []*job, p *plan, err error) {
	if err == nil {
		for _, n := range p.news {
			w.s.announce(n)
		}
		if len(p.news) > 0 {
			_ = w.s.stream.link.Conn.FlushWithContext(ctx) // the change is stored whether or not anybody hears of it
		}
	}
	for i, j := range group {
		if err != nil && (p == nil || p.results[i] == nil) {
			j.done <- err
			continue
		}
		j.done <- p.results[i]
	}
}

// plan runs the operations of a group. It asks the leader for the records that are not in known, to
// which it adds them, and for those on which a decision rests that no batch will check.
func (w *writer) plan(ctx context.Context, group []*job, known map[string]base) (*plan, error) {
	holders := map[string][]string{}
	for {
		p := &plan{base: known, holders: holders}
		missing := w.execute(ctx, group, p)
		if len(missing) == 0 {
			return p, nil
		}
		if err := w.fetch(ctx, missing, known); err != nil {
			return p, err
		}
	}
}

// execute runs the operations of a group on p.base and fills p with what they do. It returns the
// keys of the records that must be read first; what p says is then of no use.
func (w *writer) execute(ctx context.Context, group []*job, p *plan) (missing map[string]bool) {
	p.users, p.gone, p.news = map[string]*accounts.User{}, map[string]bool{}, nil
	p.results = make([]error, len(group))
	missing = map[string]bool{}
	for i, j := range group {
		if p.results[i] = j.ctx.Err(); p.results[i] != nil {
			continue
		}
		touched := map[string]bool{}
		o := accounts.NewOperation(func(key string) (*accounts.User, error) {
			touched[key] = true
			return w.load(p, key, missing)
		}, func(key string) ([]string, error) { return w.held(ctx, p, key) })
		err := j.do(o)
		if errors.Is(err, errMissing) {
			continue
		}
		if p.results[i] = err; err == nil {
			for _, u := range o.Changed() {
				p.users[accounts.Key(u.Handle)] = u
				delete(p.gone, accounts.Key(u.Handle))
			}
			for _, key := range o.Gone() {
				p.gone[key] = true
				delete(p.users, key)
			}
			p.news = append(p.news, o.News(w.s.o.Announce)...)
		}
		for key := range touched {
			// A refusal must not rest on what is no longer so. Otherwise the batch checks what it
			// replaces; that another user was there a moment ago is enough to add that user.
			if err != nil && p.users[key] == nil && !p.gone[key] && !p.base[key].fresh {
				missing[key] = true
			}
		}
	}
	return missing
}

// load returns a user as the plan has it so far. A record that is neither in the plan nor
// remembered is added to missing.
func (w *writer) load(p *plan, key string, missing map[string]bool) (*accounts.User, error) {
	if u := p.users[key]; u != nil {
		return u, nil
	}
	if p.gone[key] {
		return nil, accounts.ErrNoUser
	}
	b, ok := p.base[key]
	if !ok {
		if b.stored, ok = w.s.cache.get(key); !ok {
			missing[key] = true
			return nil, errMissing
		}
		p.base[key] = b
	}
	if b.User == nil && b.err == nil {
		return nil, accounts.ErrNoUser
	}
	return b.User, b.err
}

// held returns the keys of the users who have key on a list.
func (w *writer) held(ctx context.Context, p *plan, key string) ([]string, error) {
	if keys, ok := p.holders[key]; ok {
		return keys, nil
	}
	keys, err := w.s.holders(ctx, key)
	if err == nil {
		p.holders[key] = keys
	}
	return keys, err
}

// fetch reads records from the leader, several at a time.
func (w *writer) fetch(ctx context.Context, keys map[string]bool, known map[string]base) error {
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	slots := make(chan struct{}, maxReads)
	for key := range keys {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			r, err := w.s.read(ctx, key)
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, ErrNoMajority) {
				failed = err
				return
			}
			known[key] = base{r, true, err}
		})
	}
	wg.Wait()
	return failed
}

// errLarge means that a group writes more than a batch can have.
var errLarge = errors.New("too much for one batch")

// writes returns the records of a plan, deleted accounts last.
func (w *writer) writes(p *plan) (all []write, err error) {
	for key, u := range p.users {
		b := p.base[key]
		data := w.s.codec.encode(stored{User: u, more: b.more})
		if most := int(w.s.stream.link.Conn.MaxPayload()) - room; len(data) > most {
			if len(p.results) > 1 {
				return nil, errLarge
			}
			return nil, fmt.Errorf("%w: the record of %s would have %d bytes, and NATS takes %d", accounts.ErrFull,
				u.Handle, len(data), most)
		}
		all = append(all, write{recordSubject(key), data, b.seq})
	}
	for key := range p.gone {
		all = append(all, write{recordSubject(key), w.s.codec.encode(stored{}), p.base[key].seq})
	}
	if len(all) >= maxBatch && len(p.results) > 1 {
		return nil, errLarge
	}
	return all, nil
}

// nextID returns another identifier for a mark.
func (w *writer) nextID() []byte {
	w.ids++
	return binary.BigEndian.AppendUint64(bytes.Clone(w.self[:]), w.ids)
}

// write writes the records of a plan. The plan that it returns is the one that was stored: it may
// be an earlier one of those tried, of whose success only the mark tells. What is more than a batch
// can have is written in several batches; the deletion of an account is in the last.
func (w *writer) write(
	ctx context.Context, group []*job, p *plan, writes []write, tried []*plan,
) (*plan, error) {
	keys := make([]string, len(writes))
	for i := range writes {
		keys[i] = recordKey(writes[i].subject)
	}
	gen, changed := w.s.cache.generation(), make(map[string]news, len(writes))
	for at := 0; at < len(writes); at += maxBatch - 1 {
		part := writes[at:min(len(writes), at+maxBatch-1)]
		first, err := w.s.stream.publish(ctx, append(part[:len(part):len(part)], write{w.s.mark, p.id, w.last}))
		if errors.Is(err, errConflict) {
			var was *plan
			if was, err = w.judge(ctx, tried); was == p {
				first = w.last - uint64(len(part))
			} else if was != nil {
				w.s.cache.drop(keys)
				_ = w.execute(ctx, group, was) // so that the jobs get the results of that plan
				was.stored = was.changed(w.last)
				return was, nil
			}
		}
		if err != nil {
			w.s.cache.drop(keys)
			return p, err
		}
		w.last = first + uint64(len(part))
		for i := range part {
			key := keys[at+i]
			seq := first + uint64(i)
			w.s.cache.put(key, stored{User: p.users[key], more: p.base[key].more, seq: seq}, gen)
			changed[key] = news{seq, part[i].data}
		}
	}
	p.stored = changed
	return p, nil
}

// judge says what a conflict means. Where the mark shows that one of the plans was stored, it is
// that one; otherwise another server was faster.
func (w *writer) judge(ctx context.Context, tried []*plan) (*plan, error) {
	mark, seq, err := w.s.stream.get(ctx, w.s.mark)
	if err != nil {
		return nil, err
	}
	was := w.last
	w.last = seq
	for _, p := range tried {
		if bytes.Equal(mark, p.id) {
			return p, nil
		}
	}
	if seq != was && !bytes.HasPrefix(mark, w.self[:]) {
		w.log.Error("another server has this one's name: give each its own", "name", w.s.stream.link.Node)
	}
	return nil, errConflict
}
