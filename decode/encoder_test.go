package decode_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/msnscope/msnscope/decode"
)

func TestEncoder(t *testing.T) {
	var e decode.Encoder
	e.Command("CHG").TrID(8).Arg("NLN").End()
	e.Command("ADD").TrID(9).Arg("FL", "zoe@hotmail.com").Text("Zoë 100%").End()
	e.Command("MSG").TrID(10).Arg("N").Payload([]byte("hi"))
	got, err := e.Bytes()
	want := "CHG 8 NLN\r\nADD 9 FL zoe@hotmail.com Zo%C3%AB%20100%25\r\nMSG 10 N 2\r\nhi"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	for name, write := range map[string]func(*decode.Encoder){
		"contains a blank or a line end": func(e *decode.Encoder) { e.Command("CHG").TrID(1).Arg("a\r\nOUT").End() },
		"empty argument":                 func(e *decode.Encoder) { e.Command("CHG").TrID(1).Arg("").End() },
		"is not a command":               func(e *decode.Encoder) { e.Command("CHANGE").End() },
		"was not ended":                  func(e *decode.Encoder) { e.Command("CHG").TrID(1) },
		"begins before the previous one": func(e *decode.Encoder) { e.Command("CHG").Command("OUT").End() },
		"at most 8192 are allowed": func(e *decode.Encoder) {
			e.Command("CHG").Arg(strings.Repeat("x",
				decode.MaxLine)).End()
		},
	} {
		e.Reset()
		write(&e)
		if _, err := e.Bytes(); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("error %v, want one with %q", err, name)
		}
	}
}

func TestEscape(t *testing.T) {
	for plain, escaped := range map[string]string{
		"Alice L": "Alice%20L", "Zoë": "Zo%C3%AB", "a+b@c": "a+b@c", "50%": "50%25", "\x00\t\x7f": "%00%09%7F", "": "",
	} {
		if got := decode.Escape(plain); got != escaped {
			t.Errorf("Escape(%q) = %q, want %q", plain, got, escaped)
		}
	}
	for escaped, plain := range map[string]string{
		"caf%e9": "caf\xe9", "Mike%2": "Mike%2", "%": "%", "%zz%41": "%zzA",
		"a+b": "a+b",
	} {
		if got := decode.Unescape(escaped); got != plain {
			t.Errorf("Unescape(%q) = %q, want %q", escaped, got, plain)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "text"))
		escaped := decode.Escape(s)
		if got := decode.Unescape(escaped); got != s {
			t.Fatalf("%q came back as %q", s, got)
		}
		if strings.ContainsAny(escaped, " \t\r\n") || !utf8.ValidString(escaped) {
			t.Fatalf("%q cannot stand in a line", escaped)
		}
	})
}

// The expected digests were computed independently of this program.
func TestMD5Response(t *testing.T) {
	for _, tc := range []struct{ challenge, password, want string }{
		{"1013928519.693957190", "password", "7f919fab309532df353c901430df36fa"},
		{"1234567890.123456789", "password", "f59af8f2fa91d38aff7c870c17f99903"},
		{"989048851.1851137130", "Passw0rd!", "4cfef1b60e4c2df02d31d966ad3f7be2"},
		{"989048851.1851137130", "pass word", "6eb7962aa84cabbc107d6bb6ca9f5bae"},
		{"964838419.1827", "contraseña", "89214096c34a3689f54058edb4ab2e00"},
		{"0", "a", "e99bb33727d338314912e86fbdec87af"},
		{"1013928519.693957190", "", "960e4906fb43e44ec2e27ad55d5cced3"},
		{"1013928519.693957190", "PASSWORD", "a3e60baeffdadc1a7f6baeabea01c82a"},
		{"1013928519.693957191", "password", "06c2b7a543a98818783a6734e4d6b2ab"},
		{"4294967295.4294967295", strings.Repeat("x", 64), "7d61f00eec884cb959c05488ebf7a656"},
	} {
		if got := decode.MD5Response(tc.challenge, tc.password); got != tc.want {
			t.Errorf("MD5Response(%q, %q) = %s, want %s", tc.challenge, tc.password, got, tc.want)
		}
	}
}
