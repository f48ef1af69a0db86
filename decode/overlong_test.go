package decode_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
)

// orders holds lines that clients would obey if they were commands.
const orders = "XFR 9 NS 10.6.6.6:1863\r\nRNG 7 10.6.6.6:1863 CKI 1.2 mallory@h.com M\r\nOUT\r\nMSG bob@h.com Bob " +
	"5\r\nhello"

// overlong returns a command whose payload has n bytes and is full of orders.
func overlong(begin string, n int) string {
	return fmt.Sprintf("%s %d\r\n%s", begin, n, strings.Repeat(orders, n/len(orders)+1)[:n])
}

// TestOverlongPayload checks that nothing inside a payload is taken for a command, whatever its
// length, and that the command after it is found.
func TestOverlongPayload(t *testing.T) {
	for _, n := range []int{decode.MaxPayload + 1, decode.MaxPayload + decode.MaxPart, 3*decode.MaxPayload - 1} {
		stream := "FLN a@b.c\r\n" + overlong("MSG mallory@h.com M", n) + "FLN c@b.c\r\n"
		got, raw := all(decode.FromServer, stream)
		if string(raw) != stream {
			t.Fatalf("%d bytes: the messages' bytes are not the stream", n)
		}
		if first, last := got[0], got[len(got)-1]; first != `FLN "a@b.c"` || last != `FLN "c@b.c"` {
			t.Errorf("%d bytes: the commands around are %s and %s", n, first, last)
		}
		if want := fmt.Sprintf("opaque %q: payload longer than 1 MB",
			fmt.Sprintf("MSG mallory@h.com M %d\r\n", n)); got[1] != want {
			t.Errorf("%d bytes: the line is %s, want %s", n, got[1], want)
		}
		parts := got[2 : len(got)-1]
		if want := (n + decode.MaxPart - 1) / decode.MaxPart; len(parts) != want {
			t.Errorf("%d bytes: in %d parts, want %d", n, len(parts), want)
		}
		for _, part := range parts {
			if !strings.HasSuffix(part, "part of a payload longer than 1 MB") {
				t.Errorf("%d bytes: inside is %.80s", n, part)
			}
		}
	}
}

// TestOverlongPayloadIsBounded checks that an endless payload never takes more memory than one part
// and one read.
func TestOverlongPayloadIsBounded(t *testing.T) {
	r := decode.NewReader(decode.FromServer, grammar{})
	r.Feed([]byte("MSG mallory@h.com M 18446744073709551617\r\n")) // 2^64+1
	chunk := []byte(strings.Repeat(orders, 64<<10/len(orders)))
	var m decode.Message
	for range 200 {
		r.Feed(chunk)
		for r.Next(&m) {
			if !m.Opaque() || len(m.Raw) > decode.MaxPart {
				t.Fatalf("inside the payload is %.60q of %d bytes", m.Raw, len(m.Raw))
			}
		}
		if n := len(r.Pending()); n >= decode.MaxPart || !r.InParts() {
			t.Fatalf("%d bytes pending, inside %v", n, r.InParts())
		}
	}
	// After a gap, the rest of the payload is unknown: the next command that fits is taken for one.
	for r.Flush(&m) {
	}
	r.Lose()
	r.Feed([]byte("FLN a@b.c\r\n"))
	if !r.Next(&m) || m.Verb != decode.V("FLN") {
		t.Errorf("after a gap: %q", m.Raw)
	}
}

// TestOverlongStreams checks that random streams of commands with payloads of any length, cut into
// reads of any length, yield exactly their commands.
func TestOverlongStreams(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 8))
	for range 12 {
		var stream, want []byte
		for range 6 {
			n := random.IntN(3 * decode.MaxPart)
			if random.IntN(2) == 0 {
				n = decode.MaxPayload - 2 + random.IntN(2*decode.MaxPart)
			}
			one := []byte(overlong("MSG mallory@h.com M", n) + "XFR 1 NS 10.0.0.5:1863\r\n")
			stream = append(stream, one...)
			if n <= decode.MaxPayload {
				want = append(want, one...)
			} else {
				want = append(want, "XFR 1 NS 10.0.0.5:1863\r\n"...)
			}
		}
		var got, joined []byte
		r := decode.NewReader(decode.FromServer, grammar{})
		var m decode.Message
		for rest := stream; len(rest) > 0; {
			n := 1 + random.IntN(min(len(rest), 100<<10))
			r.Feed(rest[:n])
			rest = rest[n:]
			for r.Next(&m) {
				joined = append(joined, m.Raw...)
				if !m.Opaque() {
					got = append(got, m.Raw...)
				}
			}
		}
		if !bytes.Equal(joined, stream) {
			t.Fatal("the messages' bytes are not the stream")
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%d bytes of commands came out, want %d", len(got), len(want))
		}
	}
}
