package captures

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// post is a request to a gateway, and reply what it answers.
func post(query, body string) string {
	return fmt.Sprintf("POST http://gateway.example/gateway/gateway.dll?%s HTTP/1.1\r\nContent-Type: "+
		"application/x-msn-messenger\r\nContent-Length: %d\r\n\r\n%s", query, len(body), body)
}

func reply(header, body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nX-MSN-Messenger: %s\r\nContent-Length: %d\r\n\r\n%s", header, len(body),
		body)
}

func chunked(header string, bodies ...string) string {
	s := "HTTP/1.1 200 OK\r\nX-MSN-Messenger: " + header + "\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, b := range bodies {
		s += fmt.Sprintf("%x;note=1\r\n%s\r\n", len(b), b)
	}
	return s + "0\r\nTrailer: 1\r\n\r\n"
}

// httpTalk makes packets of what the ends of connections to port 80 say: C or S, the last digit of
// the client's port, the text. Each is cut into segments of so many bytes; one that begins with a
// zero is not in the capture.
func httpTalk(segment int, said ...string) (all []packet) {
	seq := map[string]uint32{}
	for _, s := range said {
		p := packet{from: "10.0.0.1:400" + s[1:2], to: "10.0.0.9:80", flags: ack}
		if s[0] == 'S' {
			p.from, p.to = p.to, p.from
		}
		key := s[:2]
		if seq[key] == 0 {
			all = append(all, packet{p.from, p.to, syn | p.flags&^ack, 99, ""})
			if s[0] == 'S' {
				all[len(all)-1].flags |= ack
			}
			seq[key] = 100
		}
		for text := s[2:]; text != ""; {
			n := min(segment, len(text))
			p.seq, p.data = seq[key], text[:n]
			seq[key], text = seq[key]+uint32(n), text[n:]
			if !strings.HasPrefix(p.data, "\x00") {
				all = append(all, p)
			}
		}
	}
	return all
}

func TestGateway(t *testing.T) {
	const again, also = "SessionID=7.1", "SessionID=7.2; GW-IP=10.0.0.9"
	const refusal = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
	tests := map[string]struct {
		said []string
		want []string
	}{
		"a session over two connections": {
			[]string{
				"C1" + post("Action=open&Server=NS&IP=messenger.example", "VER 1 MSNP8 CVR0\r\n"),
				"S1" + reply(again+"; GW-IP=10.0.0.9", "VER 1 MSNP8\r\n"),
				"C1" + post(again, "INF 2\r\nUSR 3 MD5"), "S1" + reply(also, ""),
				"C2" + post("SessionID=7.2", " I alice@example.com\r\n"),
				"S2" + chunked("SessionID=7.3", "INF 2 MD5\r\nUSR 3 ", "MD5 S 1.2\r\n"),
				"C2" + post("Action=poll&SessionID=7.3", ""),
				"S2HTTP/1.1 100 Continue\r\n\r\n" + reply("SessionID=7.4; Session=close", "OUT SSD\r\n"),
			},
			[]string{
				"1 1 open ", "2 1 note over HTTP, by a gateway: to NS at messenger.example", "3 1 C VER 1 MSNP8 CVR0",
				"4 1 S VER 1 MSNP8", "5 1 C INF 2",
				"6 1 C USR 3 MD5 I alice@example.com", "7 1 S INF 2 MD5", "8 1 S USR 3 MD5 S 1.2", "9 1 S OUT SSD",
				"10 1 close closed by the gateway",
			},
		},
		"two sessions over one connection": {
			[]string{
				"C1" + post("Action=open&Server=NS&IP=a", "PNG\r\n") + post("Action=open&Server=SB&IP=b", "OUT\r\n"),
				"S1" + reply("SessionID=8.1", "QNG\r\n") + reply("SessionID=9.1", ""),
				"C1" + post("SessionID=8.1", "OUT\r\n"),
			},
			[]string{
				"1 1 open ", "2 1 note over HTTP, by a gateway: to NS at a", "3 1 C PNG", "4 2 open ",
				"5 2 note over HTTP, by a gateway: to SB at b", "6 2 C OUT",
				"7 1 S QNG", "8 1 C OUT",
			},
		},
		"from the middle, one direction": {
			[]string{"S1" + reply("SessionID=5.6", "NLN NLN bob@example.com Bob\r\n") +
				reply("SessionID=5.6", "FLN bob@example.com\r\n")},
			[]string{
				"1 1 open " + session.BegunBefore,
				"2 1 S NLN NLN bob@example.com Bob", "3 1 S FLN bob@example.com",
			},
		},
		"polled after its end": {
			[]string{
				"C1" + post("Action=open&Server=SB", "PNG\r\n"),
				"S1" + reply("SessionID=4.1; Session=close", "QNG\r\n"),
				"C1" + post("Action=poll&SessionID=4.1", ""), "S1" + reply("SessionID=4.1", ""),
				"C1" + post("Action=poll&SessionID=4.1", ""), "S1" + refusal,
				"C1" + post("Action=poll&SessionID=99", ""), "S1" + refusal,
				"C1" + post("SessionID=4.1", "PNG\r\n"), // commands are never left out
			},
			[]string{
				"1 1 open ", "2 1 note over HTTP, by a gateway: to SB at ", "3 1 C PNG", "4 1 S QNG",
				"5 1 close closed by the gateway", "6 2 open " + session.BegunBefore, "7 2 C PNG",
			},
		},
		"refused": {
			[]string{
				"C1" + post("Action=open", "PNG\r\n"), "S1" + reply("SessionID=4.1", ""),
				"C1" + post("SessionID=4.1", "PNG\r\n"), "S1" + refusal,
			},
			[]string{"1 1 open ", "2 1 C PNG", "3 1 C PNG", "4 1 close refused by the gateway: 400 Bad Request"},
		},
		"another server's answer between": {
			[]string{
				"C1" + post("Action=open", "PNG\r\n"),
				"S1HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\n<p/>", "C1" + post("SessionID=3", "OUT\r\n"),
			},
			[]string{
				"1 1 open ", "2 1 C PNG", "3 1 note over HTTP, no answer of the gateway: 502 Bad Gateway",
				"4 2 open " + session.BegunBefore, "5 2 C OUT",
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			for _, segment := range []int{4, 7, 5000} { // a packet a second; silence ends sessions
				l, err := loaded(t, foreign(httpTalk(segment, tc.said...)...))
				if err != nil {
					t.Fatal(err)
				}
				wantScript(t, l, tc.want...)
			}
		})
	}
}

