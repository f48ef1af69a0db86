package body_test

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode/body"
)

// h returns headers made of the words, which are name, value, name, value.
func h(words ...string) []body.Header {
	var headers []body.Header
	for i := 0; i < len(words); i += 2 {
		headers = append(headers, body.Header{Name: words[i], Value: words[i+1]})
	}
	return headers
}

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, payload string
		want          body.Body
	}{
		{
			"text", "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\nX-MMS-IM-Format: FN=Arial; " +
				"CO=0\r\n\r\nhi\r\n\r\nthere",
			body.Body{
				Headers: h("MIME-Version", "1.0", "Content-Type", "text/plain; charset=UTF-8", "X-MMS-IM-Format",
					"FN=Arial; CO=0"),
				Type: "text/plain", Charset: "utf-8", Data: []byte("hi\r\n\r\nthere"),
			},
		},
		{
			"line feeds only", "Content-Type: A/B\n\nhi",
			body.Body{Headers: h("Content-Type", "A/B"), Type: "a/b", Data: []byte("hi")},
		},
		{
			"parameters", "content-TYPE:Text/X ; a=b; Charset = \"ISO-8859-1\" ;x\r\n\r\n",
			body.Body{
				Headers: h("content-TYPE", "Text/X ; a=b; Charset = \"ISO-8859-1\" ;x"), Type: "text/x",
				Charset: "iso-8859-1", Data: []byte{},
			},
		},
		{"values are kept", "A:  1 \r\nA:\r\n\r\n", body.Body{Headers: h("A", "1 ", "A", ""), Data: []byte{}}},
		{
			"folded", "A: 1\r\n  2\r\n\t3\r\nB: 4\r\n\r\nx",
			body.Body{Headers: h("A", "1  2\t3", "B", "4"), Data: []byte("x")},
		},
		{
			"without a colon", "A: 1\r\nno colon here\r\n\r\nx",
			body.Body{Headers: h("A", "1", "", "no colon here"), Data: []byte("x")},
		},
		{
			"no empty line, MIME", "MIME-Version: 1.0\r\nTypingUser: a@b.c",
			body.Body{Headers: h("MIME-Version", "1.0", "TypingUser", "a@b.c"), Data: []byte{}},
		},
		{"no empty line, not MIME", "Note: this\r\nis text", body.Body{Data: []byte("Note: this\r\nis text")}},
		{
			"no empty line, MIME and text", "MIME-Version: 1.0\r\nhello",
			body.Body{Data: []byte("MIME-Version: 1.0\r\nhello")},
		},
		{"a sentence", "Well: hello\r\n", body.Body{Data: []byte("Well: hello\r\n")}},
		{"blank in the name", "Dear Bob: hello\r\n\r\nx", body.Body{Data: []byte("Dear Bob: hello\r\n\r\nx")}},
		{"XML", "<a:b>\r\n\r\n</a:b>", body.Body{Data: []byte("<a:b>\r\n\r\n</a:b>")}},
		{"empty line first", "\r\nA: 1\r\n\r\nx", body.Body{Data: []byte("\r\nA: 1\r\n\r\nx")}},
		{"digest", "8f2f5a91b72102cd28355e9fc9000d6e", body.Body{Data: []byte("8f2f5a91b72102cd28355e9fc9000d6e")}},
		{"nothing", "", body.Body{}},
	} {
		if diff := cmp.Diff(tc.want, body.Parse([]byte(tc.payload)),
			cmp.Transformer("bytes", func(b []byte) string { return string(b) })); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tc.name, diff)
		}
	}
}

// TestParseCap checks that a payload of nothing but headers does not become a million strings.
func TestParseCap(t *testing.T) {
	for _, tc := range []struct {
		lines int
		data  string
	}{{63, "x"}, {64, "x"}, {65, "A: 1\r\n\r\nx"}, {66, "A: 1\r\nA: 1\r\n\r\nx"}} {
		b := body.Parse([]byte(strings.Repeat("A: 1\r\n", tc.lines) + "\r\nx"))
		if len(b.Headers) != min(tc.lines, 64) || string(b.Data) != tc.data {
			t.Errorf("%d lines: got %d headers and the data %q, want at most 64 and %q", tc.lines, len(b.Headers),
				b.Data, tc.data)
		}
	}
}

