package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// Errors of [Read].
var (
	// ErrMore says that the message is not whole yet.
	ErrMore = errors.New("the message is incomplete")
	// ErrNoHTTP says that the bytes are not HTTP.
	ErrNoHTTP = errors.New("not HTTP")
	// ErrTooLong says that head or body have more than MaxHead or MaxBody bytes.
	ErrTooLong = errors.New("the message is longer than any of a gateway")
)

// Message is an HTTP request or answer.
type Message struct {
	Head    Head        // as it came, the empty line included
	Body    []byte      // without the marks of chunks
	Size    int         // bytes on the wire; with ErrMore those that are announced, 0 for unknown
	Chunked bool        // the body came in chunks
	Header  http.Header // of Head
	Target  *url.URL    // of a request
	Method  string      // of a request
	Query   url.Values  // of a request
	Status  string      // of an answer, "200 OK"
	Code    int         // of an answer
}

// Interim reports whether an answer is followed by another one to the same request.
func (m *Message) Interim() bool { return m.Code >= 100 && m.Code < 200 }

// ForGateway reports whether a request is one to a gateway.
func (m *Message) ForGateway() bool {
	return m.Method == http.MethodPost && m.Target != nil &&
		strings.HasSuffix(m.Target.Path, strings.TrimSuffix(script, "?"))
}

// Read reads the message at the start of b, a request from a client or an answer from a server:
// net/http judges where it ends. ended says that nothing follows b, which ends an answer without a
// length. Head and Body may share the memory of b.
func Read(from decode.Dir, b []byte, ended bool) (m Message, err error) {
	head := bytes.Index(b, []byte("\r\n\r\n")) + 4
	switch {
	case head > MaxHead, head < 4 && len(b) > MaxHead:
		return m, ErrTooLong
	case head < 4:
		return m, ErrMore
	}
	length, err := m.readHead(from, b[:head])
	if err != nil {
		return m, err
	}
	if m.Chunked {
		m.Body, m.Size, err = chunks(b, head)
		return m, err
	}
	m.Body, err = body(b[head:], length, ended)
	m.Size = head + len(m.Body)
	if errors.Is(err, ErrMore) && length >= 0 {
		m.Size = head + int(length)
	}
	return m, err
}

// readHead reads the head of a message and returns the length that it announces, -1 for none.
func (m *Message) readHead(from decode.Dir, head []byte) (int64, error) {
	m.Head = head[:len(head):len(head)]
	r := bufio.NewReaderSize(bytes.NewReader(head), len(head))
	if from == decode.FromClient {
		q, err := http.ReadRequest(r)
		if err != nil || r.Buffered() > 0 { // an empty line that ends in LF alone ended the head before
			return 0, ErrNoHTTP
		}
		m.Header, m.Target, m.Method, m.Query = q.Header, q.URL, q.Method, q.URL.Query()
		m.Chunked = len(q.TransferEncoding) > 0
		return q.ContentLength, nil
	}
	a, err := http.ReadResponse(r, nil)
	if err != nil || r.Buffered() > 0 {
		return 0, ErrNoHTTP
	}
	m.Header, m.Status, m.Code = a.Header, a.Status, a.StatusCode
	m.Chunked = len(a.TransferEncoding) > 0
	return a.ContentLength, nil
}

// body returns the body at the start of b.
func body(b []byte, length int64, ended bool) ([]byte, error) {
	switch {
	case length > MaxBody, length < 0 && len(b) > MaxBody:
		return nil, ErrTooLong
	case length >= 0 && length <= int64(len(b)):
		return b[:length:length], nil
	case length < 0 && ended:
		return b[:len(b):len(b)], nil
	}
	return nil, ErrMore
}

// maxChunked is how many bytes a body in chunks may have with its marks.
const maxChunked = 4 * MaxBody

// chunks decodes the chunked body of the message in b, whose head has head bytes, and returns it
// with the offset of its end in b.
func chunks(b []byte, head int) (data []byte, end int, err error) {
	if !bytes.Contains(b[head:], []byte("0\r\n")) {
		return nil, 0, moreChunks(b)
	}
	rest := bytes.NewReader(b[head:])
	r := bufio.NewReader(rest)
	data, err = io.ReadAll(httputil.NewChunkedReader(r))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, 0, moreChunks(b)
	case err != nil:
		return nil, 0, ErrNoHTTP
	case len(data) > MaxBody:
		return nil, 0, ErrTooLong
	}
	for { // the trailer fields after the last chunk, up to an empty line
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, 0, moreChunks(b)
		}
		if strings.TrimSpace(line) == "" {
			return data, len(b) - rest.Len() - r.Buffered(), nil
		}
	}
}

// moreChunks returns the error for chunks of which more must come.
func moreChunks(b []byte) error {
	if len(b) > maxChunked {
		return ErrTooLong
	}
	return ErrMore
}