// TestGatewayEnds: a session ends when its client says farewell and closes the TCP connection, and
// when nothing is heard of it for a minute.
func TestGatewayEnds(t *testing.T) {
	open := []string{
		"C1" + post("Action=open&Server=NS", "PNG\r\n"), "S1" + reply("SessionID=1.1", ""),
		"C2" + post("Action=open&Server=NS", "PNG\r\n"), "S2" + reply("SessionID=2.1", ""),
	}
	begun := []string{
		"1 1 open ", "2 1 note over HTTP, by a gateway: to NS at ", "3 1 C PNG",
		"4 2 open ", "5 2 note over HTTP, by a gateway: to NS at ", "6 2 C PNG",
	}
	leaves := httpTalk(5000, append(open, "C1"+post("SessionID=1.1", "OUT\r\n"))...)
	for _, end := range []packet{
		{"10.0.0.1:4001", "10.0.0.9:80", fin | ack, 0, ""}, {"10.0.0.9:80", "10.0.0.1:4001", fin | ack, 0, ""},
	} {
		for _, p := range leaves {
			if p.from == end.from {
				end.seq = p.seq + uint32(len(p.data))
			}
		}
		leaves = append(leaves, end)
	}
	l, err := loaded(t, foreign(leaves...))
	if err != nil {
		t.Fatal(err)
	}
	wantScript(t, l, append(begun, "7 1 C OUT", "8 1 close closed by the client")...)

	polls := slices.Clone(open)
	for range 40 { // 80 packets, one a second
		polls = append(polls, "C2"+post("Action=poll&SessionID=2.1", ""), "S2"+reply("SessionID=2.1", ""))
	}
	if l, err = loaded(t, foreign(httpTalk(5000, polls...)...)); err != nil {
		t.Fatal(err)
	}
	wantScript(t, l, append(begun, "7 1 close no request for 1m0s")...)
	for i := range l.Len() {
		if e := l.At(i); e.Kind == session.Command && e.Role != dialect.NS {
			t.Errorf("%s has the role %q, want NS, as Server says", e.In.Line(), e.Role)
		}
	}
}

// TestGatewayEnd: the unfinished commands of sessions on one TCP connection become events in the
// order in which the sessions began, in each run.
func TestGatewayEnd(t *testing.T) {
	var said, want []string
	for i := range 9 {
		said = append(said, "C1"+post("Action=open", fmt.Sprintf("CHG %d NLN\r\nhalf", i)))
		want = append(want, fmt.Sprintf("%d %d open ", 2*i+1, i+1), fmt.Sprintf("%d %d C CHG %d NLN", 2*i+2, i+1, i))
	}
	for i := range 9 {
		want = append(want, fmt.Sprintf("%d %d C opaque \"half\"", 19+i, i+1))
	}
	l, err := loaded(t, foreign(httpTalk(5000, said...)...))
	if err != nil {
		t.Fatal(err)
	}
	wantScript(t, l, want...)
}

// Bytes that are missing from a request become a gap of its session, and the next request is read
// again.
func TestGatewayLoss(t *testing.T) {
	open := post("Action=open", "PNG\r\n")
	l, err := loaded(t,
		foreign(httpTalk(5000, "C1"+open, "S1"+reply("SessionID=1.1", "QNG\r\n"),
			"C1\x00"+post("SessionID=1.1", "OUT\r\n"), "C1 rest", "C1"+post("SessionID=1.1", "PNG\r\n"))...))
	if err != nil {
		t.Fatal(err)
	}
	gap := fmt.Sprintf("4 1 gap %d bytes from the client are not in the capture",
		1+len(post("SessionID=1.1", "OUT\r\n")))
	wantScript(t, l, "1 1 open ", "2 1 C PNG", "3 1 S QNG", gap, "5 1 C PNG")
}

// Connections that are not a gateway's, or turn out not to be HTTP, are forgotten and hold no
// memory.
func TestGatewayIsBounded(t *testing.T) {
	head := "POST /gateway.dll?Action=open HTTP/1.1\r\n"
	for name, text := range map[string]string{
		"head without end": head + strings.Repeat("X: y\r\n", 20_000),
		"body too long":    head + "Content-Length: 99999999\r\n\r\n" + strings.Repeat("x", 100_000),
		"not HTTP":         head + "???\r\n\r\n",
		"chunks that lie":  head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n0\r\n",
	} {
		im := importing(logOf(t, nil))
		h := &httpConn{conn: &connection{im: im, info: new(pcap.FlowInfo)}}
		for at := 0; at < len(text); at += 1000 {
			h.item(&pcap.Item{Kind: pcap.KindData, FromClient: true, Data: []byte(text[at:min(at+1000, len(text))])})
		}
		if n := len(h.buf[client]); n > 0 || !h.astray[client] {
			t.Errorf("%s: %d bytes are kept", name, n)
		}
		im.batch.End()
	}
}
