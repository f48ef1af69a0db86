package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
)

const openHead = "POST http://gateway.example/gateway/gateway.dll?Action=open&Server=NS&IP=messenger.example " +
	"HTTP/1.1\r\n" +
	"Host: gateway.example\r\n"

func TestJudge(t *testing.T) {
	for text, want := range map[string]Kind{
		"": Unclear, "PO": Unclear, "POST /gate": Unclear, openHead: Question, "POST /x HTTP/1.1\r\n": Other,
		"VER 1 MSNP2\r\n": Other, "HTTP/1.1 200 OK\r\n": Unclear, "HTTP/1.1 200 OK\r\n\r\n": Other,
		"HTTP/1.1 200 OK\r\nX-MSN-Messenger: SessionID=1\r\n\r\n": Reply,
		"POST " + strings.Repeat("x", MaxHead):                    Other,
	} {
		if got := Judge([]byte(text)); got != want {
			t.Errorf("Judge(%.40q) = %d, want %d", text, got, want)
		}
	}
}

// TestRead: the end of a message is where net/http sees it, and nothing is guessed.
func TestRead(t *testing.T) {
	const answer, inChunks = "HTTP/1.1 200 OK\r\n", "Transfer-Encoding: chunked\r\n\r\n"
	for name, tc := range map[string]struct {
		from  decode.Dir
		bytes string
		ended bool
		body  string
		rest  string
		err   error
	}{
		"length": {
			from: decode.FromClient, bytes: openHead + "Content-Length: 5\r\n\r\nPNG\r\nPOST",
			body: "PNG\r\n", rest: "POST",
		},
		"no length":   {from: decode.FromClient, bytes: openHead + "\r\nPOST", rest: "POST"},
		"half a head": {from: decode.FromClient, bytes: openHead, err: ErrMore},
		"half a body": {from: decode.FromClient, bytes: openHead + "Content-Length: 6\r\n\r\nPNG\r\n", err: ErrMore},
		"chunks": {
			from: decode.FromClient, bytes: openHead + inChunks + "3;x=y\r\nPNG\r\n2\r\n\r\n\r\n0\r\nT: 1\r\n\r\nPO",
			body: "PNG\r\n", rest: "PO",
		},
		"half a trailer":  {from: decode.FromClient, bytes: openHead + inChunks + "0\r\nT: 1\r\n", err: ErrMore},
		"chunks that lie": {from: decode.FromClient, bytes: openHead + inChunks + "zz\r\n0\r\n", err: ErrNoHTTP},
		"two lengths": {
			from: decode.FromClient, bytes: openHead + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
			err: ErrNoHTTP,
		},
		"a length that lies": {from: decode.FromClient, bytes: openHead + "Content-Length: -1\r\n\r\n", err: ErrNoHTTP},
		"two ends of a head": {from: decode.FromClient, bytes: "T / HTTP/1.1\nA: b\n\nC: d\r\n\r\n", err: ErrNoHTTP},

		"no HTTP":             {from: decode.FromClient, bytes: "VER 1 MSNP2\r\n\r\n", err: ErrNoHTTP},
		"until the end":       {from: decode.FromServer, bytes: answer + "\r\nPNG", ended: true, body: "PNG"},
		"until an end before": {from: decode.FromServer, bytes: answer + "\r\nPNG", err: ErrMore},
		"nothing to come":     {from: decode.FromServer, bytes: "HTTP/1.1 204 No\r\n\r\nHTTP", rest: "HTTP"},
		"too long": {
			from: decode.FromServer, bytes: fmt.Sprintf("%sContent-Length: %d\r\n\r\n", answer, MaxBody+1),
			err: ErrTooLong,
		},
	} {
		m, err := Read(tc.from, []byte(tc.bytes), tc.ended)
		if !errors.Is(err, tc.err) || err == nil && (string(m.Body) != tc.body || tc.bytes[m.Size:] != tc.rest) {
			t.Errorf("%s: %q in %d bytes, %v; want %q, %q after it, %v", name, m.Body, m.Size, err, tc.body, tc.rest,
				tc.err)
		}
	}
}

func TestReadIsBounded(t *testing.T) {
	for name, text := range map[string]string{
		"head":   openHead + strings.Repeat("X: y\r\n", MaxHead/5),
		"chunks": openHead + "Transfer-Encoding: chunked\r\n\r\n" + strings.Repeat("1\r\nx\r\n", maxChunked/5),
		"length": openHead + "Content-Length: 99999999\r\n\r\n",
	} {
		if _, err := Read(decode.FromClient, []byte(text), false); !errors.Is(err, ErrTooLong) {
			t.Errorf("%s: %v, want %v", name, err, ErrTooLong)
		}
	}
}