func TestText(t *testing.T) {
	for _, tc := range []struct {
		name, charset, data, want string
		converted                 bool
	}{
		{"ASCII", "", "hello", "hello", false},
		{"UTF-8", "; charset=UTF-8", "grüße", "grüße", false},
		{"UTF-8 under a wrong name", "; charset=iso-8859-1", "grüße", "grüße", false},
		{"Latin-1", "; charset=iso-8859-1", "gr\xfc\xdfe", "grüße", true},
		{"Windows-1252 without a name", "", "10 \x80 \x93ok\x94", "10 € “ok”", true},
		{"bytes without a meaning", "", "\x81\x9d", "\ufffd\ufffd", true},
		{"damaged UTF-8", "; charset=utf-8", "ü\xff\xfeb", "ü\ufffd\ufffdb", true},
		{"UTF-8 that is cut", "; charset=utf-8", "grüße\xc3", "grüße\ufffd", true},
		{"Latin-1 labelled UTF-8", "; charset=UTF-8", "caf\xe9", "café", true},
		{"Shift JIS", "; charset=shift_jis", "\x93\xfa\x96{", "日本", true},
		{"the same in quotes", `; charset="Shift_JIS"`, "\x93\xfa\x96{", "日本", true},
		{"UTF-8 labelled Shift JIS", "; charset=shift_jis", "日本", "日本", false},
		{"GB 2312", "; charset=gb2312", "\xc4\xe3", "你", true},
		{"HZ", "; charset=hz-gb-2312", "~{Dc~}", "你", true},
		{"ISO 2022", "; charset=iso-2022-jp", "\x1b$BF|K\\\x1b(B", "日本", true},
		{"KOI8-R", "; charset=koi8-r", "\xd0\xd2\xc9", "при", true},
		{"Windows-1251", "; charset=windows-1251", "\xef\xf0\xe8", "при", true},
		{"UTF-16LE", "; charset=UTF-16LE", "h\x00i\x00", "hi", true},
		{"UTF-16 with a mark", "; charset=utf-16", "\xfe\xff\x00h\x00i", "hi", true},
		{"an unknown charset", "; charset=klingon", "caf\xe9", "café", true},
	} {
		b := body.Parse([]byte("Content-Type: text/plain" + tc.charset + "\r\n\r\n" + tc.data))
		if got, converted := b.Text(); got != tc.want || converted != tc.converted {
			t.Errorf("%s: got %q, %v, want %q, %v", tc.name, got, converted, tc.want, tc.converted)
		}
	}
}

func TestGet(t *testing.T) {
	b := body.Parse([]byte("Content-Type: text/x-msmsgscontrol\r\ntypinguser: alice@hotmail.com\r\nTypingUser: " +
		"bob@hotmail.com\r\n\r\n\r\n"))
	if got := b.TypingUser(); got != "alice@hotmail.com" {
		t.Errorf("typing is %q, want the first of the two, in any case", got)
	}
	if _, ok := b.Get("Charset"); ok {
		t.Error("a header that is not there was found")
	}
}

func TestFields(t *testing.T) {
	invite := "Application-Name: File Transfer\r\nInvitation-Command: INVITE\r\n\r\n"
	for _, tc := range []struct {
		name, typ, data string
		want            []body.Header
	}{
		{
			"invitation", "text/x-msmsgsinvite", invite,
			h("Application-Name", "File Transfer", "Invitation-Command", "INVITE"),
		},
		{"without the empty line", "text/x-clientcaps", "Client-Name: x", h("Client-Name", "x")},
		{"a person wrote it", "text/plain", invite, nil},
		{"binary", "application/x-msnmsgrp2p", "\x00\x01: x", nil},
	} {
		b := body.Parse([]byte("Content-Type: " + tc.typ + "\r\n\r\n" + tc.data))
		if diff := cmp.Diff(tc.want, b.Fields()); diff != "" {
			t.Errorf("%s: -want +got:\n%s", tc.name, diff)
		}
	}
	many := body.Parse([]byte("Content-Type: x\r\n\r\n" + strings.Repeat("A: 1\r\n", 100)))
	if got := len(many.Fields()); got != 64 {
		t.Errorf("%d fields of 100 lines, want 64", got)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n\r\nhi"))
	f.Add([]byte("A: 1\n 2\nno colon\n\nB: 1\r\n"))
	f.Add([]byte("MIME-Version: 1\r\n\tx"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		b := body.Parse(payload)
		if !bytes.HasSuffix(payload, b.Data) {
			t.Fatalf("%q: the data %q is not its end", payload, b.Data)
		}
		if len(b.Headers) == 0 && len(b.Data) != len(payload) {
			t.Fatalf("%q: no headers, and bytes are lost", payload)
		}
		if text, _ := b.Text(); !utf8.ValidString(text) {
			t.Fatalf("%q: the text is not UTF-8", payload)
		}
		for _, header := range append(b.Headers, b.Fields()...) {
			if !bytes.Contains(payload, []byte(header.Name)) || strings.Contains(header.Value, "\n") {
				t.Fatalf("%q: made up %+v", payload, header)
			}
		}
	})
}

// TestMayHave: a payload whose content type is that of an invitation is never passed over
// unparsed, whatever its form.
func TestMayHave(t *testing.T) {
	const usual = "MIME-Version: 1.0\r\nContent-Type: "
	for payload, want := range map[string]bool{
		usual + "text/x-msmsgsinvite; charset=UTF-8\r\n\r\n":              true,
		usual + "text/X-MSMSGSINVITE\r\n\r\n":                             true,
		"mime-version: 1.0\ncontent-type:Text/x-MsMsgsInvite\n\n":         true,
		usual + "text/x-msmsgscontrol\r\n\r\n":                            false,
		usual + "text/plain\r\nContent-Type: text/x-msmsgsinvite\r\n\r\n": false, // the first counts
		usual + "text/x-msmsgs":                                           false,
		"text/x-msmsgsinvite":                                             false,
		"":                                                                false,
	} {
		if got := body.MayInvite([]byte(payload)); got != want {
			t.Errorf("%q: %t", payload, got)
		}
		if b := body.Parse([]byte(payload)); b.Type == "text/x-msmsgsinvite" && !want {
			t.Errorf("%q is an invitation", payload)
		}
	}
}
