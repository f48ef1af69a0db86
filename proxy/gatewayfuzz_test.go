package proxy

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
)

// maxRequests bounds the requests of one input of FuzzGatewayStream.
const maxRequests = 24

// FuzzGatewayStream checks the stream law over HTTP: however the bytes of both ends are cut into
// bodies, and these into chunks and segments, the events of each direction joined are what its end
// said, and what the other end got is what the events say was sent on, up to what the session's end
// kept back.
func FuzzGatewayStream(f *testing.F) {
	const (
		says = "USR 2 MD5 I alice@hotmail.com\r\nMSG 3 N 12\r\nRNG 1 a\r\nHi\r\nPNG\r\n"
		told = "VER 1 MSNP7\r\nUSR 2 MD5 S 1.2\r\nMSG Hotmail Hotmail 9\r\nXFR 0 NS \r\n" +
			"XFR 3 SB 10.0.0.9:1864 CKI 7\r\nRNG 11 10.0.0.9:1864 CKI 8 bob@hotmail.com Bob\r\nQNG\r\n"
	)
	f.Add([]byte(says), []byte(told), uint8(18), uint8(7), false)
	f.Add([]byte(says), []byte(told), uint8(200), uint8(0), true)
	f.Add([]byte(says), []byte(told), uint8(4), uint8(250), true)
	f.Add([]byte("\x00\r\nUSR\n\nMSG 1 N 9999\r\n"), []byte("XFR 3 SB 10.0.0"), uint8(3), uint8(40), false)
	f.Add([]byte("OUT\r\n"), []byte("OUT SSD\r\nUBX a@b.c 3\r\nabc"), uint8(2), uint8(90), true)
	f.Fuzz(func(t *testing.T, says, told []byte, size, segment uint8, chunked bool) {
		const most = 4 << 10
		says, told = says[:min(len(says), most)], told[:min(len(told), most)]
		synctest.Test(t, func(t *testing.T) {
			w := &wireOverHTTP{t: t, chunked: chunked, segment: 1 + int(segment)*4}
			for i, piece := range [][]byte{says, told} {
				w.bodies[i] = cut(piece, max(1+int(size), len(piece)/maxRequests+1))
			}
			// No server speaks before a line of the client has come, nor does the proxy listen.
			w.bodies[0] = append([][]byte{[]byte("VER 1 MSNP7 CVR0\r\n")}, w.bodies[0]...)
			w.run()
		})
	})
}

// cut returns b in pieces of n bytes.
func cut(b []byte, n int) (all [][]byte) {
	for ; len(b) > n; b = b[n:] {
		all = append(all, b[:n])
	}
	return append(all, b)
}

// wireOverHTTP is a client and a gateway with the proxy between.
type wireOverHTTP struct {
	t       *testing.T
	bodies  [2][][]byte // that the client and the gateway send, in their order
	chunked bool
	segment int // bytes of one write
	got     [2][]byte
}

// write sends the message in segments.
func (w *wireOverHTTP) write(c net.Conn, head string, body []byte) error {
	text := head + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	if w.chunked && len(body) > 0 {
		text = head + "Transfer-Encoding: chunked\r\n\r\n"
		for _, part := range cut(body, w.segment) {
			text += fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
		}
		text += "0\r\n\r\n"
	}
	for _, part := range cut([]byte(text), w.segment) {
		if _, err := c.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// next removes and returns the next body of an end, nil after the last one.
func (w *wireOverHTTP) next(end int) (body []byte) {
	if all := w.bodies[end]; len(all) > 0 {
		body, w.bodies[end] = all[0], all[1:]
	}
	return body
}

// gateway answers requests until the proxy says no more.
func (w *wireOverHTTP) gateway(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for {
		q, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		body, err := io.ReadAll(q.Body)
		if err != nil {
			return
		}
		w.got[0] = append(w.got[0], body...)
		if w.write(c, "HTTP/1.1 200 OK\r\nX-MSN-Messenger: SessionID=1.2; GW-IP=9.9.9.9\r\n", w.next(1)) != nil {
			return
		}
	}
}

func (w *wireOverHTTP) run() {
	t := w.t
	l := newLab(t, Options{Upstream: nsAddr, Gateway: gwAddr})
	on, err := l.back.Listen(gwAddr)
	if err != nil {
		t.Fatal(err)
	}
	defer on.Close()
	l.listen(webAddr)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if c, err := on.Accept(); err == nil {
			w.gateway(c)
		}
	}()
	want := [2][]byte{bytes.Join(w.bodies[0], nil), bytes.Join(w.bodies[1], nil)}
	c := l.client(webAddr)
	in := bufio.NewReader(c)
	query := "Action=open&Server=NS&IP=a"
	for late := 0; late < 3; query = "SessionID=1.2" {
		if len(w.bodies[0])+len(w.bodies[1]) == 0 { // what waits for more of its command leaves after a while
			time.Sleep(time.Second)
			late++
		}
		head := "POST http://a/gateway/gateway.dll?" + query + " HTTP/1.1\r\nHost: a\r\n"
		if err := w.write(c.Conn, head, w.next(0)); err != nil {
			t.Fatal(err)
		}
		a, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("no answer: %v", err)
		}
		body, err := io.ReadAll(a.Body)
		if err != nil {
			t.Fatalf("half an answer: %v", err)
		}
		w.got[1] = append(w.got[1], body...)
	}
	c.Conn.Close()
	<-done
	synctest.Wait()
	l.proxy.Close()
	for i, dir := range []decode.Dir{decode.FromClient, decode.FromServer} {
		var said, sent []byte
		for _, e := range l.all() {
			if e.Kind == session.Command && e.Dir == dir {
				m := e.Sent()
				said, sent = append(said, e.In.Raw...), append(sent, m.Raw...)
			}
		}
		if !bytes.Equal(said, want[i]) {
			t.Errorf("%v: the events are %q, want %q", dir, said, want[i])
		}
		if !bytes.HasPrefix(sent, w.got[i]) || len(sent)-len(w.got[i]) > decode.MaxLine {
			t.Errorf("%v: the other end got %q of %q", dir, w.got[i], sent)
		}
	}
}
