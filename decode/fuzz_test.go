package decode_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/msntest"
)

// addStreams adds the recorded sessions and known hard cases to the seeds.
func addStreams(f *testing.F) {
	for _, s := range msntest.Streams(f) {
		f.Add(s.Data, s.FromClient, uint64(1))
	}
	for _, s := range []string{
		"", "\n", "\r\n", "MSG 1 N 5\r\nhel", "MSG 1 N 99999999999\r\nOUT\r\n", "MSG 1 N -1\nPNG\n",
		"\x16\x03\x01\x00", "ADL 1 OK\nADL 1 2\nxx",
		"ON: 1\r\n\r\nbyeMSG bob@h.com Bob 5\r\nhelloBYE bob@h.com\r\n",
		"MSG bob@h.com Bob 9000\r\nhelloMSG bob@h.com Bob 2\r\nhiFLN bob@h.com\r\n",
		overlong("MSG bob@h.com Bob", decode.MaxPayload+1) + "MSG bob@h.com Bob 2\r\nhiFLN bob@h.com\r\n",
		overlong("QRY 1 id", 2*decode.MaxPayload)[:100<<10],
		"VER 0" + string(bytes.Repeat([]byte(" A"), 50)) + "\r\n",
		"CHG 1 " + string(bytes.Repeat([]byte{'x'}, decode.MaxLine)) + "\n",
	} {
		f.Add([]byte(s), true, uint64(2))
		f.Add([]byte(s), false, uint64(3))
	}
}

func dirOf(fromClient bool) decode.Dir {
	if fromClient {
		return decode.FromClient
	}
	return decode.FromServer
}

// FuzzStreamLaw checks the stream law: the bytes of the messages, joined, are the stream, whatever
// it is. Also, the parts of a message make up its bytes, parsing these bytes gives the same
// message, and no message exceeds the limits.
func FuzzStreamLaw(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, stream []byte, fromClient bool, _ uint64) {
		dir := dirOf(fromClient)
		r := decode.NewReader(dir, grammar{})
		r.Feed(stream)
		var joined []byte
		var m decode.Message
		for r.Next(&m) || r.Flush(&m) {
			joined = append(joined, m.Raw...)
			parts := string(m.Line()) + string(m.LineEnd()) + string(m.Payload())
			if parts != string(m.Raw) {
				t.Fatalf("the parts of %q are %q", m.Raw, parts)
			}
			if len(m.Raw) > decode.MaxLine+decode.MaxPayload || len(m.Raw) == 0 {
				t.Fatalf("a message of %d bytes", len(m.Raw))
			}
			for i := range m.NumArgs() {
				if start, end := m.ArgSpan(i); start >= end || end > len(m.Line()) ||
					bytes.ContainsAny(m.Raw[start:end], " \t\n") {
					t.Fatalf("argument %d of %q is %d to %d", i, m.Raw, start, end)
				}
			}
			if m.Opaque() {
				continue
			}
			if again := decode.Parse(m.Raw, dir, grammar{}); describe(&again) != describe(&m) {
				t.Fatalf("%q parsed again is %s, was %s", m.Raw, describe(&again), describe(&m))
			}
		}
		if !bytes.Equal(joined, stream) {
			t.Fatalf("the messages' bytes are %q, the stream is %q", joined, stream)
		}
	})
}

// FuzzSplit checks that the messages do not depend on the segments into which a stream is split.
func FuzzSplit(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, stream []byte, fromClient bool, seed uint64) {
		dir := dirOf(fromClient)
		want, _ := all(dir, string(stream))
		random := rand.New(rand.NewPCG(seed, 0))
		r := decode.NewReader(dir, grammar{})
		var got []string
		var m decode.Message
		for rest := stream; len(rest) > 0; {
			n := 1 + random.IntN(min(len(rest), 1+random.IntN(3000)))
			lent := bytes.Clone(rest[:n])
			rest = rest[n:]
			borrows := random.IntN(2) == 0
			if borrows {
				r.Borrow(lent)
			} else {
				r.Feed(lent)
			}
			for r.Next(&m) {
				got = append(got, describe(&m))
			}
			if borrows {
				r.Return()
			}
			clear(lent) // the caller may reuse it after Return
		}
		for r.Next(&m) || r.Flush(&m) {
			got = append(got, describe(&m))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("messages of the split stream (-whole +split):\n%s", diff)
		}
		if next, skimmed := cuts(dir, stream, nil), cuts(dir, stream, payloads()); !slices.Equal(next, skimmed) {
			t.Fatalf("Next cuts %q into %d, Skim and Next into %d", stream, next, skimmed)
		}
	})
}

