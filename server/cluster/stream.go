package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// The stream of accounts has one message a subject, the last: records, a mark for each server that
// writes, and what belongs to all.
const (
	streamName   = "MSN_ACCOUNTS"
	recordPrefix = "msn.a."
	markPrefix   = "msn.w."
	metaSubject  = "msn.meta"
	newsSubject  = "msn.news" // not in the stream
)

const (
	// maxReads is how many messages are asked for at a time.
	maxReads = 32
	// maxBatch is how many messages NATS accepts in one batch.
	maxBatch = 1000
	// again is the pause before a request that no leader answered is made once more.
	again = 50 * time.Millisecond
	// atOnce is the pause before a write is made once more that came too soon after another.
	atOnce = time.Millisecond
)

// ErrNoMajority means that the cluster has had no leader for longer than the caller, or the store,
// would wait. A change that fails with it may have been made.
var ErrNoMajority = errors.New("no majority of the cluster answers")

var (
	// errConflict means that a message was written that a batch expected to be another.
	errConflict = errors.New("somebody else was faster")
	errForeign  = errors.New("NATS has a stream " + streamName + " that is not of this program")
	errNothing  = errors.New("there are no accounts in this cluster yet")
)

// stream is the stream of accounts. It asks its leader only: other nodes may not know yet what was
// acknowledged.
type stream struct {
	link *Link
	js   jetstream.JetStream
	s    jetstream.Stream
}

// openStream opens the stream. Where there is none, it makes one, unless existing is set.
func openStream(ctx context.Context, l *Link, existing bool) (*stream, error) {
	js, err := jetstream.New(l.Conn)
	if err != nil {
		return nil, err
	}
	s := &stream{link: l, js: js}
	err = retry(ctx, func(ctx context.Context) (err error) {
		s.s, err = js.Stream(ctx, streamName)
		if !errors.Is(err, jetstream.ErrStreamNotFound) {
			return err
		}
		if existing {
			return errNothing
		}
		s.s, err = js.CreateStream(ctx, jetstream.StreamConfig{
			Name:     streamName,
			Subjects: []string{recordPrefix + "*", markPrefix + "*", metaSubject, tableSubject, renewSubject},
			Replicas: l.Replicas, Storage: jetstream.FileStorage, MaxMsgsPerSubject: 1, AllowAtomicPublish: true,
		})
		return err
	})
	if apiCode(err) == codeNoPeers && pause(ctx, again) { // the nodes have only just met
		return openStream(ctx, l, existing)
	}
	if err != nil {
		return nil, err
	}
	if c := s.s.CachedInfo().Config; !c.AllowAtomicPublish || c.MaxMsgsPerSubject != 1 || c.AllowDirect {
		return nil, errForeign
	}
	return s, nil
}

// retry calls f, and again for as long as no leader answers it and ctx has not ended.
func retry(ctx context.Context, f func(context.Context) error) error {
	for {
		try, cancel := context.WithTimeout(ctx, attempt)
		err := f(try)
		cancel()
		switch {
		case err == nil || !errGone(err):
			return err
		case errors.Is(ctx.Err(), context.Canceled):
			return ctx.Err()
		case !pause(ctx, again):
			return fmt.Errorf("%w (%w)", ErrNoMajority, err)
		}
	}
}

// get returns the message of a subject and its number; the number is 0 where there is none.
func (s *stream) get(ctx context.Context, subject string) (data []byte, seq uint64, err error) {
	err = retry(ctx, func(ctx context.Context) error {
		m, err := s.s.GetLastMsgForSubject(ctx, subject)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			data, seq = nil, 0
			return nil
		case err != nil:
			return err
		}
		data, seq = m.Data, m.Sequence
		return nil
	})
	return data, seq, err
}

// write is a message to be written, and the number of the one that it replaces.
type write struct {
	subject string
	data    []byte
	last    uint64
}

// publish writes all messages or none, and returns the number of the first; the others follow it.
// It fails with errConflict where a subject has another last message than expected, which may be
// this very one: an attempt whose answer was lost may have succeeded.
func (s *stream) publish(ctx context.Context, writes []write) (first uint64, err error) {
	for {
		err := retry(ctx, func(ctx context.Context) (err error) {
			first, err = s.attempt(ctx, writes)
			return err
		})
		switch code := apiCode(err); code {
		case codeConflict:
			return 0, errConflict
		case codeTooSoon, codeIncomplete, codeBusy:
			if !pause(ctx, atOnce) {
				return 0, fmt.Errorf("%w (%w)", ErrNoMajority, err)
			}
		default:
			return first, err
		}
	}
}

