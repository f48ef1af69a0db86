// Package gatewaytest has a client for tests that speaks MSN over HTTP as real clients do it.
package gatewaytest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/memnet"
)

// Client makes connections over HTTP. Its zero value has the habits of aMSN; [Libpurple] has
// others.
type Client struct {
	// Net connects to addresses; nil is TCP.
	Net func(ctx context.Context, network, addr string) (net.Conn, error)
	// Gateway is the address that is connected to for each session. If it is empty, that is the
	// host of the server, at port 80.
	Gateway string
	// Absolute sends absolute URIs. Early begins a session with its first command, otherwise it
	// begins with an empty body. Redial sends each request over a TCP connection of its own.
	Absolute, Early, Redial bool
	// Poll is how long after an answer the next poll follows, 2 s if it is 0.
	Poll time.Duration
	// Fault is called with what a client would stumble over, from any goroutine.
	Fault func(format string, args ...any)

	mu       sync.Mutex
	requests []string
	answers  []string
}

// Libpurple returns a client with the habits of libpurple.
func Libpurple() *Client { return &Client{Absolute: true, Early: true} }

// Dial begins a session with the server at addr once something is written: a first command with a
// cookie is for a switchboard. The session is a net.Conn, so any client can use it.
func (c *Client) Dial(ctx context.Context, _, addr string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	near, far := memnet.Pipe(nil, nil)
	s := &session{Client: c, conn: far, host: host, at: c.Gateway, said: make(chan []byte)}
	if s.at == "" {
		s.at = net.JoinHostPort(host, "80")
	}
	go s.hear()
	go s.run()
	return near, nil
}

// Traffic returns each request and each answer so far as they were on the wire.
func (c *Client) Traffic() (requests, answers []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.requests...), append([]string(nil), c.answers...)
}

type session struct {
	*Client
	conn     net.Conn // the other end of what Dial returned
	host, at string
	said     chan []byte

	tcp  net.Conn
	in   *bufio.Reader
	id   string
	gwIP string
	role dialect.Role
}

// hear reads what the client says, until it closes the connection.
func (s *session) hear() {
	defer close(s.said)
	for {
		b := make([]byte, 64<<10)
		n, err := s.conn.Read(b)
		if err != nil {
			return
		}
		s.said <- b[:n]
	}
}

// run sends what the client says, and polls when it says nothing.
func (s *session) run() {
	defer func() {
		s.conn.Close()
		if s.tcp != nil {
			s.tcp.Close()
		}
		for range s.said {
		}
	}()
	every := s.Poll
	if every == 0 {
		every = 2 * time.Second
	}
	for {
		var err error
		if s.id == "" {
			first, ok := <-s.said
			if !ok {
				return
			}
			err = s.begin(first)
		} else {
			select {
			case b, ok := <-s.said:
				if !ok {
					return
				}
				err = s.ask("SessionID="+s.id, b)
			case <-time.After(every):
				err = s.ask("Action=poll&SessionID="+s.id, nil)
			}
		}
		if err != nil {
			return
		}
	}
}

func (s *session) begin(first []byte) error {
	s.role = dialect.NS
	line, _, _ := strings.Cut(string(first), "\n")
	m := decode.Parse([]byte(line+"\n"), decode.FromClient, dialect.MSNP2)
	row := dialect.MSNP2.Match(decode.FromClient, dialect.Any, &m)
	if row != nil && row.Find(&m, dialect.Cookie) != nil {
		s.role = dialect.SB
	}
	open := "Action=open&Server=" + s.role.Name() + "&IP=" + s.host
	if s.Early {
		return s.ask(open, first)
	}
	if err := s.ask(open, nil); err != nil {
		return err
	}
	return s.ask("SessionID="+s.id, first)
}

// ask sends one request and reads its answer.
func (s *session) ask(query string, body []byte) error {
	if s.tcp == nil {
		dial := s.Net
		if dial == nil {
			dial = (&net.Dialer{}).DialContext
		}
		var err error
		if s.tcp, err = dial(context.Background(), "tcp", s.at); err != nil {
			return err
		}
		s.in = bufio.NewReader(s.tcp)
	}
	host := s.gwIP
	if host == "" {
		host = "gateway.messenger.hotmail.com"
	}
	target := "/gateway/gateway.dll?" + query
	if s.Absolute {
		target = "http://" + host + target
	}
	request := fmt.Sprintf("POST %s HTTP/1.1\r\nAccept: */*\r\nAccept-Language: en-us\r\nUser-Agent: MSMSGS\r\n"+
		"Host: %s\r\n"+
		"Proxy-Connection: Keep-Alive\r\nConnection: Keep-Alive\r\nPragma: no-cache\r\n"+
		"Content-Type: application/x-msn-messenger\r\nContent-Length: %d\r\n\r\n%s", target, host, len(body), body)
	s.log(&s.requests, request)
	if _, err := io.WriteString(s.tcp, request); err != nil {
		return err
	}
	answer, err := s.answer()
	if s.Redial && s.tcp != nil {
		s.tcp.Close()
		s.tcp = nil
	}
	if err == nil {
		_, err = s.conn.Write(answer)
	}
	return err
}

var sessionForm = regexp.MustCompile(`^SessionID=([^; ]+); GW-IP=([^; ]+)(; Session=close)?$`)

// answer reads an answer as a real client does, and returns the commands in it.
func (s *session) answer() ([]byte, error) {
	a, err := http.ReadResponse(s.in, nil)
	if err != nil {
		return nil, err
	}
	defer a.Body.Close()
	if a.StatusCode == http.StatusContinue {
		return s.answer()
	}
	body, err := io.ReadAll(a.Body)
	if err != nil {
		return nil, err
	}
	s.log(&s.answers, fmt.Sprintf("%s %q\r\n%s", a.Status, a.Header.Get("X-MSN-Messenger"), body))
	if a.StatusCode != http.StatusOK {
		return nil, errors.New(a.Status)
	}
	words := sessionForm.FindStringSubmatch(a.Header.Get("X-MSN-Messenger"))
	switch {
	case words == nil:
		s.stumble("X-MSN-Messenger: %q", a.Header.Get("X-MSN-Messenger"))
		return nil, errors.New("no session")
	case a.ContentLength < 0 || len(a.TransferEncoding) > 0:
		s.stumble("an answer without a length: %v", a.Header)
	case a.Close:
		s.stumble("an answer with Connection: close")
	}
	s.id, s.gwIP = words[1], words[2]
	s.check(body)
	return body, nil
}

// check reports a body that does not end with a command.
func (s *session) check(body []byte) {
	r := decode.NewReader(decode.FromServer, dialect.MSNP2.At(s.role))
	r.Feed(body)
	var m decode.Message
	for r.Next(&m) {
	}
	if rest := r.Pending(); len(rest) > 0 {
		s.stumble("a body ends with %q", rest)
	}
}

func (s *session) stumble(format string, args ...any) {
	if s.Fault != nil {
		s.Fault(format, args...)
	}
}

func (c *Client) log(to *[]string, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*to = append(*to, text)
}
