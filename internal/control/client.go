package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/edit"
)

// These are the limits of a Client.
const (
	// callTime is how long a call may take. No request takes the server longer.
	callTime = 10 * time.Second
	// glance is the interval at which the client fetches the held commands and the statistics.
	glance = 200 * time.Millisecond
	// maxAnswer is how many bytes of an answer the client reads at most: 16 MB of held commands,
	// the most there can be, as JSON in which every byte is escaped.
	maxAnswer = 128 << 20
)

// Client controls a proxy through its control API. It implements the inspector's Steering. Its
// methods are safe for concurrent use. Close it after use.
type Client struct {
	http  *http.Client
	token string
	stop  context.CancelFunc
	done  chan struct{}

	mu    sync.Mutex
	held  []edit.Held
	expr  string
	stats jsonStats
	err   error // of the last glance
}

// Dial connects to the control API at an address in the form that [IsSocket] describes. The error
// says that nothing serves the API there, or matches [ErrToken] if the token is wrong. ctx limits
// only the dialing.
func Dial(ctx context.Context, address, token string) (*Client, error) {
	c := &Client{token: token, done: make(chan struct{})}
	c.http = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			if IsSocket(address) {
				return d.DialContext(ctx, "unix", address)
			}
			return d.DialContext(ctx, "tcp", address)
		},
		Proxy: nil, // never through an HTTP proxy
	}}
	ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.look(ctx); err != nil {
		c.stop()
		return nil, err
	}
	go c.watch(ctx)
	return c, nil
}

// Close ends the connection. If this was the last client with a lease, held commands are sent on.
func (c *Client) Close() {
	c.stop()
	<-c.done
	c.http.CloseIdleConnections()
}

// Recording returns a recording of all events, which grows as they come; the caller must close it.
// While it is open the client holds a lease: when the last lease ends, held commands are sent on.
func (c *Client) Recording(ctx context.Context) (io.ReadCloser, error) {
	resp, err := c.send(ctx, "GET", "/v1/recording?lease=true", nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// watch repeats look until ctx ends.
func (c *Client) watch(ctx context.Context) {
	defer close(c.done)
	ticker := time.NewTicker(glance)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := c.look(ctx)
		c.mu.Lock()
		if c.err = err; err != nil {
			c.held = nil
		}
		c.mu.Unlock()
	}
}

// look fetches the held commands, the expression that holds them, and the figures.
func (c *Client) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var answer jsonHeldList
	if err := c.call(ctx, "GET", "/v1/held", nil, &answer); err != nil {
		return err
	}
	var expr jsonExpr
	if err := c.call(ctx, "GET", "/v1/intercept", nil, &expr); err != nil {
		return err
	}
	var stats jsonStats
	if err := c.call(ctx, "GET", "/v1/stats", nil, &stats); err != nil {
		return err
	}
	held := make([]edit.Held, 0, len(answer.Held))
	for i := range answer.Held {
		h, err := answer.Held[i].held()
		if err != nil {
			return err
		}
		held = append(held, h)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.expr, c.stats = held, expr.Expr, stats
	return nil
}

// held returns the held command, with as much of its event rebuilt as the inspector shows and
// edits.
func (j *jsonHeld) held() (edit.Held, error) {
	var event struct {
		Conn                 int
		Dir, Role, Dialect   string
		Client, Server, User string
	}
	if err := json.Unmarshal(j.Event, &event); err != nil {
		return edit.Held{}, fmt.Errorf("control: decode a held command: %w", err)
	}
	e := &session.Event{
		Time: j.Since, Conn: event.Conn, Dir: decode.FromClient, Role: dialect.ParseRole(event.Role),
		Dialect: event.Dialect,
		Client:  event.Client, Server: event.Server, User: event.User, Out: j.Out, Flags: session.Held,
	}
	if event.Dir == "S" {
		e.Dir = decode.FromServer
	}
	table := session.Table(e.Dialect)
	e.In = decode.Parse(j.In, e.Dir, table.At(e.Role))
	roles := e.Role
	if !roles.Known() {
		roles = dialect.Any
	}
	e.Row = table.Match(e.Dir, roles, &e.In)
	return edit.Held{ID: j.ID, Event: e, Since: j.Since, Until: j.Until, Gone: j.Gone}, nil
}

// Held returns the held commands, the oldest first, as of the last glance. The caller must not
// change the slice.
func (c *Client) Held() []edit.Held {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// Bypassed returns how many signs there were that traffic goes past the proxy, and the text of the
// latest, as [proxy.Proxy.Bypassed] had them at the last glance.
func (c *Client) Bypassed() (n int, latest string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats.Bypassed, c.stats.LatestBypass
}

// Err returns the error of the last glance, nil if the proxy answered.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Release sends a command on unchanged. The error is [edit.ErrGone] if it is no longer held.
func (c *Client) Release(id uint64) error {
	return c.decide(id, "/release", nil)
}

// Replace sends other bytes in place of a command, further ones after the first; none drop it. The
// error is [edit.ErrGone] if the command is no longer held.
func (c *Client) Replace(id uint64, raw ...[]byte) error {
	if len(raw) == 0 {
		return c.decide(id, "/drop", nil)
	}
	return c.decide(id, "/edit", jsonEdit{Base64: raw})
}

// decide posts a decision about a held command, and forgets the command at once.
func (c *Client) decide(id uint64, what string, body any) error {
	err := c.ask("POST", "/v1/held/"+strconv.FormatUint(id, 10)+what, body)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		rest := make([]edit.Held, 0, len(c.held))
		for _, h := range c.held {
			if h.ID != id {
				rest = append(rest, h)
			}
		}
		c.held = rest
	}
	return err
}

// Inject sends a command. The error wraps [edit.ErrNoConn] for a connection that is not open, and
// is an [edit.NotAllowedError] for a command that its dialect's table does not allow.
func (c *Client) Inject(in edit.Injection) error {
	return c.ask("POST", "/v1/inject",
		jsonInjection{Conn: in.Conn, Dir: in.Dir.String(), Text: in.Text, Anyway: in.Anyway})
}

// Kill closes both sides of the connection with the number conn.
func (c *Client) Kill(conn int) error {
	return c.ask("POST", "/v1/connections/"+strconv.Itoa(conn)+"/kill", nil)
}

// Intercept holds commands that match a filter expression from now on; "" holds none.
func (c *Client) Intercept(expr string) error {
	err := c.ask("PUT", "/v1/intercept", jsonExpr{expr})
	if err == nil {
		c.mu.Lock()
		c.expr = expr
		c.mu.Unlock()
	}
	return err
}

// Intercepting returns the filter expression of the commands that are held, "" for none.
func (c *Client) Intercepting() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expr
}

