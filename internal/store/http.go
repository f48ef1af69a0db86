package store

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
)

const (
	// maxHead is how long the head of a request or answer may be: proxies refuse more.
	maxHead = 64 << 10
	// maxBody is how long a body may be: it holds commands, of 64 KB at most, and few at a time.
	maxBody = 1 << 20
)

// gatewayPath is in the first line of each request to an HTTP gateway.
const gatewayPath = "gateway.dll?"

// gatewayHeader names the session in each answer of a gateway.
const gatewayHeader = "X-MSN-Messenger"

// judgeHTTP looks at the first bytes of a direction: is this a request to a gateway, or an answer of one?
func judgeHTTP(b []byte) opinion {
	switch {
	case begins(b, "POST "):
		line, _, whole := bytes.Cut(b, []byte("\r\n"))
		switch {
		case bytes.Contains(line, []byte(gatewayPath)):
			return fromClient
		case !whole && len(b) <= maxUnclear:
			return noOpinion
		}
	case begins(b, "HTTP/1."):
		head, _, whole := bytes.Cut(b, []byte("\r\n\r\n"))
		switch {
		case bytes.Contains(head, []byte(gatewayHeader+": ")):
			return fromServer
		case !whole && len(b) <= maxUnclear:
			return noOpinion
		}
	}
	return notMSN
}

// begins reports whether b begins with prefix, or may once there is more of it.
func begins(b []byte, prefix string) bool {
	n := min(len(b), len(prefix))
	return string(b[:n]) == prefix[:n]
}

// httpMessage is a request or an answer.
type httpMessage struct {
	header http.Header
	query  map[string][]string // of a request
	body   []byte
	size   int    // bytes on the wire
	status string // of an answer
	more   bool   // an answer that says only that another one follows
}

var (
	errMore   = errors.New("there is more to come")
	errNoHTTP = errors.New("no HTTP")
)

// readMessage reads the message that b begins with: a request of the client's, or an answer. The error is errMore for one that
// is not whole. An answer without a length ends with the connection.
func readMessage(from int, b []byte, ended bool) (m httpMessage, err error) {
	head := bytes.Index(b, []byte("\r\n\r\n")) + 4
	switch {
	case head >= 4:
	case len(b) > maxHead:
		return m, errNoHTTP
	default:
		return m, errMore
	}
	r := bufio.NewReader(bytes.NewReader(b[:head]))
	var length int64
	var coding []string
	if from == client {
		q, err := http.ReadRequest(r)
		if err != nil {
			return m, errNoHTTP
		}
		m.header, m.query, length, coding = q.Header, q.URL.Query(), q.ContentLength, q.TransferEncoding
	} else {
		a, err := http.ReadResponse(r, nil)
		if err != nil {
			return m, errNoHTTP
		}
		m.header, length, coding = a.Header, a.ContentLength, a.TransferEncoding
		m.status, m.more = a.Status, a.StatusCode < 200
	}
	m.body, err = body(b[head:], length, len(coding) > 0, ended)
	m.size = head + len(m.body)
	if len(coding) > 0 {
		m.body, m.size, err = chunks(b, head)
	}
	return m, err
}

// body returns the body that b begins with; of one in chunks, nothing.
func body(b []byte, length int64, chunked, ended bool) ([]byte, error) {
	switch {
	case chunked:
		return nil, nil
	case length > maxBody, length < 0 && len(b) > maxBody:
		return nil, errNoHTTP
	case length >= 0 && length <= int64(len(b)):
		return b[:length], nil
	case length < 0 && ended:
		return b, nil
	}
	return nil, errMore
}

// chunks returns a body in chunks, and where it ends.
func chunks(b []byte, head int) (data []byte, end int, err error) {
	if !bytes.Contains(b[head:], []byte("0\r\n")) {
		return nil, 0, errMore
	}
	rest := bytes.NewReader(b[head:])
	r := bufio.NewReader(rest)
	data, err = io.ReadAll(httputil.NewChunkedReader(r))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, 0, errMore
	case err != nil || len(data) > maxBody:
		return nil, 0, errNoHTTP
	}
	for { // what may stand behind the last chunk, to an empty line
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, 0, errMore
		}
		if strings.TrimSpace(line) == "" {
			return data, len(b) - rest.Len() - r.Buffered(), nil
		}
	}
}

// gatewaySession reads the header of an answer: SessionID=1083394690.2; GW-IP=10.0.0.7; Session=close.
func gatewaySession(h http.Header) (id string, closed bool) {
	for word := range strings.SplitSeq(h.Get(gatewayHeader), ";") {
		key, value, _ := strings.Cut(strings.TrimSpace(word), "=")
		switch {
		case strings.EqualFold(key, "SessionID"):
			id = value
		case strings.EqualFold(key, "Session"):
			closed = strings.EqualFold(value, "close")
		}
	}
	return id, closed
}
