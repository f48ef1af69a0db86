package body_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/internal/msntest"
)

// messages is a grammar that knows which commands carry a payload in these tests.
type messages struct{}

func (messages) Fits(decode.Dir, *decode.Message) bool { return true }

func (messages) Shape(dir decode.Dir, verb decode.Verb) decode.Shape {
	if verb == decode.V("MSG") {
		return decode.Shape{TrID: dir == decode.FromClient, Payload: decode.LastArg}
	}
	return decode.Shape{TrID: true}
}

// recorded returns the bodies of all MSG in the embedded captures.
func recorded(t testing.TB) [][]byte {
	var all [][]byte
	for _, s := range msntest.Streams(t) {
		dir := decode.FromServer
		if s.FromClient {
			dir = decode.FromClient
		}
		r := decode.NewReader(dir, messages{})
		r.Feed(s.Data)
		for m := (decode.Message{}); r.Next(&m); {
			if p := m.Payload(); p != nil {
				all = append(all, bytes.Clone(p))
			}
		}
	}
	if len(all) < 20 {
		t.Fatalf("%d bodies in the shipped captures: seeds are missing", len(all))
	}
	return all
}

// TestRecorded checks that every type and every header that real clients sent is known.
func TestRecorded(t *testing.T) {
	types := map[string]bool{}
	for _, payload := range recorded(t) {
		b := body.Parse(payload)
		types[b.Type] = true
		if b.Type != "" && b.Title() == b.Type {
			t.Errorf("%s is not in the table", b.Type)
		}
		for _, f := range b.Describe() {
			if f.Meaning == "" && !strings.Contains(f.Name, ".") {
				t.Errorf("%s: the header %s has no meaning", b.Type, f.Name)
			}
		}
	}
	if !types["text/plain"] || !types["text/x-msmsgscontrol"] {
		t.Errorf("recorded are only %v", types)
	}
}

// FuzzBody checks that any bytes yield fields and a title that are valid UTF-8, few, short and
// taken from the payload. The title has one line, nothing for display contains a secret, and an
// Assembler accepts everything.
func FuzzBody(f *testing.F) {
	for _, payload := range recorded(f) {
		f.Add(payload)
	}
	for _, s := range fileSteps {
		f.Add([]byte(s.payload))
	}
	for _, typ := range body.Types() {
		fields := ""
		for _, field := range typ.Fields {
			value := "1"
			if len(field.Values) > 0 {
				value = field.Values[0].Value
			}
			fields += field.Name + ": " + value + "\r\n"
		}
		f.Add([]byte(head(typ.Type) + fields + "\r\n" + fields))
	}
	f.Add([]byte(p2p([9]uint64{1, 2, 0, 4, 8, 0x22}, "INVITE MSNSLP/1.0\r\nNonce: x\r\n\r\n\x00\x00\x00\x01")))
	f.Add([]byte(head("text/x-mms-emoticon") + "\r\n:)\t<msnobj Size=\"9\"/>\t"))
	f.Add([]byte(head("image/gif") + "Message-ID: 1\r\nChunks: 2\r\n\r\nbase64:AAAA"))
	f.Add([]byte(head("text/plain") + "X-MMS-IM-Format: FN=%41; EF=BIUS; CO=ff; CS=0; PF=22; RL=1\r\n\r\n\xff"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		before := bytes.Clone(payload)
		b := body.Parse(payload)
		title := b.Title()
		if !utf8.ValidString(title) || strings.ContainsAny(title, "\r\n") || len(title) > 1200 {
			t.Fatalf("%q: the title is %q", payload, title)
		}
		fields := b.Describe()
		if len(fields) > 256 {
			t.Fatalf("%d fields", len(fields))
		}
		for _, field := range fields {
			if !utf8.ValidString(field.Name+field.Value+field.Meaning) || len(field.Value) > 3*4096+3 ||
				len(field.Name) > 1000 {
				t.Fatalf("%q: a field is %+v", payload, field)
			}
			if field.Secret && len(field.Value) > 12 && strings.Contains(field.Shown(), field.Value) {
				t.Fatalf("%q: a secret is shown: %+v", payload, field)
			}
		}
		b.Readable()
		var a body.Assembler
		if whole, complete := a.Add("x", b); complete {
			whole.Describe()
		}
		if !bytes.Equal(before, payload) {
			t.Fatalf("%q was changed", before)
		}
	})
}

// TestFolded checks that the time for one value of very many lines grows with its length, not with
// the square of it.
func TestFolded(t *testing.T) {
	payload := []byte("A: 1\r\n" + strings.Repeat(" \r\n", 1<<18) + "\r\nx")
	allocs := testing.AllocsPerRun(1, func() { body.Parse(payload) })
	if allocs > 100 {
		t.Errorf("%v allocations for one folded value", allocs)
	}
}

// BenchmarkDescribe measures what a screen does for the selected message, BenchmarkTitle what it
// does for each line of a list.
func BenchmarkDescribe(b *testing.B) { describing(b, func(m *body.Body) { m.Describe() }) }

func BenchmarkTitle(b *testing.B) { describing(b, func(m *body.Body) { m.Title() }) }

func describing(b *testing.B, do func(*body.Body)) {
	for name, payload := range map[string]string{
		"text": head("text/plain; charset=UTF-8") +
			"X-MMS-IM-Format: FN=Arial; EF=B; CO=ff; CS=0; PF=22\r\n\r\nhello bob, how are you",
		"invite": fileSteps[0].payload,
		"p2p":    p2p([9]uint64{1234, 1, 0, 1202, 1202, 0x20}, strings.Repeat("x", 1202)+"\x00\x00\x00\x01"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(payload)))
			for b.Loop() {
				m := body.Parse([]byte(payload))
				do(&m)
			}
		})
	}
}
