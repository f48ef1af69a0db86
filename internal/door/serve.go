// Package door serves HTTP to a few callers, such as other programs of the same machine, in a
// process whose memory and descriptors belong to something else: it bounds how many connections
// there are, and how long each may take for what it does.
//
// A connection is a stranger until the handler calls [Known] for a request on it, because the
// request has the right token or asks for something that everybody may see. Strangers cannot keep
// callers out.
package door

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

const (
	// MaxCallers bounds the connections that are known, and MaxStrangers those that are not yet. To
	// make room for one more stranger, the oldest is closed once the server has waited strangerTime
	// for its request header. So a door takes at most 129 descriptors, leaves the rest to traffic,
	// and gets through 1600 strangers a second.
	MaxCallers   = 96
	MaxStrangers = 32
	strangerTime = 20 * time.Millisecond
	// CallerTime is how long the headers of a request may take, and again its body; IdleTime how
	// long a connection may be idle; StallTime how long a reader may read nothing.
	CallerTime = 10 * time.Second
	IdleTime   = 30 * time.Second
	StallTime  = 30 * time.Second
)

// Serve serves h on l until ctx ends; then it ends all requests and returns nil. It closes l in any
// case. Errors of net/http's server go to log. A handler whose answer takes longer than StallTime
// must set its own write deadlines.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	hs := &http.Server{
		Handler: patient{h}, ReadHeaderTimeout: CallerTime, IdleTimeout: IdleTime, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ConnContext: withCaller,
		ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	stop := context.AfterFunc(ctx, func() { hs.Close() })
	defer stop()
	if err := hs.Serve(newDoor(l)); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// patient gives each request and each answer their time.
type patient struct{ http.Handler }

func (h patient) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := http.NewResponseController(w)
	// A connection on which no deadline can be set is in memory and needs none.
	_ = c.SetWriteDeadline(time.Now().Add(StallTime))
	// A body that no handler reads needs a deadline too, since net/http reads to its end to find
	// the next request.
	if r.ContentLength != 0 {
		_ = c.SetReadDeadline(time.Now().Add(CallerTime))
	}
	h.Handler.ServeHTTP(w, r)
}