// ask sends a request whose answer does not matter, unless it is a refusal.
func (c *Client) ask(method, path string, body any) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	return c.call(ctx, method, path, body, nil)
}

// call sends a request and decodes the JSON of its answer into answer, unless that is nil.
func (c *Client) call(ctx context.Context, method, path string, body, answer any) error {
	resp, err := c.send(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(answer); err != nil {
		return fmt.Errorf("control: decode the answer to %s %s: %w", method, path, err)
	}
	return nil
}

// send sends a request and returns the response, whose body the caller must close. A refusal is
// returned as an error.
func (c *Client) send(ctx context.Context, method, path string, body any) (*http.Response, error) {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return nil, fmt.Errorf("control: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://msnscope"+path, bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	var said jsonError
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&said); err != nil || said.Error == "" {
		said.Error = "the answer is " + resp.Status
	}
	return nil, failure(resp.StatusCode, said.Error)
}

// failure rebuilds the server's error from the status and the text, as far as they identify it.
func failure(status int, text string) error {
	switch {
	case status == http.StatusConflict:
		return &edit.NotAllowedError{Err: errors.New(text)}
	case status == http.StatusNotFound && strings.Contains(text, edit.ErrGone.Error()):
		return edit.ErrGone
	case status == http.StatusNotFound && strings.Contains(text, edit.ErrNoConn.Error()):
		return fmt.Errorf("%w", edit.ErrNoConn)
	case status == http.StatusUnauthorized:
		return &problem{status, errors.New(text)}
	}
	return errors.New(text)
}

// ErrToken means that the token is missing or wrong. Test for it with errors.Is.
var ErrToken = errors.New("the token is wrong")

// Is reports whether target is ErrToken and the token was refused.
func (p *problem) Is(target error) bool {
	return target == ErrToken && p.status == http.StatusUnauthorized
}
