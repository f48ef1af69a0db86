package decode_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode"
)

// TestWords checks that the words of any line are those that a walk byte by byte finds, whether or
// not more bytes follow in the buffer.
func TestWords(t *testing.T) {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{
			" ", "\t", "  ", "a", "bc", "\r", "\x00", "\x1f", "!", "\x7f", "\x80", "\xa0",
			"\xff", "caf\xc3\xa9",
		}),
		rapid.StringMatching(`[a-z0-9@.%]{0,90}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		line := "CHG" + strings.Join(rapid.SliceOfN(piece, 0, 60).Draw(t, "line"), "")
		end := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "end")
		after := rapid.SampledFrom([]string{"", "O", "OUT\r\n", strings.Repeat(" x\t\n", 30)}).Draw(t, "after")
		if end == "\n" {
			line = strings.TrimRight(line, "\r") // it would belong to the line end
		}
		want := fields(line)
		if len(want[0]) != 3 {
			return // not a command
		}
		r := decode.NewReader(decode.FromServer, plain{})
		r.Feed([]byte(line + end + after))
		var m decode.Message
		if !r.Next(&m) || string(m.Raw) != line+end {
			t.Fatalf("the first message is %q, want %q", m.Raw, line+end)
		}
		parsed := decode.Parse([]byte(line+end), decode.FromServer, plain{})
		for _, m := range []*decode.Message{&m, &parsed} {
			if diff := cmp.Diff(want, words(m)); diff != "" {
				t.Fatalf("words of %q (-want +got):\n%s", line, diff)
			}
		}
	})
}

// plain is a grammar without TrIDs.
type plain struct{}

func (plain) Shape(decode.Dir, decode.Verb) decode.Shape { return decode.Shape{} }
func (plain) Fits(decode.Dir, *decode.Message) bool      { return true }

func fields(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
}

func words(m *decode.Message) []string {
	all := []string{m.Verb.String()}
	for i := range m.NumArgs() {
		all = append(all, string(m.Arg(i)))
	}
	return all
}

// TestPayloadRules checks the rules by which a number at the end of a line may not be a length.
func TestPayloadRules(t *testing.T) {
	for _, tc := range []struct {
		rule decode.Payload
		line string
		want int // bytes of payload, -1 if the line is not a command
	}{
		{decode.NoPayload, "QNG 60", 0},
		{decode.LastArg, "GCF 0 5", 5},
		{decode.LastArg, "GCF 0 x", -1},
		{decode.LastArgIfNumeric, "ADL 9 OK", 0},
		{decode.LastArgIfNumeric, "ADL 9 5", 5},
		{decode.ThirdArgIfNumeric, "UUN 9 bob@hotmail.com 1", 0},
		{decode.ThirdArgIfNumeric, "UUN 9 bob@hotmail.com 1 5", 5},
		{decode.ThirdArgIfNumeric, "UUN 9 bob@hotmail.com 1 x", 0},
		{decode.ThirdArgIfNumeric, "UUN 9 bob@hotmail.com 1 2 5", 0},
		{decode.OnlyArgIfNumeric, "241 7 5", 5},
		{decode.OnlyArgIfNumeric, "241 7", 0},
		{decode.OnlyArgIfNumeric, "241", 0},
		{decode.OnlyArgIfNumeric, "241 7 x5", 0},
		{decode.OnlyArgIfNumeric, "241 x 5", 0},
		{decode.OnlyArgIfNumeric, "241 4294967296", 0}, // too large for a TrID, and not a length either
		{decode.OnlyArgIfNumeric, "241 7 5 5", 0},
		{decode.OnlyArgIfNumeric, "241 7 1048577", -1},
	} {
		r := decode.NewReader(decode.FromServer, rule(tc.rule))
		r.Feed([]byte(tc.line + "\r\nhelloOUT\r\n"))
		var m decode.Message
		got := -1
		if r.Next(&m) && !m.Opaque() {
			got = len(m.Payload())
		}
		if got != tc.want {
			t.Errorf("rule %d, %s: %d bytes of payload, want %d", tc.rule, tc.line, got, tc.want)
		}
	}
}

// rule is a grammar in which every command has a TrID and this payload rule.
type rule decode.Payload

func (r rule) Fits(decode.Dir, *decode.Message) bool { return true }

func (r rule) Shape(decode.Dir, decode.Verb) decode.Shape {
	return decode.Shape{TrID: true, Payload: decode.Payload(r)}
}
