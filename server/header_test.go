package server

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/msntest"
)

// header returns the header of a proxy for a client.
func header(
	t *testing.T, version byte, command proxyproto.ProtocolVersionAndCommand, client, server string,
	tlvs ...proxyproto.TLV,
) string {
	t.Helper()
	at := func(a string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(a)) }
	h := proxyproto.HeaderProxyFromAddrs(version, at(client), at(server))
	h.Command = command
	if err := h.SetTLVs(tlvs); err != nil {
		t.Fatal(err)
	}
	b, err := h.Format()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestProxyProtocol: a client behind a trusted proxy has the address in the header; without a
// header, or with half of one, nobody is served, and from anywhere else a header is refused.
func TestProxyProtocol(t *testing.T) {
	v2 := header(t, 2, proxyproto.PROXY, "192.0.2.7:4711", "10.9.9.9:1863")
	v6 := header(t, 2, proxyproto.PROXY, "[2001:db8::7]:4711", "[2001:db8::1]:1863")
	tlvs := header(t, 2, proxyproto.PROXY, "192.0.2.7:4711", "10.9.9.9:1863",
		proxyproto.TLV{Type: proxyproto.PP2_TYPE_AUTHORITY, Value: []byte("VER 9 MSNP9\r\n")},
		proxyproto.TLV{Type: proxyproto.PP2_TYPE_NOOP, Value: make([]byte, 2000)})
	local := header(t, 2, proxyproto.LOCAL, "192.0.2.7:4711", "10.9.9.9:1863")
	const ver = "VER 0 MSNP2\r\n"
	for _, tc := range []struct {
		name, from string
		said       []string // one second apart
		client     string   // "" where nobody is served
	}{
		{"version 2", "10.1.1.1", []string{v2, ver}, "192.0.2.7:4711"},
		{"one write", "10.1.1.1", []string{v2 + ver}, "192.0.2.7:4711"},
		{"in pieces", "10.1.1.1", []string{v2[:7], v2[7:15], v2[15:20], v2[20:] + ver[:3], ver[3:]}, "192.0.2.7:4711"},
		{"IPv6", "10.1.1.1", []string{v6 + ver}, "[2001:db8::7]:4711"},
		{"TLVs", "10.1.1.1", []string{tlvs + ver}, "192.0.2.7:4711"},
		{"LOCAL", "10.1.1.1", []string{local + ver}, "10.1.1.1:4000"},
		{"version 1", "10.1.1.1", []string{"PROXY TCP4 192.0.2.7 10.9.9.9 4711 1863\r\n" + ver}, "192.0.2.7:4711"},
		{"version 1, unknown", "10.1.1.1", []string{"PROXY UNKNOWN\r\n" + ver}, "10.1.1.1:4000"},
		{"nearly the proxy", "10.2.0.1", []string{ver}, "10.2.0.1:4000"},

		{"no header", "10.1.1.1", []string{ver}, ""},
		{"half a header", "10.1.1.1", []string{v2[:20]}, ""},
		{"a trickle", "10.1.1.1", []string{v2[:1], v2[1:2], v2[2:3], v2[3:4], v2[4:5], v2[5:6], v2[6:] + ver}, ""},
		{"too long", "10.1.1.1", []string{v2[:14] + "\xff\xff" + strings.Repeat("x", 65_535) + ver}, ""},
		{"too short for its addresses", "10.1.1.1", []string{v2[:14] + "\x00\x04abcd" + ver}, ""},
		{"no version", "10.1.1.1", []string{v2[:12] + "\x11" + v2[13:] + ver}, ""},
		{"version 1 without end", "10.1.1.1", []string{"PROXY TCP4 192.0.2.7 " + strings.Repeat("1", 200)}, ""},
		{"version 2 from elsewhere", "10.2.0.1", []string{v2 + ver}, ""},
		{"version 1 from elsewhere", "10.2.0.1", []string{"PROXY TCP4 192.0.2.7 10.9.9.9 4711 1863\r\n" + ver}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var log msntest.Transcript
				s := New(Options{
					ProxyFrom: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")},
					Log:       slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
				})
				defer s.Close()
				from := netip.AddrPortFrom(netip.MustParseAddr(tc.from), 4000)
				nc, err := s.DialFrom(t.Context(), from, "tcp", "127.0.0.3:1863")
				if err != nil {
					t.Fatal(err)
				}
				defer nc.Close()
				go func() {
					for _, said := range tc.said {
						_, _ = io.WriteString(nc, said)
						time.Sleep(time.Second)
					}
				}()
				time.Sleep(10 * time.Second)
				_ = nc.SetReadDeadline(time.Now().Add(time.Second))
				got, _ := io.ReadAll(nc)
				_ = nc.Close()
				synctest.Wait()
				want, logged := ver, "client="+tc.client+" "
				if tc.client == "" {
					want, logged = "", "level=WARN msg=\"connection refused\" role=NS client="+tc.from+":4000 "
				}
				if string(got) != want {
					t.Errorf("got %q, want %q", got, want)
				}
				if !strings.Contains(log.String(), logged) {
					t.Errorf("the log does not say %q: %s", logged, log.String())
				}
			})
		})
	}
}

