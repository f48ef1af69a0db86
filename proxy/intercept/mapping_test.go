package intercept

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/session"
)

func mappings(t *testing.T, texts ...string) []*Mapping {
	t.Helper()
	var all []*Mapping
	for _, text := range texts {
		m, err := ParseMapping(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	return all
}

func TestMappings(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.controls.Map(mappings(t,
			`cmd == "CAL" -> UserHandle=carol@hotmail.com`,
			`cmd == "MSG" -> AckMode=A, payload.text="hi, you"`,
			`cmd == "JOI" && args.CalleeUserHandle == "bob@hotmail.com" -> CalleeUserFriendlyName="Bob B."`,
			`cmd == "BYE" -> AckMode=A`, // it has none
		))
		s.client.Send("CAL  2 bob@hotmail.com \r\n" + hello)
		s.server.Want("CAL  2 carol@hotmail.com \r\nMSG 3 A 54\r\nMIME-Version: 1.0\r\nContent-Type: " +
			"text/plain\r\n\r\nhi, you")
		s.server.Send("JOI bob@hotmail.com Bob\r\nJOI carol@hotmail.com Bob\r\nBYE bob@hotmail.com\r\n")
		s.client.Want("JOI bob@hotmail.com Bob%20B.\r\nJOI carol@hotmail.com Bob\r\nBYE bob@hotmail.com\r\n")
		if e := s.find("CAL"); e.Flags&session.Edited == 0 || !strings.Contains(e.Text, "-> UserHandle") {
			t.Errorf("flags %v, text %q", e.Flags.Names(), e.Text)
		}
		s.controls.Map(nil)
		s.client.Send("CAL 4 bob@hotmail.com\r\n")
		s.server.Want("CAL 4 bob@hotmail.com\r\n")
	})
}

// TestMapsTheWholeValue checks that a mapping replaces all words of an argument that repeats, and
// that it does not escape what is escaped already.
func TestMapsTheWholeValue(t *testing.T) {
	play(t, ControlsOptions{}, func(s *stage) {
		s.controls.Map(mappings(t,
			`cmd == "VER" && dir == "S" -> DialectName="MSNP7 MSNP5 CVR0"`,
			`cmd == "JOI" -> CalleeUserFriendlyName="a%3Ab c"`,
		))
		s.client.Send("VER 1 MSNP7 MSNP6 CVR0\r\n")
		s.server.Want("VER 1 MSNP7 MSNP6 CVR0\r\n")
		s.server.Send("VER 1 MSNP7 MSNP6 MSNP4\r\nJOI bob@hotmail.com Bob\r\n")
		s.client.Want("VER 1 MSNP7 MSNP5 CVR0\r\nJOI bob@hotmail.com a%3Ab%20c\r\n")
	})
}

// TestArrowInQuotes: what is quoted, on either side, is text.
func TestArrowInQuotes(t *testing.T) {
	for text, want := range map[string]set{
		`cmd == "MSG" -> payload.text="a -> b"`:       {"payload.text", "a -> b"},
		`cmd == "MSG" -> payload.text=a -> b`:         {"payload.text", "a -> b"},
		`payload contains "x -> \" y" -> AckMode=A`:   {"AckMode", "A"},
		`cmd == "MSG"->payload.text="say \"-> hi\" "`: {"payload.text", `say "-> hi" `},
	} {
		if m, err := ParseMapping(text); err != nil || len(m.sets) != 1 || m.sets[0] != want {
			t.Errorf("%s: %v, %v, want %v", text, m, err, want)
		}
	}
}

func TestParseMapping(t *testing.T) {
	for _, tc := range []struct{ text, wrong string }{
		{`cmd == "CHG"`, "FILTER -> Field=value"},
		{`cmd == -> State=BSY`, "in the filter"},
		{`CHG -> State`, "Field=value"},
		{`CHG -> State="BSY" x`, "Field=value"},
		{`CHG -> State=BSY,`, "Field=value"},
		{`CHG -> Statte=BSY`, "no command has an argument Statte"},
	} {
		if _, err := ParseMapping(tc.text); err == nil || !strings.Contains(err.Error(), tc.wrong) {
			t.Errorf("%s: %v, want %q", tc.text, err, tc.wrong)
		}
	}
}