// These are error codes of NATS that call for another attempt, or for another look.
const (
	codeConflict   = 10071 // another last message than expected
	codeTooSoon    = 10164 // a write to the same subject is under way, or has just been acknowledged
	codeIncomplete = 10176 // the leader changed in the middle of a batch
	codeBusy       = 10210 // too many batches at a time
	codeNoPeers    = 10005 // too few nodes for the replicas
	codeNoLeader   = 10008 // the cluster has none
	codeNotLeader  = 10009 // the one who answers is none any more
	codeNotReady   = 10163 // the leader is new and does not know yet what was written last
)

// apiCode returns the code of an error of JetStream, 0 for any other.
func apiCode(err error) jetstream.ErrorCode {
	var api *jetstream.APIError
	if errors.As(err, &api) {
		return api.ErrorCode
	}
	return 0
}

// attempt is publish, once.
func (s *stream) attempt(ctx context.Context, writes []write) (first uint64, err error) {
	id := rand.Text()
	for i, w := range writes {
		m := nats.NewMsg(w.subject)
		m.Data = w.data
		m.Header.Set(jetstream.ExpectedLastSubjSeqHeader, strconv.FormatUint(w.last, 10))
		m.Header.Set("Nats-Batch-Id", id)
		m.Header.Set("Nats-Batch-Sequence", strconv.Itoa(i+1))
		if i < len(writes)-1 {
			if err := s.link.Conn.PublishMsg(m); err != nil {
				return 0, err
			}
			continue
		}
		m.Header.Set("Nats-Batch-Commit", "1")
		ack, err := s.js.PublishMsg(ctx, m, jetstream.WithRetryAttempts(0))
		if err != nil {
			return 0, err
		}
		first = ack.Sequence - uint64(i)
	}
	return first, nil
}

// each calls f for the last message of each subject that matches the filter, some more than once;
// the last call for a subject is that with the highest number. It asks the leader for one message
// after another, in several parts of the stream at a time: a consumer could be on a node that lags.
func (s *stream) each(ctx context.Context, filter string, f func(subject string, data []byte, seq uint64)) error {
	var first, last uint64
	err := retry(ctx, func(ctx context.Context) error {
		info, err := s.s.Info(ctx) // of the leader
		if err == nil {
			first, last = info.State.FirstSeq, info.State.LastSeq
		}
		return err
	})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed error
	part := (last-first)/maxReads + 1
	for from := first; from <= last; from += part {
		wg.Go(func() {
			err := s.walk(ctx, filter, from, from+part, &mu, f)
			mu.Lock()
			failed = errors.Join(failed, err)
			mu.Unlock()
		})
	}
	wg.Wait()
	if failed != nil {
		return failed
	}
	// What was written meanwhile has moved to the end, perhaps before it was seen.
	return s.walk(ctx, filter, last+1, math.MaxUint64, &mu, f)
}

// walk calls f, with mu locked, for the messages whose numbers are from from to before to.
func (s *stream) walk(ctx context.Context, filter string, from, to uint64, mu *sync.Mutex,
	f func(subject string, data []byte, seq uint64),
) error {
	for from < to {
		var m *jetstream.RawStreamMsg
		err := retry(ctx, func(ctx context.Context) (err error) {
			m, err = s.s.GetMsg(ctx, from, jetstream.WithGetMsgSubject(filter))
			return err
		})
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if m.Sequence < to {
			mu.Lock()
			f(m.Subject, m.Data, m.Sequence)
			mu.Unlock()
		}
		from = m.Sequence + 1
	}
	return nil
}

// forget removes the message of a subject, if that is possible.
func (s *stream) forget(subject string) error {
	ctx, cancel := context.WithTimeout(context.Background(), attempt)
	defer cancel()
	err := s.s.Purge(ctx, jetstream.WithPurgeSubject(subject))
	if errGone(err) {
		return nil // a few bytes stay
	}
	return err
}
