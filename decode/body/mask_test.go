package body_test

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/body"
)

func TestMask(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"hello, what is your ticket?", "hello, what is your ticket?"},
		{"<ticket>t=EwDg&amp;p=x</ticket>", "<ticket>***</ticket>"},
		{"<Ticket>EwDg", "<Ticket>***"},
		{"<wsse:Password Type=\"x\">hush</wsse:Password>", `<wsse:Password Type="x">***</wsse:Password>`},
		{"<a>&lt;ticket&gt;EwDg&lt;/ticket&gt;</a>", "<a>&lt;ticket&gt;***&lt;/ticket&gt;</a>"},
		{`<login password="hu sh" user='bob'/>`, `<login password=*** user='bob'/>`},
		{`{"password": "hush", "user": "bob"}`, `{"password": ***, "user": "bob"}`},
		{"XFR?t=EwDg==&p=9 x", "XFR?t=***&p=*** x"},
		{"t=EwDg", "t=***"},
		{"AuthCookie: 93301\r\nPort: 6891", "AuthCookie: ***\r\nPort: 6891"},
		{"MSPAuth=2AAAA", "MSPAuth=***"},
		{"part=1 top: 2", "part=1 top: 2"},
	} {
		if got := body.Mask(tc.text); got != tc.want {
			t.Errorf("Mask(%q) = %q, want %q", tc.text, got, tc.want)
		}
	}
}

// TestMaskKnowsTheTable: each field that the table of content types calls secret is masked.
func TestMaskKnowsTheTable(t *testing.T) {
	for _, typ := range body.Types() {
		for _, f := range typ.Fields {
			name := strings.TrimPrefix(f.Name, "SLP.")
			if text := name + ": hush"; f.Kind == body.KindSecret && body.Mask(text) != name+": ***" {
				t.Errorf("Mask(%q) = %q", text, body.Mask(text))
			}
		}
	}
}