// TestLimitsBehindAProxy: limits count by the client's address, not by that of its proxy.
func TestLimitsBehindAProxy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{
			MaxConns: 10, Settings: with(Lenient, "address-logons=20", "address-failures=1"),
			ProxyFrom: []netip.Prefix{netip.MustParsePrefix("10.1.1.1/32")},
		})
		defer s.Close()
		proxied := func(client string) *msntest.Peer {
			nc, err := s.DialFrom(t.Context(), netip.MustParseAddrPort("10.1.1.1:4000"), "tcp", "127.0.0.3:1863")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { nc.Close() })
			if _, err := io.WriteString(nc, header(t, 2, proxyproto.PROXY, client, "10.9.9.9:1863")); err != nil {
				t.Fatal(err)
			}
			return msntest.NewPeer(t, nc)
		}
		guesser := proxied("192.0.2.1:1")
		guesser.Must("USR 1 MD5 I alice@hotmail.com", "USR 1 MD5 S")
		guesser.Must("USR 2 MD5 S 0", "911")
		guesser.Must("USR 3 MD5 I alice@hotmail.com", "USR 3 MD5 S")
		start := time.Now()
		guesser.Must("USR 4 MD5 S 0", "911")
		if took := time.Since(start); took < firstDelay/2 {
			t.Errorf("the second guess is answered after %v", took)
		}
		proxied("192.0.2.1:2").Must("VER 0 MSNP2", "VER")
		proxied("192.0.2.1:3").Must("", "600")
		owner := proxied("192.0.2.2:1")
		words := owner.Must("USR 1 MD5 I alice@hotmail.com", "USR 1 MD5 S")
		start = time.Now()
		owner.Must("USR 2 MD5 S "+decode.MD5Response(words[4], "alicepw"), "USR 2 OK")
		if took := time.Since(start); took > refusalTime {
			t.Errorf("the owner is answered after %v", took)
		}
	})
}

// FuzzHeader: whatever a proxy sends, the server consumes nothing beyond the header, and what
// follows is still there.
func FuzzHeader(f *testing.F) {
	f.Add([]byte("PROXY TCP4 192.0.2.7 10.9.9.9 4711 1863\r\n"))
	f.Add([]byte("PROXY UNKNOWN\r\n"))
	f.Add([]byte("\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\x0a\x09\x09\x09\x12\x67\x07\x47"))
	f.Add([]byte("\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x03\x04\x00\x00"))
	f.Fuzz(func(t *testing.T, said []byte) {
		const after = "VER 0 MSNP2\r\n"
		c := &talker{in: *bytes.NewReader(append(bytes.Clone(said), after...))}
		h, err := readHeader(c)
		if err != nil {
			return
		}
		rest, _ := io.ReadAll(&c.in)
		if !strings.HasSuffix(string(said)+after, string(rest)) { // none, if the header's length takes it in
			t.Errorf("after the header %v there is %q of %q", h, rest, said)
		}
		_ = fmt.Sprint(h.SourceAddr)
	})
}

// talker is a connection that has sent something.
type talker struct {
	net.Conn
	in bytes.Reader
}

func (c *talker) Read(p []byte) (int, error)      { return c.in.Read(p) }
func (c *talker) SetReadDeadline(time.Time) error { return nil }
