package captures

import (
	"strings"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// People write comments on packets and on files, in Wireshark or with editcap. They become notes,
// so that they are shown, found and exported again. The note of a packet's comment belongs to its
// connection and follows what the packet brought; others belong to no connection.

// maxForeword is how many comments before the first event are kept: on the file, and on packets
// that are not MSN.
const maxForeword = 1000

// foreword keeps comments until there is an event: a capture without events has no notes either,
// and a comment on the file has no time of its own.
func (im *importer) foreword(item *pcap.Item) {
	if len(item.Comments) > 0 && len(im.early) < maxForeword {
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
