package body_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode/body"
)

// chunked cuts text into n chunks of about the same length.
func chunked(id, text string, n int) []body.Body {
	chunks := make([]body.Body, n)
	for i := range chunks {
		headers := "Message-ID: " + id + "\r\n"
		if i == 0 {
			headers = fmt.Sprintf("%sUser-Agent: x\r\n%schunks: %d\r\n", head("text/plain; charset=UTF-8"), headers, n)
		} else {
			headers += fmt.Sprintf("Chunk: %d\r\n", i)
		}
		chunks[i] = body.Parse([]byte(headers + "\r\n" + text[i*len(text)/n:(i+1)*len(text)/n]))
	}
	return chunks
}

// TestAssembler checks that each message comes out once and complete, whatever the order of its
// chunks, even if some come twice, and even if another sender uses the same identifier at the same
// time.
func TestAssembler(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type part struct {
			from string
			b    body.Body
		}
		var parts []part
		want := map[string]string{}
		for i := range rapid.IntRange(1, 4).Draw(t, "messages") {
			from := fmt.Sprintf("%d@b.c", i)
			want[from] = rapid.String().Draw(t, "text")
			chunks := chunked("{1}", want[from], rapid.IntRange(2, 9).Draw(t, "chunks"))
			for _, c := range chunks {
				parts = append(parts, part{from, c})
			}
			if again := rapid.IntRange(0, len(chunks)).Draw(t, "again"); again < len(chunks) {
				parts = append(parts, part{from, chunks[again]})
			}
		}
		var a body.Assembler
		for _, p := range rapid.Permutation(parts).Draw(t, "order") {
			whole, complete := a.Add(p.from, p.b)
			if !complete {
				continue
			}
			agent, _ := whole.Get("User-Agent")
			if text, ok := want[p.from]; !ok || string(whole.Data) != text || whole.Type != "text/plain" ||
				whole.Charset != "utf-8" || agent != "x" {
				t.Fatalf("%s: got %+v, want %q once", p.from, whole, text)
			}
			if title := whole.Title(); strings.HasSuffix(title, ")") && strings.Contains(title, "(part") &&
				!strings.Contains(want[p.from], "(part") {
				t.Fatalf("a whole message is called %s", title)
			}
			delete(want, p.from)
		}
		if len(want) > 0 {
			t.Fatalf("%q never came out", want)
		}
	})
}

func TestAssemblerOwnsItsBytes(t *testing.T) {
	var a body.Assembler
	first := []byte("Message-ID: 1\r\nChunks: 2\r\n\r\nab")
	a.Add("x", body.Parse(first))
	clear(first) // a Reader overwrites its buffer, too
	if whole, ok := a.Add("x", body.Parse([]byte("Message-ID: 1\r\nChunk: 1\r\n\r\ncd"))); !ok ||
		string(whole.Data) != "abcd" {
		t.Errorf("got %q, %v, want abcd", whole.Data, ok)
	}
}

// TestAssemblerNoChunk checks that a body that is not a chunk, or whose chunk headers make no
// sense, is returned as it is.
func TestAssemblerNoChunk(t *testing.T) {
	for _, headers := range []string{
		"", "Message-ID: 1\r\n", "Chunks: 2\r\n", "Message-ID: 1\r\nChunks: 1\r\n",
		"Message-ID: 1\r\nChunks: 1025\r\n", "Message-ID: 1\r\nChunks: x\r\n",
		"Message-ID: 1\r\nChunk: 0\r\n", "Message-ID: 1\r\nChunk: -1\r\n", "Message-ID: 1\r\nChunk: 1024\r\n",
		"Message-ID: " + strings.Repeat("1", 200) + "\r\nChunks: 2\r\n",
	} {
		var a body.Assembler
		b := body.Parse([]byte(mime + headers + "\r\nhi"))
		if got, ok := a.Add("x", b); !ok || string(got.Data) != "hi" || len(got.Headers) != len(b.Headers) {
			t.Errorf("%q: got %+v, %v, want it back", headers, got, ok)
		}
	}
}

// TestAssemblerLateFirst checks that chunks past the end are dropped when the first chunk says how
// many there are.
func TestAssemblerLateFirst(t *testing.T) {
	var a body.Assembler
	chunks := chunked("1", "abcdef", 3)
	a.Add("x", chunks[2])
	two := chunked("1", "ABCD", 2)
	a.Add("x", two[0])
	a.Add("x", chunks[2])
	if whole, ok := a.Add("x", two[1]); !ok || string(whole.Data) != "ABCD" {
		t.Errorf("got %q, %v, want ABCD", whole.Data, ok)
	}
}

// TestAssemblerCaps checks that incomplete messages make room for others, the oldest first.
func TestAssemblerCaps(t *testing.T) {
	long := strings.Repeat("x", body.MaxBytes/2)
	for _, tc := range []struct {
		name, text string
		others     int
		survives   bool
	}{
		{"as many as fit", "ab", body.MaxPending - 1, true},
		{"one more", "ab", body.MaxPending, false},
		{"long, but fits", long, 2, true}, // half of each message comes
		{"too long", long, 4, false},
	} {
		var a body.Assembler
		mine := chunked("{mine}", tc.text, 2)
		a.Add("x", mine[0])
		for i := range tc.others {
			a.Add("x", chunked(fmt.Sprint(i), tc.text, 2)[0])
		}
		if _, ok := a.Add("x", mine[1]); ok != tc.survives {
			t.Errorf("%s: the oldest became whole: %v, want %v", tc.name, ok, tc.survives)
		}
		newest := chunked(fmt.Sprint(tc.others-1), tc.text, 2)[1]
		if whole, ok := a.Add("x", newest); !ok || string(whole.Data) != tc.text {
			t.Errorf("%s: the newest did not become whole", tc.name)
		}
	}
}