// payloads returns the set of verbs that have a payload in the grammar of these tests.
func payloads() *decode.Verbs {
	var set decode.Verbs
	for _, name := range []string{"MSG", "QRY", "ADL"} {
		set.Add(decode.V(name))
	}
	return &set
}

// cuts returns the lengths of the stream's messages. It uses Skim as far as possible if except is
// not nil, else only Next.
func cuts(dir decode.Dir, stream []byte, except *decode.Verbs) (sizes []uint32) {
	r := decode.NewReader(dir, grammar{})
	r.Feed(stream)
	var m decode.Message
	for {
		if except != nil {
			sizes = r.Skim(except, sizes)
		}
		if !r.Next(&m) && !r.Flush(&m) {
			return sizes
		}
		sizes = append(sizes, uint32(len(m.Raw)))
	}
}

// FuzzEncode checks that a decoded message, encoded again, says the same. If its sender wrote it as
// the Encoder does (one blank, no leading zeros, CRLF), the bytes are the same, too.
func FuzzEncode(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, stream []byte, fromClient bool, _ uint64) {
		dir := dirOf(fromClient)
		r := decode.NewReader(dir, grammar{})
		r.Feed(stream)
		var m decode.Message
		var e decode.Encoder
		for r.Next(&m) {
			sized := grammar{}.Shape(dir, m.Verb).Payload != decode.NoPayload
			if m.Opaque() || sized && padded(m.Arg(m.NumArgs()-1)) {
				continue
			}
			e.Reset()
			encode(&e, &m, sized)
			got, err := e.Bytes()
			if err != nil {
				if len(got) > decode.MaxLine || bytes.ContainsRune(m.Line(), '\r') {
					// The line would be too long with CRLF at its end, or contains a CR, which the
					// Encoder refuses.
					continue
				}
				t.Fatalf("%q: %v", m.Raw, err)
			}
			again := decode.Parse(got, dir, grammar{})
			if describe(&again) != describe(&m) {
				t.Fatalf("%q encoded is %q: %s, was %s", m.Raw, got, describe(&again), describe(&m))
			}
			if canonical(&m) && !bytes.Equal(got, m.Raw) {
				t.Fatalf("%q encoded is %q", m.Raw, got)
			}
		}
	})
}

// encode writes m to e.
func encode(e *decode.Encoder, m *decode.Message, sized bool) {
	e.Command(m.Verb.String())
	if m.HasTrID {
		e.TrID(m.TrID)
	} else if text := m.TrIDText(); text != nil {
		e.Arg(string(text))
	}
	args := m.NumArgs()
	_, numeric := strconv.Atoi(string(m.Arg(args - 1)))
	if sized = sized && numeric == nil; sized {
		args--
	}
	for i := range args {
		e.Arg(string(m.Arg(i)))
	}
	if sized {
		e.Payload(m.Payload())
	} else {
		e.End()
	}
}

// canonical reports whether the line is written in the way of the Encoder.
func canonical(m *decode.Message) bool {
	words := strings.Fields(string(m.Line()))
	return string(m.Line()) == strings.Join(words, " ") && m.InCapitals() && string(m.LineEnd()) == "\r\n" &&
		!(m.HasTrID && padded(m.TrIDText()))
}

// padded reports whether a number has leading zeros.
func padded(number []byte) bool { return len(number) > 1 && number[0] == '0' }
