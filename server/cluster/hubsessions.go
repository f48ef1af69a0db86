package cluster

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// sessionStream has a record for each user who has ever logged on. It is on disk although a
	// session does not outlive its node: a node that comes back without its part of a stream in
	// memory counts for the choice of a leader only when all others are there. Records are replaced
	// and never deleted: NATS refuses the first record after a deletion now and then.
	sessionStream  = "MSN_HUB"
	sessionSubject = "msn.s." // the user's key follows, in base64
	// vouchSubject is followed by the name of a node that tries whether it can write.
	vouchSubject = "msn.n."
	// sessionSchema is the version of records.
	sessionSchema = 1

	wrongSequence = 10071 // somebody else, or an attempt of our own, has written meanwhile
	tooSoon       = 10164 // the leader is not done with the write before
)

// record says which node has a user's session. It remains when the session has ended.
type record struct {
	node, incarnation string
	id                string // differs for each logon, so that a node knows its own record again
	// epoch is higher than that of the user's session before.
	epoch uint64
}

func (r *record) pack() []byte {
	p := packer{sessionSchema}
	p.str(r.node)
	p.str(r.incarnation)
	p.str(r.id)
	p.num(r.epoch)
	return p
}

func unpackRecord(b []byte) (r record, err error) {
	if len(b) > 0 && b[0] > sessionSchema {
		return r, fmt.Errorf("a session's record has the schema %d: a newer msnscope wrote it; this one knows %d",
			b[0], sessionSchema)
	}
	u := unpacker{b: b}
	u.num()
	r = record{node: u.str(), incarnation: u.str(), id: u.str(), epoch: u.num()}
	if u.bad {
		return r, errors.New("a session's record is damaged")
	}
	return r, nil
}

// subjectOf returns the subject of the session of the user with the key.
func subjectOf(key string) string {
	return sessionSubject + base64.RawURLEncoding.EncodeToString([]byte(key))
}

// openStream makes the stream, if no other node has made it.
func (h *Hub) openStream(ctx context.Context) (err error) {
	for {
		try, cancel := context.WithTimeout(ctx, 5*time.Second)
		h.stream, err = h.js.CreateOrUpdateStream(try, jetstream.StreamConfig{
			Name: sessionStream, Subjects: []string{sessionSubject + "*", vouchSubject + "*"},
			Storage: jetstream.FileStorage, Replicas: h.o.Link.Replicas,
			MaxMsgsPerSubject: 1, Discard: jetstream.DiscardOld,
		})
		cancel()
		if err == nil || !pause(ctx, 100*time.Millisecond) {
			return err
		}
	}
}

// readRecord returns the record of the user's last session and its sequence, 0 if there is none. It
// asks the leader: others may be behind.
func (h *Hub) readRecord(ctx context.Context, key string) (record, uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	m, err := h.stream.GetLastMsgForSubject(ctx, subjectOf(key))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return record{}, 0, nil
	}
	if err != nil {
		return record{}, 0, err
	}
	r, err := unpackRecord(m.Data)
	return r, m.Sequence, err
}

// writeRecord writes a record if the last one of the user has the sequence.
func (h *Hub) writeRecord(ctx context.Context, key string, r *record, sequence uint64) error {
	ctx, cancel := context.WithTimeout(ctx, attempt)
	defer cancel()
	_, err := h.js.PublishMsg(ctx, &nats.Msg{Subject: subjectOf(key), Data: r.pack()},
		jetstream.WithExpectLastSequencePerSubject(sequence))
	return err
}

// claim makes this node the one that has the user's session, and returns its record and the one
// before. above is an epoch that it must exceed. may is asked about the record before.
func (h *Hub) claim(ctx context.Context, key string, above uint64, may func(*record) error) (
	mine, before record, err error,
) {
	deadline := time.Now().Add(h.o.t.leader)
	mine = record{node: h.self.name, incarnation: h.incarnation, id: h.sessionID()}
	read, sequence := false, uint64(0)
	for {
		if !h.inTouch() {
			return mine, before, ErrMinority
		}
		if !read {
			var last record
			if last, sequence, err = h.readRecord(ctx, key); err == nil {
				if last.id == mine.id { // an attempt that seemed to fail has succeeded
					return mine, before, nil
				}
				read, before = true, last
				mine.epoch = max(above, last.epoch) + 1
				if err := may(&last); err != nil {
					return mine, before, err
				}
			}
		}
		if read {
			if err = h.writeRecord(ctx, key, &mine, sequence); err == nil {
				return mine, before, nil
			}
		}
		var api *jetstream.APIError
		wait := time.Millisecond
		switch {
		case errors.As(err, &api) && api.ErrorCode == wrongSequence:
			read = false
		case errors.As(err, &api) && api.ErrorCode == tooSoon:
		case errGone(err), errors.As(err, &api) && api.Code >= 500:
			wait = 50 * time.Millisecond
		default:
			return mine, before, err
		}
		if time.Now().After(deadline) || !pause(ctx, wait) {
			return mine, before, fmt.Errorf("the session of a user cannot be recorded: %w", err)
		}
	}
}

// vouch finds out now and then whether this node can write, until the hub is closed.
func (h *Hub) vouch() {
	for {
		began := time.Now()
		ctx, cancel := context.WithTimeout(h.ctx, h.o.t.lease)
		_, err := h.js.PublishMsg(ctx, &nats.Msg{Subject: vouchSubject + h.self.name})
		cancel()
		if err == nil {
			h.mu.Lock()
			h.vouched = began
			h.mu.Unlock()
		}
		if !pause(h.ctx, h.o.t.beat) {
			return
		}
	}
}

// sessionID returns what tells a session from all others.
func (h *Hub) sessionID() string {
	return strings.Join([]string{h.incarnation, fmt.Sprint(h.logons.Add(1))}, ".")
}
