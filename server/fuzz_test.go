package server

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/internal/msntest"
)

// FuzzConn sends a client's bytes to each kind of server, before and after the logon. Nothing may
// panic, every answer must be in the table, and another user must be served afterwards.
func FuzzConn(f *testing.F) {
	var all strings.Builder
	for _, row := range slices.Concat(dialect.MSNP2.Rows(), dialect.Lookup("MSNP7").Rows()) {
		if row.Dir == decode.FromClient {
			for start := range starts {
				f.Add(start, []byte(row.Example))
			}
			all.WriteString(row.Example)
		}
	}
	for start := range starts {
		f.Add(start, []byte(all.String()))
		f.Add(start, []byte(strings.Repeat("x", 9000)+"\r\nVER 1 MSNP2\n"))
		f.Add(start, []byte("MSG 1 N 9999999\r\nADD 1 FL bob@hotmail.com B\nADD 2 BL bob@hotmail.com B\nMSG 1"))
	}
	f.Fuzz(func(t *testing.T, start uint8, data []byte) {
		s := New(Options{Preset: Preset(start / starts % 3)})
		defer s.Close()
		nc, role, leave := fuzzStart(t, s, start%starts)
		defer leave()
		go func() { // the server may stop reading
			_, _ = nc.Write(data)
			_ = nc.Conn.(*memnet.Conn).CloseWrite()
		}()
		wire, err := io.ReadAll(nc.R)
		if err != nil && !strings.Contains(err.Error(), "reset") {
			t.Fatalf("reading the answers: %v", err)
		}
		r := decode.NewReader(decode.FromServer, dialect.MSNP2)
		r.Feed(wire)
		var m decode.Message
		for r.Next(&m) {
			if !slices.ContainsFunc(dialect.All()[:newest-1],
				func(table *dialect.Table) bool { return inTable(table, role, m.Raw) == nil }) {
				t.Errorf("no dialect has %q", m.Raw)
			}
		}
		if len(r.Pending()) > 0 {
			t.Errorf("an answer was cut: %q", bytes.TrimSpace(r.Pending()))
		}
		if p, err := logonAfterVer(t, s, "dave@hotmail.com", "davepw"); err != nil {
			t.Errorf("another user is not served: %v", err)
		} else {
			p.Close()
		}
	})
}

const starts = uint8(7)

// fuzzStart returns a connection to send the bytes on: a fresh one of each role, or one of alice's
// that is logged on, online, alone in a session, or logged on with MSNP7 as far as the preset
// allows.
func fuzzStart(t *testing.T, s *Server, start uint8) (p *msntest.Peer, role dialect.Role, leave func()) {
	t.Helper()
	must := func(p *msntest.Peer, err error) *msntest.Peer {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if start < 3 {
		role := []dialect.Role{dialect.DS, dialect.NS, dialect.SB}[start]
		p = must(dialPeer(t, s, []string{s.o.Dispatch, s.o.Notification[0], s.o.Switchboard}[start]))
		return p, role, func() { p.Close() }
	}
	version := "MSNP2"
	if start == 6 && s.set.Extensions {
		version = "MSNP7"
	}
	ns := must(logonAfter(t, s, version, "alice@hotmail.com", "alicepw"))
	if start == 3 || start == 6 {
		return ns, dialect.NS, func() { ns.Close() }
	}
	_, err := ns.Ask("CHG 3 NLN", "CHG 3")
	must(ns, err)
	if start == 4 {
		return ns, dialect.NS, func() { ns.Close() }
	}
	words, err := ns.Ask("XFR 4 SB", "XFR 4")
	must(ns, err)
	sb := must(dialPeer(t, s, words[3]))
	_, err = sb.Ask("USR 5 alice@hotmail.com "+words[5], "USR 5 OK")
	return must(sb, err), dialect.SB, func() { ns.Close(); sb.Close() }
}

// logonAfterVer is logon for every preset.
func logonAfterVer(t *testing.T, s *Server, handle, password string) (*msntest.Peer, error) {
	t.Helper()
	return logonAfter(t, s, "MSNP2", handle, password)
}

func logonAfter(t *testing.T, s *Server, version, handle, password string) (*msntest.Peer, error) {
	t.Helper()
	p, err := dialPeer(t, s, s.o.Notification[0])
	if err != nil {
		return nil, err
	}
	if _, err = p.Ask("VER 0 "+version, "VER 0 "+version); err != nil {
		return nil, err
	}
	words, err := p.Ask("USR 1 MD5 I "+handle, "USR 1 MD5 S")
	if err == nil {
		_, err = p.Ask("USR 2 MD5 S "+decode.MD5Response(words[4], password), "USR 2 OK")
	}
	return p, err
}
