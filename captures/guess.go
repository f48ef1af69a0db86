package captures

import (
	"bytes"
	"slices"
	"strings"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// maxFirstLine is how many bytes of a first line are waited for on a port that is not MSN's: the
// longest that open a conversation, VER with all dialects, have about 150 bytes.
const maxFirstLine = 1024

// opinion is what the first line of one direction says about a connection.
type opinion uint8

const (
	noOpinion  opinion = iota // not enough bytes
	notMSN                    // no command begins like this
	fromClient                // a command that clients send
	fromServer                // one that servers send
	fromEither                // one that may be either's
)

// judge returns an opinion on the first bytes of a direction. Errors decide nothing: other
// protocols have three digits too. A line that either end may send shows that this is MSN, and the
// next ones may show which end sent it.
func judge(b []byte) opinion {
	said := noOpinion
	for {
		end := bytes.IndexByte(b, '\n')
		if end < 0 {
			if said == noOpinion && (len(b) > maxFirstLine || !startsLikeVerb(b)) {
				return notMSN
			}
			return said
		}
		switch o := judgeLine(b[:end+1]); {
		case o == fromClient, o == fromServer:
			return o
		case o == notMSN && said == fromEither: // a payload
			return said
		case o != noOpinion:
			said = o
		}
		if said == notMSN {
			return said
		}
		b = b[end+1:]
	}
}

// startsLikeVerb reports whether b may be the start of a verb that a blank or a line end follows.
func startsLikeVerb(b []byte) bool {
	if len(b) > 3 && b[3] != ' ' && b[3] != '\r' {
		return false
	}
	word := slices.Clone(b[:min(len(b), 3)])
	for len(word) > 0 && len(word) < 3 {
		word = append(word, word[0])
	}
	return len(word) == 0 || decode.V(string(word)) != decode.Verb{}
}

func judgeLine(line []byte) opinion {
	client, server := looksLike(decode.FromClient, line), looksLike(decode.FromServer, line)
	switch {
	case client && server:
		return fromEither
	case client:
		return fromClient
	case server:
		return fromServer
	}
	m := decode.Parse(line, decode.FromServer, dialect.MSNP2)
	if m.Verb.Code() != 0 && m.HasTrID && m.NumArgs() == 0 {
		return noOpinion
	}
	return notMSN
}

// looksLike reports whether the line is a command of some dialect, by its name and its form.
func looksLike(dir decode.Dir, line []byte) bool {
	for _, t := range dialect.All() {
		m := decode.Parse(line, dir, t)
		if m.Opaque() || m.Verb.Code() != 0 {
			return false
		}
		if row := t.Match(dir, dialect.Any, &m); row != nil && fits(row, &m) {
			return true
		}
	}
	return false
}

// fits reports whether the message has the row's form: the number and the fixed words of its
// arguments, and numbers and handles where they belong.
func fits(row *dialect.Row, m *decode.Message) bool {
	if (row.TrID == dialect.New || row.TrID == dialect.Perhaps) && !m.HasTrID {
		return false
	}
	if n := m.NumArgs(); n < row.Min() || row.Max() >= 0 && n > row.Max()+1 { // some clients add a word
		return false
	}
	for i, a := range row.Args {
		if i < m.NumArgs() && !argFits(a, string(m.Arg(i))) {
			return false
		}
	}
	return true
}

func argFits(a dialect.Arg, word string) bool {
	switch {
	case a.Is != "":
		return word == a.Is
	case len(a.Values) > 0 && !slices.Contains(a.Values, word):
		return false
	}
	switch a.Kind {
	case dialect.Number, dialect.Length, dialect.Serial:
		return strings.Trim(word, "0123456789") == ""
	case dialect.Handle: // a number in its place is the TrID of what a client sends: MSG 7 N 12
		return strings.Trim(word, "0123456789") != ""
	case dialect.Self:
		return bytes.IndexByte([]byte(word), '@') > 0
	}
	return true
}

// onPort reports whether a connection uses MSN's port, and whether it is sure which end is the
// client.
func onPort(info *pcap.FlowInfo) (on, sure bool) {
	client, server := info.Client.Port() == pcap.ServerPort, info.Server.Port() == pcap.ServerPort
	return client || server, !info.Guessed || client != server
}
