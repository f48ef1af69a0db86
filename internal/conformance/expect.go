package conformance

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

// expect compares what comes next with a line and its payload.
func (p *player) expect(c *scriptConn, want, payload string) error {
	if want == "(nothing)" || want == "(closed)" {
		return p.expectEnd(c, want == "(closed)")
	}
	payload = p.fill(payload)
	c.await(p.ctx, p.deadline(), func() bool {
		line, whole := c.line()
		return whole && c.has(len(line)+2+payloadLen(payload, line))
	})
	unread, closed := c.unread()
	line, rest, whole := strings.Cut(unread, "\r\n")
	if !whole {
		return p.wrong(c, c.lacking(p.fill(want), closed),
			"want %q, got %s and then %s", p.fill(want), quote(unread), then(closed))
	}
	if err := p.match(want, line); err != nil {
		return p.wrong(c, unlike(c.asked, p.fill(want), line), "%w", err)
	}
	n := payloadLen(payload, line)
	if len(rest) < n {
		return p.wrong(c, "the payload of "+verb(line)+" is cut short",
			"payload: want %s, got %s", quote(payload), quote(rest))
	}
	if err := p.match(payload, rest[:n]); err != nil {
		return p.wrong(c, "the payload of "+verb(line), "payload: %w", err)
	}
	p.note(c, line)
	c.skip(len(line) + 2 + n)
	p.answered(c)
	return nil
}

// then says, for an error, what came next.
func then(closed bool) string {
	if closed {
		return "the end"
	}
	return "nothing"
}

// wrong returns the deviation that shows on a connection, unless too much came there or the time is
// over.
func (p *player) wrong(c *scriptConn, cause, form string, args ...any) error {
	if err := c.overflow(); err != nil {
		return p.deviates(causeOf(err), "%v", err)
	}
	if p.ctx.Err() != nil {
		return context.Cause(p.ctx)
	}
	return p.deviates(cause, form, args...)
}

// answered records that what was sent on c has been handled, since an answer has come.
func (p *player) answered(c *scriptConn) {
	if c.heard = true; p.busy == c {
		p.busy = nil
	}
}

// payloadLen returns the length of the payload wanted after a line: as the line says if
// placeholders stand in the payload.
func payloadLen(want, line string) int {
	f := strings.Fields(line)
	if !wordForm.MatchString(want) || len(f) == 0 {
		return len(want)
	}
	n, err := strconv.Atoi(f[len(f)-1])
	if err != nil || n < 0 {
		return len(want)
	}
	return n
}

// expectBytes compares what comes next with the given bytes.
func (p *player) expectBytes(c *scriptConn, want string) error {
	c.await(p.ctx, p.deadline(), func() bool { return c.has(len(want)) })
	unread, closed := c.unread()
	if !strings.HasPrefix(unread, want) {
		c.heard = c.heard || unread != ""
		cause := c.lacking(want, closed)
		if w, g, other := firstOther(want, unread); other {
			cause = unlike(c.asked, w, g)
		}
		return p.wrong(c, cause, "want %s, got %s", quote(want), quote(unread))
	}
	c.skip(len(want))
	return nil
}

// expectEnd checks that nothing is unread, and that the connection is closed or, if end is false,
// open.
func (p *player) expectEnd(c *scriptConn, end bool) error {
	if end {
		c.await(p.ctx, p.deadline(), func() bool { return c.has(1) })
	} else {
		p.settle()
	}
	return p.ended(c, end)
}

// ended is expectEnd without the wait.
func (p *player) ended(c *scriptConn, end bool) error {
	unread, closed := c.unread()
	switch {
	case unread != "" && end && isCode(verb(unread)):
		return p.wrong(c, "an error comes where the connection should be closed",
			"unread %s, closed %v", quote(unread), closed)
	case unread != "":
		return p.wrong(c, verb(unread)+" comes unasked after "+c.asked, "unread %s, closed %v", quote(unread), closed)
	case closed && !end:
		return p.wrong(c, "the connection is closed after "+c.asked, "it is closed")
	case end && !closed:
		return p.wrong(c, "the connection stays open after "+c.asked, "it is not closed")
	}
	c.expect = end
	return nil
}

// quiet reports what is unread at the end, and which connections the server closed unexpectedly.
func (p *player) quiet() error {
	p.settle()
	var errs []error
	for _, c := range p.conns {
		unread, closed := c.unread()
		if unread != "" {
			errs = append(errs, p.wrong(c, verb(unread)+" comes unasked after "+c.asked,
				"at the end %s has unread %s", c.name, quote(unread)))
		}
		if closed && !c.expect {
			errs = append(errs, p.wrong(c, "the connection is closed after "+c.asked,
				"at the end %s is closed", c.name))
		}
	}
	return errors.Join(errs...)
}
