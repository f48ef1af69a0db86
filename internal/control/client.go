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
	"github.com/msnscope/msnscope/internal/steer"
)

// Limits of a Client.
const (
	// callTime is how long a call may take: the server does nothing that takes long.
	callTime = 10 * time.Second
	// glance is how often it asks what is held and how things stand.
	glance = 200 * time.Millisecond
	// maxAnswer is the greatest answer that it reads: a thousand held commands of common size, or some of the greatest.
	maxAnswer = 64 << 20
)

// Client steers the proxy behind a control API. It implements the inspector's Steering. Close it.
type Client struct {
	http  *http.Client
	token string
	stop  context.CancelFunc
	done  chan struct{}

	mu    sync.Mutex
	held  []steer.Held
	expr  string
	stats jsonStats
	err   error // of the last glance
}

// Dial connects to the control API at an address as [IsSocket] takes it. The error says that nobody is there, or that the token
// is wrong.
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
		Proxy: nil, // never through one
	}}
	ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := c.look(ctx); err != nil {
		c.stop()
		return nil, err
	}
	go c.watch(ctx)
	return c, nil
}

// Close ends the connection. Where this was the last inspector with a lease, held commands go on.
func (c *Client) Close() {
	c.stop()
	<-c.done
	c.http.CloseIdleConnections()
}

// Recording returns the recording of all events, which goes on as they come; the caller closes it. While it is open the client
// holds a lease: when it ends, held commands go on.
func (c *Client) Recording(ctx context.Context) (io.ReadCloser, error) {
	resp, err := c.send(ctx, "GET", "/v1/recording?lease=true", nil)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// watch keeps up to date what look asks for.
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

// look asks what is held, by what expression, and for the figures.
func (c *Client) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var answer struct {
		Held []jsonHeld `json:"held"`
	}
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
	held := make([]steer.Held, 0, len(answer.Held))
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

// held makes the event of a held command again: what the inspector shows of it, and changes.
func (j *jsonHeld) held() (steer.Held, error) {
	var about struct {
		Conn                 int
		Dir, Role, Dialect   string
		Client, Server, User string
	}
	if err := json.Unmarshal(j.Event, &about); err != nil {
		return steer.Held{}, fmt.Errorf("a held command: %w", err)
	}
	e := &session.Event{
		Time: j.Since, Conn: about.Conn, Dir: decode.FromClient, Role: dialect.ParseRole(about.Role), Dialect: about.Dialect,
		Client: about.Client, Server: about.Server, User: about.User, Out: j.Out, Flags: session.Held,
	}
	if about.Dir == "S" {
		e.Dir = decode.FromServer
	}
	table := session.Table(e.Dialect)
	e.In = decode.Parse(j.In, e.Dir, table.At(e.Role))
	roles := e.Role
	if !roles.Known() {
		roles = dialect.Any
	}
	e.Row = table.Match(e.Dir, roles, &e.In)
	return steer.Held{ID: j.ID, Event: e, Since: j.Since, Until: j.Until, Gone: j.Gone}, nil
}

// Held returns the commands that wait, the oldest first, as they were a moment ago.
func (c *Client) Held() []steer.Held {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.held
}

// Bypassed returns how many referrals clients did not follow, and what is known of the latest, as [proxy.Proxy.Bypassed] had it a
// moment ago.
func (c *Client) Bypassed() (n int, latest string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats.Bypassed, c.stats.LatestBypass
}

// Err returns why the proxy could not be asked a moment ago, nil if it could.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Release lets a command go on.
func (c *Client) Release(id uint64) error {
	return c.decide(id, "/release", nil)
}

// Replace sends other bytes in place of a command; nothing drops it.
func (c *Client) Replace(id uint64, raw ...[]byte) error {
	if len(raw) == 0 {
		return c.decide(id, "/drop", nil)
	}
	return c.decide(id, "/edit", jsonEdit{Base64: raw})
}

// decide says what shall become of a command, and forgets it at once.
func (c *Client) decide(id uint64, what string, body any) error {
	err := c.ask("POST", "/v1/held/"+strconv.FormatUint(id, 10)+what, body)
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		rest := make([]steer.Held, 0, len(c.held))
		for _, h := range c.held {
			if h.ID != id {
				rest = append(rest, h)
			}
		}
		c.held = rest
	}
	return err
}

// Inject sends a command.
func (c *Client) Inject(in steer.Injection) error {
	return c.ask("POST", "/v1/inject", jsonInjection{Conn: in.Conn, Dir: in.Dir.String(), Text: in.Text, Anyway: in.Anyway})
}

// Kill ends a connection.
func (c *Client) Kill(conn int) error {
	return c.ask("POST", "/v1/connections/"+strconv.Itoa(conn)+"/kill", nil)
}

// Intercept holds what an expression matches from now on.
func (c *Client) Intercept(expr string) error {
	err := c.ask("PUT", "/v1/intercept", jsonExpr{expr})
	if err == nil {
		c.mu.Lock()
		c.expr = expr
		c.mu.Unlock()
	}
	return err
}

// Intercepting returns the expression of what is held.
func (c *Client) Intercepting() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expr
}

func (c *Client) ask(method, path string, body any) error {
	ctx, cancel := context.WithTimeout(context.Background(), callTime)
	defer cancel()
	return c.call(ctx, method, path, body, nil)
}

// call sends a request and reads the JSON of its answer into answer, nil for nowhere.
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
		return fmt.Errorf("control: the answer to %s %s: %w", method, path, err)
	}
	return nil
}

// send sends a request and returns the answer, whose body the caller closes; an answer that refuses is an error.
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
	var said struct {
		Error string `json:"error"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBody)).Decode(&said); err != nil || said.Error == "" {
		said.Error = "the answer is " + resp.Status
	}
	return nil, failure(resp.StatusCode, said.Error)
}

// failure is the error that the server had, as far as it tells.
func failure(status int, text string) error {
	switch {
	case status == http.StatusConflict:
		return &steer.NotAllowedError{Err: errors.New(text)}
	case status == http.StatusNotFound && strings.Contains(text, steer.ErrGone.Error()):
		return steer.ErrGone
	case status == http.StatusNotFound && strings.Contains(text, steer.ErrNoConn.Error()):
		return fmt.Errorf("%w", steer.ErrNoConn)
	case status == http.StatusUnauthorized:
		return &problem{status, errors.New(text)}
	}
	return errors.New(text)
}

// ErrToken is found with errors.Is in the error for a token that is missing or wrong.
var ErrToken = errors.New("the token is wrong")

// Is makes errors.Is find ErrToken.
func (p *problem) Is(target error) bool {
	return target == ErrToken && p.status == http.StatusUnauthorized
}