// TestHead: each change leaves every other byte as it was.
func TestHead(t *testing.T) {
	head := Head("POST http://a/gateway.dll?Action=poll&SessionID=1.2&x HTTP/1.1\r\nhost:\ta \r\nX-MSN-Messenger:  " +
		"SessionID=1; gw-ip=9 ; Session=close\r\nContent-Length: 0\r\n\r\n")
	for name, tc := range map[string]struct {
		got      Head
		was, now string
	}{
		"field":         {head.With("Host", "b"), "host:\ta \r\n", "host:\tb \r\n"},
		"no such field": {head.With("Cookie", "b"), "", ""},
		"param":         {head.WithParam(Header, "GW-IP", "8"), "gw-ip=9 ;", "gw-ip=8;"},
		"length":        {head.WithLength(17), "Content-Length: 0", "Content-Length: 17"},
		"target":        {head.WithTarget(WithHost(head.Target(), "b:80")), "http://a/", "http://b:80/"},
		"query":         {head.WithTarget(WithQuery(head.Target(), "sessionid", "9")), "SessionID=1.2", "SessionID=9"},
		"write":         {head.WithTarget(AsWrite(head.Target())), "Action=poll&", ""},
	} {
		want := strings.Replace(string(head), tc.was, tc.now, 1)
		if string(tc.got) != want {
			t.Errorf("%s: %q, want %q", name, tc.got, want)
		}
	}
	chunked := Head("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nA: b\r\n\r\n")
	if got, want := string(chunked.WithLength(3)), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nA: b\r\n\r\n"; got != want {
		t.Errorf("chunked: %q, want %q", got, want)
	}
	if got, want := AsPoll("/gateway.dll?SessionID=1"), "/gateway.dll?Action=poll&SessionID=1"; got != want {
		t.Errorf("AsPoll: %q, want %q", got, want)
	}
	if got := WithHost("/gateway.dll?x=http://y/", "b"); got != "/gateway.dll?x=http://y/" {
		t.Errorf("WithHost of a path: %q", got)
	}
}

func TestFarewell(t *testing.T) {
	for body, want := range map[string]bool{
		"OUT\r\n": true, "PNG\r\nOUT\r\n": true, "OUT": true, "OUT\r\nPNG\r\n": false, "": false, "PNG\r\n": false,
	} {
		if got := Farewell([]byte(body)); got != want {
			t.Errorf("Farewell(%q) = %v, want %v", body, got, want)
		}
	}
}

// FuzzRead checks that messages are found at the same places however their bytes come, that they
// never grow beyond their limits, and that a head that is changed and changed back is the same.
func FuzzRead(f *testing.F) {
	seeds := [][]byte{
		[]byte(openHead + "Content-Length: 5\r\n\r\nPNG\r\n" + openHead +
			"Transfer-Encoding: chunked\r\n\r\n3\r\nOUT\r\n2\r\n\r\n\r\n0\r\n\r\n"),
		[]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX-MSN-Messenger: SessionID=1.2; GW-IP=10.0.0.7\r\n" +
			"Content-Length: 5\r\n\r\nQNG\r\n"),
	}
	for _, s := range seeds {
		f.Add(s, true, uint8(3))
		f.Add(s, false, uint8(200))
	}
	f.Fuzz(func(t *testing.T, b []byte, client bool, cut uint8) {
		from := decode.FromServer
		if client {
			from = decode.FromClient
		}
		for rest := b; len(rest) > 0; {
			m, err := Read(from, rest, false)
			if err != nil {
				break
			}
			if m.Size <= 0 || m.Size > len(rest) || len(m.Body) > MaxBody || len(m.Head) > MaxHead {
				t.Fatalf("%d bytes of %d, body %d, head %d", m.Size, len(rest), len(m.Body), len(m.Head))
			}
			if !m.Chunked && !bytes.Equal(rest[:m.Size], append(append([]byte(nil), m.Head...), m.Body...)) {
				t.Fatal("head and body are not the message")
			}
			part := min(int(cut), m.Size-1)
			if n, err := Read(from, rest[:part], false); err == nil && !m.Chunked {
				t.Fatalf("a message of %d bytes was read from %d of them: %d", m.Size, part, n.Size)
			}
			checkHead(t, from, &m)
			rest = rest[m.Size:]
		}
	})
}

func checkHead(t *testing.T, from decode.Dir, m *Message) {
	t.Helper()
	if host := m.Head.Value("Host"); host != "" {
		if back := m.Head.With("Host", "x").With("Host", host); !bytes.Equal(back, m.Head) {
			t.Fatalf("changed back: %q, was %q", back, m.Head)
		}
	}
	changed := append([]byte(m.Head.WithLength(4)), "abcd"...)
	again, err := Read(from, changed, false)
	whole := err == nil && again.Size == len(changed)
	if err != nil && from == decode.FromClient || whole && string(again.Body) != "abcd" {
		t.Fatalf("with another body: %q, %v", changed, err)
	}
}

// TestReadSaysHowMuch: a message whose length is announced says how many bytes it will have.
func TestReadSaysHowMuch(t *testing.T) {
	const begun = openHead + "Content-Length: 50\r\n\r\nPNG"
	for text, want := range map[string]int{
		begun: len(begun) - len("PNG") + 50, openHead: 0, openHead + "Transfer-Encoding: chunked\r\n\r\n5\r\n": 0,
	} {
		if m, err := Read(decode.FromClient, []byte(text), false); !errors.Is(err, ErrMore) || m.Size != want {
			t.Errorf("%q: %d bytes, %v; want %d", text, m.Size, err, want)
		}
	}
}
