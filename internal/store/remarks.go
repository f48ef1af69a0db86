package store

import (
	"slices"
	"strings"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/replay/pcap"
)

// People write comments on packets and on files, in Wireshark or with editcap. They become notes: of the connection, behind what
// the packet brought, or of none, so that they are shown, found, and exported again.

// What a recording says on the last frame of a connection that has no record, since it did not end there.
const (
	endsHere = "the recording ends here"
	goesOn   = "the recording goes on in another file"
)

// remarks returns what people wrote among the comments of a packet: all but the record and what the recorder put before it.
func remarks(comments []string, r *record) []string {
	start := slices.IndexFunc(comments, func(c string) bool { return strings.HasPrefix(c, recordStart) })
	if start < 0 {
		return slices.DeleteFunc(slices.Clone(comments), func(c string) bool { return c == endsHere || c == goesOn })
	}
	end := start + 1
	for end < len(comments) && strings.HasPrefix(comments[end], recordMore) {
		end++
	}
	if start > 0 && r.explained() {
		start--
	}
	return slices.Concat(comments[:start], comments[end:])
}

// explained reports whether the recorder put words for people before the record: see words.
func (r *record) explained() bool {
	return r.event.Kind != session.Command || r.what == "flow" || r.event.Flags != 0 || r.in != nil || r.out != nil
}

// maxForeword is how many comments are kept that come before the first event: on the file, and on packets that are no MSN.
const maxForeword = 1000

// foreword keeps comments until there is an event: a capture without any has no notes either, and the file's have no time.
func (im *importer) foreword(item *pcap.Item) {
	if len(item.Comments) > 0 && len(im.early) < maxForeword {
		im.early = append(im.early, *item)
	}
}

// remark makes notes of what people wrote on a packet of a connection, 0 for none. A comment on the file, which has no time,
// gets that of the event before it.
func (im *importer) remark(item *pcap.Item, r *record, conn int) {
	if len(item.Comments) == 0 {
		return
	}
	at := item.Time
	if at.IsZero() {
		at = im.last
	}
	for _, text := range remarks(item.Comments, r) {
		im.track.lastN = im.lastN + 1
		im.append(&session.Event{N: im.lastN + 1, Kind: session.Note, Time: at, Conn: conn, Text: strings.ToValidUTF8(text, "\ufffd")}, place{})
	}
}

// conn returns the number in the log of the connection, 0 as long as there is none.
func (f *flow) conn() int {
	switch {
	case f.kind == flowOurs:
		return int(f.own.conns.at(uint64(f.ownConn)))
	case f.sess != nil:
		return int(f.im.track.conns.at(uint64(f.sess.ID())))
	}
	return 0
}
