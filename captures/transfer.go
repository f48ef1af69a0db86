package captures

import (
	"crypto/sha256"
	"hash"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// carriesOffer reports whether an invitation in this capture said that a file is to be fetched
// where the connection leads. Then it is a file transfer, even if its beginning is missing, and the
// sender of the file is its server.
func (c *connection) carriesOffer() bool {
	g := &c.im.track.graph
	if c.info.Guessed && g.Offers(c.info.Client.String()) {
		c.swap = true
		return true
	}
	return g.Offers(c.info.Server.String())
}

// file is what a connection carries, and the SHA-256 of what has come of it.
type file struct {
	session.Transfer
	sum hash.Hash
}

// carries follows the content of a file transfer, whose next command is e. A note says what became
// of the file once it is whole.
func (c *connection) carries(e *session.Event) {
	if c.file == nil {
		c.file = &file{sum: sha256.New()}
	}
	content, done := c.file.Add(e.Row, &e.In)
	c.file.sum.Write(content)
	if done {
		c.note(e.Time, c.file.Summary(c.sess.File(), c.sess.User(), c.file.sum))
	}
}

// tellFile adds the note about a file that did not come whole, at the end of its connection.
func (c *connection) tellFile(at time.Time) {
	if f := c.file; f != nil && f.Began() && !f.Told() {
		c.note(at, f.Summary(c.sess.File(), c.sess.User(), f.sum))
	}
	c.file = nil
}

func (c *connection) note(at time.Time, text string) {
	c.im.emit(c.sess.Note(at, text), eventlog.Place{}, nil)
}
