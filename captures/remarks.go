package captures

import (
	"strings"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// People write comments on packets and on files, in Wireshark or with editcap. They become notes,
// so that they are shown, found and exported again. The note of a packet's comment belongs to its
// connection and follows what the packet brought; others belong to no connection.

const (
	// maxForeword is how many comments before the first event are kept: on the file, and on packets
	// that are not MSN.
	maxForeword = 1000
	// maxWaiting is how many bytes of comments wait: for the first event, and on all connections of
	// which it is not clear yet what they are. That is more than people write, but a file of 300 KB
	// may unpack into gigabytes of them.
	maxWaiting = 16 << 20
)

// size returns how many bytes the comments have.
func size(comments []string) (n int) {
	for _, c := range comments {
		n += len(c)
	}
	return n
}

// wait makes room for comments that have to wait, and reports whether there is any.
func (im *importer) wait(comments []string) bool {
	n := size(comments)
	if im.waiting+n > maxWaiting {
		return false
	}
	im.waiting += n
	return true
}

// waited makes the room free that wait took for the comments.
func (im *importer) waited(comments []string) { im.waiting -= size(comments) }

// keep returns comments on a connection of which it is not clear yet what it is. Where there is no
// room for them they become notes of no connection at once, and keep returns nil.
func (im *importer) keep(at time.Time, comments []string) []string {
	if im.wait(comments) {
		return comments
	}
	if im.began {
		im.remark(&pcap.Item{Time: at, Comments: comments}, &noRecord, 0)
	}
	return nil
}

// foreword keeps comments until there is an event: a capture without events has no notes either,
// and a comment on the file has no time of its own.
func (im *importer) foreword(item *pcap.Item) {
	if len(item.Comments) > 0 && len(im.early) < maxForeword && im.wait(item.Comments) {
		im.early = append(im.early, *item)
	}
}

// remark appends notes for what people wrote on a packet of connection conn, 0 for none. A comment
// on the file, which has no time, gets the time of the event before it.
func (im *importer) remark(item *pcap.Item, r *recording.Record, conn int) {
	if len(item.Comments) == 0 {
		return
	}
	at := item.Time
	if at.IsZero() {
		at = im.last
	}
	for _, text := range r.Remarks(item.Comments) {
		im.track.lastN = im.lastN + 1
		im.append(&session.Event{
			N: im.lastN + 1, Kind: session.Note, Time: at, Conn: conn,
			Text: strings.ToValidUTF8(text, "\ufffd"),
		}, eventlog.Place{}, nil)
	}
}

// conn returns the number of the connection in the log, 0 while there is none.
func (c *connection) conn() int {
	switch {
	case c.kind == kindOurs:
		return int(c.own.conns.at(uint64(c.ownConn)))
	case c.sess != nil:
		return int(c.im.track.conns.at(uint64(c.sess.ID())))
	}
	return 0
}
