package gateway

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
)

// Limits of what is read.
const (
	// MaxHead is how many bytes the head of a request or answer may have: proxies refuse more.
	MaxHead = 64 << 10
	// MaxBody is how many bytes a body may have: what a [Conn] collects, and a command of the
	// greatest size. Clients gather 18 KB, gateways 57 KB.
	MaxBody = maxUnsent + decode.MaxPayload + 64<<10
	// Silence is how long a session lives without a request. Clients poll every 2 to 5 seconds.
	Silence = 60 * time.Second
)

// Header names the session in each answer, and HostHeader the host of the gateway in some.
const (
	Header     = "X-MSN-Messenger"
	HostHeader = "X-MSN-Host"
)

// script is in the first line of each request to a gateway.
const script = "gateway.dll?"

// Kind is what the first bytes of a direction are.
type Kind uint8

// The kinds of first bytes.
const (
	Unclear  Kind = iota // too few bytes to tell
	Other                // nothing of a gateway
	Question             // a request to a gateway
	Reply                // an answer of a gateway
)

// Judge returns what the first bytes of a direction are.
func Judge(b []byte) Kind {
	switch {
	case begins(b, "POST "):
		line, _, whole := bytes.Cut(b, []byte("\n"))
		switch {
		case bytes.Contains(line, []byte(script)):
			return Question
		case !whole && len(b) <= MaxHead:
			return Unclear
		}
	case begins(b, "HTTP/1."):
		head, _, whole := bytes.Cut(b, []byte("\r\n\r\n"))
		switch {
		case bytes.Contains(head, []byte(Header+": ")):
			return Reply
		case !whole && len(b) <= MaxHead:
			return Unclear
		}
	}
	return Other
}

// begins reports whether b begins with prefix, or may do so once more bytes have come.
func begins(b []byte, prefix string) bool {
	n := min(len(b), len(prefix))
	return string(b[:n]) == prefix[:n]
}

// Session is what an answer says about its session.
type Session struct {
	ID    string // for the next request
	GWIP  string // the address of the gateway
	Close bool   // the session has ended
}

// SessionOf returns what the head of an answer says about its session, such as
// "SessionID=1083394690.2; GW-IP=10.0.0.7; Session=close".
func SessionOf(h http.Header) (s Session) {
	for word := range strings.SplitSeq(h.Get(Header), ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(word), "=")
		switch {
		case strings.EqualFold(key, "SessionID"):
			s.ID = value
		case strings.EqualFold(key, "GW-IP"):
			s.GWIP = value
		case strings.EqualFold(key, "Session"):
			s.Close = strings.EqualFold(value, "close")
		}
	}
	return s
}

// String returns the value of the header. Clients insist on the blanks and on the address.
func (s Session) String() string {
	text := "SessionID=" + s.ID + "; GW-IP=" + s.GWIP
	if s.Close {
		text += "; Session=close"
	}
	return text
}

// Farewell reports whether the last command of a client's body says that it leaves.
func Farewell(body []byte) bool {
	line := body[bytes.LastIndexByte(bytes.TrimRight(body, "\r\n"), '\n')+1:]
	m := decode.Parse(line, decode.FromClient, dialect.MSNP2)
	row := dialect.MSNP2.Match(decode.FromClient, dialect.Any, &m)
	return row != nil && row.Effect(0) == dialect.Ends
}
