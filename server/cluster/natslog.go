package cluster

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/msnscope/msnscope/server/accounts"
)

// natsLog passes on to an operator what NATS logs, each line once, and remembers what may keep a
// node from its cluster.
type natsLog struct {
	log  *slog.Logger
	seen accounts.Firsts

	mu    sync.Mutex
	cause string // the last line that says what keeps the node from its cluster
	dead  error  // why the server cannot run
}

// troubles says what lines of NATS that contain a text mean to an operator.
var troubles = []struct{ text, means string }{
	{"duplicate name", "another node has this node's name: give each its own"},
	{"Authorization Violation", "another node does not accept the cluster's password"},
	{"authentication error", "another node has a different password, or is none of this cluster"},
	{"TLS", "another node was refused, or refuses this one: see the certificates"},
	{"cluster name", "a node of another cluster answers"},
	{"JetStream out of", "the disk is full: free some space and start the node again"},
	{"no space left", "the disk is full: free some space and start the node again"},
}

// note logs a line at the level, with what it means if that is known.
func (l *natsLog) note(level slog.Level, format string, args []any) {
	line := fmt.Sprintf(format, args...)
	for _, t := range troubles {
		if level >= slog.LevelWarn && strings.Contains(line, t.text) {
			l.mu.Lock()
			l.cause = t.means
			l.mu.Unlock()
			if l.seen.First(t.means) {
				l.log.Error(t.means, "nats", line)
			}
			return
		}
	}
	if level > slog.LevelWarn && l.seen.First(line) {
		l.log.Warn("NATS reports an error", "nats", line)
	}
}

// Noticef implements the Logger of NATS.
func (l *natsLog) Noticef(format string, args ...any) { l.note(slog.LevelInfo, format, args) }

// Warnf implements the Logger of NATS.
func (l *natsLog) Warnf(format string, args ...any) { l.note(slog.LevelWarn, format, args) }

// Errorf implements the Logger of NATS.
func (l *natsLog) Errorf(format string, args ...any) { l.note(slog.LevelError, format, args) }

// Fatalf implements the Logger of NATS. The process goes on: Start returns the error.
func (l *natsLog) Fatalf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = fmt.Errorf(format, args...)
}

// Debugf implements the Logger of NATS.
func (l *natsLog) Debugf(string, ...any) {}

// Tracef implements the Logger of NATS.
func (l *natsLog) Tracef(string, ...any) {}

// fatal returns why the server cannot run, nil if it can.
func (l *natsLog) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

// trouble returns what may keep the node from its cluster, "" if nothing is known.
func (l *natsLog) trouble() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}
