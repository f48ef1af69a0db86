package main

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/control"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/intercept"
)

// TestBypassIsReportedFar: that a client was referred and never came stands in the figures of the
// control API, and in the first line of an attached inspector, not in that of the local one alone.
func TestBypassIsReportedFar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var front, back memnet.Network
		p := proxy.New(proxy.Options{
			Upstream: "10.0.0.1:1863", Dial: back.DialContext,
			Publish: func(*session.Event) {},
		})
		defer p.Close()
		servers, err := back.Listen("10.0.0.1:1863")
		if err != nil {
			t.Fatal(err)
		}
		defer servers.Close()
		clients, err := front.Listen("127.0.0.1:1863")
		if err != nil {
			t.Fatal(err)
		}
		go p.Serve(clients)
		if got := warned("here", p)(); got != "here" {
			t.Errorf("before anything happened the first line says %q", got)
		}
		alice, err := front.DialContext(t.Context(), "tcp", "127.0.0.1:1863")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(alice, "USR 1 MD5 I alice@hotmail.com\r\n")
		dispatch, err := servers.Accept()
		if err != nil {
			t.Fatal(err)
		}
		bufio.NewReader(dispatch).ReadString('\n')
		io.WriteString(dispatch, "XFR 1 NS 10.0.0.5:1863\r\n")
		bufio.NewReader(alice).ReadString('\n')
		dispatch.Close()
		alice.Close()
		time.Sleep(time.Minute) // nobody comes to 10.0.0.5

		api, attached := attachable(t, p) // not before: time does not pass while a real socket is waited for
		want := "alice@hotmail.com was sent to the notification server 10.0.0.5:1863 through this proxy and never " +
			"came: it may have gone around"
		var stats struct {
			Bypassed     int
			LatestBypass string `json:"latest_bypass"`
		}
		if err := json.Unmarshal([]byte(api.want(200, "GET", "/v1/stats", "")), &stats); err != nil ||
			stats.Bypassed != 1 || stats.LatestBypass != want {
			t.Errorf("/v1/stats says %+v (%v), want 1 and %q", stats, err, want)
		}
		if got := warned("attached to x", attached)(); !strings.HasPrefix(got,
			"attached to x  BYPASSED 1 times: alice@hotmail.com was sent") {
			t.Errorf("the first line of the attached inspector says %q", got)
		}
	})
}

// attachable serves the control API of p on a socket; it returns a caller that speaks plain HTTP
// and the inspector's client.
func attachable(t *testing.T, p *proxy.Proxy) (*api, *control.Client) {
	log := eventlog.New(eventlog.Options{})
	t.Cleanup(func() { log.Close() })
	socket := msntest.Socket(t)
	l, err := control.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	token, err := control.NewToken(socket + ".token")
	if err != nil {
		t.Fatal(err)
	}
	controls := intercept.NewControls(p, intercept.ControlsOptions{})
	served := make(chan error, 1)
	go func() {
		served <- control.NewServer(control.Options{
			Log: log, Proxy: p, Controls: controls,
			Token: token,
		}).Serve(t.Context(), l)
	}()
	t.Cleanup(func() { <-served })
	c, err := control.Dial(t.Context(), socket, token)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return openAPI(t, socket), c
}
