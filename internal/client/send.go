package client

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"
)

// send numbers and writes a command. c, if not nil, is registered before the first byte is written,
// so that it cannot miss its reply.
func (w *wire) send(ctx context.Context, co command, c *call) error {
	select {
	case w.sending <- struct{}{}:
		defer func() { <-w.sending }()
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", co.verb, ctx.Err())
	}
	raw, err := w.encode(co)
	if err != nil {
		return err
	}
	if err := w.expect(c); err != nil {
		return fmt.Errorf("%s: %w", co.verb, err)
	}
	return w.write(ctx, co.verb, raw)
}

// write sends raw. A command that is half written cannot be taken back: when ctx ends in the
// middle, the connection is closed.
func (w *wire) write(ctx context.Context, verb string, raw []byte) error {
	limited := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = w.conn.SetWriteDeadline(time.Unix(1, 0))
		close(limited)
	})
	_, err := w.conn.Write(raw)
	if !stop() {
		<-limited
		// all is written, or the connection is closed below
		_ = w.conn.SetWriteDeadline(time.Time{})
	}
	if err != nil {
		w.close()
		return fmt.Errorf("%s: %w: %w", verb, ErrClosed, err)
	}
	return nil
}

// expect registers c, if not nil, with the TrID that encode assigned last.
func (w *wire) expect(c *call) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.err != nil:
		return w.err
	case c == nil:
		return nil
	case len(w.calls) >= maxCalls:
		return fmt.Errorf("%w: %d requests wait for their replies", ErrBusy, maxCalls)
	}
	c.id = w.last
	w.calls = append(w.calls, c)
	return nil
}

// encode returns the bytes of a command, with the next TrID. They are valid until the next call.
// w.sending must be held.
func (w *wire) encode(co command) ([]byte, error) {
	w.enc.Reset()
	e := w.enc.Command(co.verb)
	if !co.bare {
		w.last++
		e.TrID(w.last)
	}
	e.Arg(co.args...)
	if co.payload != nil {
		e.Payload(co.payload)
	} else {
		e.End()
	}
	raw, err := w.enc.Bytes()
	if err != nil || !w.bareLF {
		return raw, err
	}
	end := bytes.Index(raw, []byte("\r\n"))
	return slices.Delete(raw, end, end+1), nil
}

// leave sends OUT and waits until the server has closed the connection (§7.10, §8.6) or ctx ends.
func (w *wire) leave(ctx context.Context) error {
	if err := w.send(ctx, command{verb: "OUT", bare: true}, nil); err != nil {
		return err
	}
	select {
	case <-w.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("OUT: %w", ctx.Err())
	}
}
