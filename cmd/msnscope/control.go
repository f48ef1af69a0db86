package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/internal/control"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/intercept"
	"github.com/msnscope/msnscope/ui"
)

// tokenVariable is the environment variable that replaces the token of the control API in the file.
const tokenVariable = "MSNSCOPE_TOKEN"

// tokenFile returns the file with the token of the control API at an address: beside a socket,
// otherwise in the user's cache folder.
func tokenFile(address string) (string, error) {
	if control.IsSocket(address) {
		return address + ".token", nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w; set %s", err, tokenVariable)
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "msnscope", "control-"+port+".token"), nil
}

// controlled is a control API that is being served.
type controlled struct {
	stop     context.CancelFunc
	server   *control.Server
	done     chan struct{} // closed when no more events come
	served   sync.WaitGroup
	listener net.Listener
	file     string // of the token, "" where the environment gave it
}

// serveControl serves the control API at the address. Without one it returns nil, and a nil
// *controlled does nothing.
func serveControl(ctx context.Context, e *env, address string, p *proxy.Proxy, controls *intercept.Controls,
	log *eventlog.Log, out *outlets,
) (*controlled, error) {
	if address == "" {
		return nil, nil
	}
	if err := control.CheckAddress(address); err != nil {
		return nil, usage("--control %s: %w", address, err)
	}
	l, err := control.Listen(address)
	if err != nil {
		return nil, &exitError{exitIO, fmt.Errorf("--control %s: %w", address, err), ""}
	}
	if !control.IsSocket(address) {
		address = l.Addr().String()
	}
	c := &controlled{listener: l, done: make(chan struct{})}
	token := e.getenv(tokenVariable)
	if token == "" {
		if token, err = c.makeToken(address); err != nil {
			l.Close()
			return nil, &exitError{
				exitIO, fmt.Errorf("--control %s: the token: %w", address, err),
				"or set " + tokenVariable,
			}
		}
	}
	ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx)) // it must outlive the run, to report its end
	c.server = control.NewServer(control.Options{
		Log: log, Proxy: p, Controls: controls, Token: token, Logger: out.log, Done: c.done,
		Stalled: func(err error) { out.stopped("stream of the control API", err) },
	})
	c.served.Go(func() {
		if err := c.server.Serve(ctx, l); err != nil {
			out.stopped("control API", err)
		}
	})
	e.say("control on %s, the token is in %s", address, cmp.Or(c.file, "$"+tokenVariable))
	return c, nil
}

func (c *controlled) makeToken(address string) (string, error) {
	file, err := tokenFile(address)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return "", err
	}
	c.file = file
	return control.NewToken(file)
}

// close ends the API and removes the file with its token.
func (c *controlled) close() {
	if c == nil {
		return
	}
	close(c.done)
	c.server.Wait(lastWords)
	c.stop()
	c.served.Wait()
	c.listener.Close()
	if c.file != "" {
		_ = os.Remove(c.file) // a token without a server does no harm
	}
}

// attach runs the inspector, and the page, on the proxy whose control API is at the address.
func attach(c *cobra.Command, e *env, address, expr, page string) error {
	ctx := c.Context()
	token, err := attachToken(e, address)
	if err != nil {
		return err
	}
	client, err := control.Dial(ctx, address, token)
	if errors.Is(err, control.ErrToken) {
		return &exitError{
			exitUsage, fmt.Errorf("--attach %s: %w", address, err),
			"the proxy wrote its token to a file and printed its name; or set " + tokenVariable,
		}
	}
	if err != nil {
		return &exitError{
			exitIO, fmt.Errorf("--attach %s: %w", address, err),
			"msnscope --headless --control " + address + " serves there",
		}
	}
	defer client.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	stream, err := client.Recording(ctx)
	if err != nil {
		return &exitError{exitIO, fmt.Errorf("--attach %s: %w", address, err), ""}
	}
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	m := &mirror{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		m.run(ctx, stream, address, log)
	}()
	defer func() {
		stop()
		stream.Close()
		<-done
	}()
	return e.inspect(ctx, ui.Options{
		Log: log, Live: true, Filter: expr, Steering: client, Title: warned("attached to "+address, client),
		Status: m.status,
	}, page, "the control API has the events as JSON lines: GET /v1/events")
}

// mirror fills a log with the events of another process.
type mirror struct {
	mu    sync.Mutex
	ended string
}

func (m *mirror) run(ctx context.Context, stream io.Reader, address string, log *eventlog.Log) {
	err := captures.NewLoader(log).LoadReader(ctx, stream, address, nil)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended = "the proxy has ended"
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && ctx.Err() == nil && log.Len() == 0 {
		m.ended += ": " + err.Error()
	}
}

// status returns a line for the inspector once the other process has ended, "" before.
func (m *mirror) status() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ended
}

func attachToken(e *env, address string) (string, error) {
	if token := e.getenv(tokenVariable); token != "" {
		return token, nil
	}
	file, err := tokenFile(address)
	if err != nil {
		return "", usage("--attach %s: it must be the path of a socket, or HOST:PORT", address)
	}
	token, err := control.ReadToken(file)
	if err == nil {
		return token, nil
	}
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	return "", &exitError{
		exitIO, fmt.Errorf("--attach %s: the token in %s: %w", address, file, err),
		strings.TrimSpace("msnscope --headless --control " + address + " makes it; " + tokenVariable +
			" gives another"),
	}
}
