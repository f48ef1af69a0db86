package compare

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// events returns commands of one server at a connection of the given role, or, with dir 'C', of one
// client.
func events(t *testing.T, dir decode.Dir, role dialect.Role, commands ...string) []*session.Event {
	t.Helper()
	var graph session.Graph
	c, _ := graph.Open(time.Time{}, "", "")
	c.To("", role)
	var all []*session.Event
	for _, command := range commands {
		if !strings.Contains(command, "\n") {
			command += "\r\n"
		}
		r := decode.NewReader(dir, c.Grammar())
		r.Feed([]byte(command))
		var m decode.Message
		if !r.Next(&m) {
			t.Fatalf("%q is no whole command", command)
		}
		all = append(all, c.Track(dir, &m, time.Time{}))
	}
	return all
}

func msg(payload string) string {
	return fmt.Sprintf("MSG Hotmail Hotmail %d\r\n%s", len(payload), payload)
}

func profile(lines ...string) string {
	return msg("MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsprofile; charset=UTF-8\r\n" +
		strings.Join(lines, "\r\n") + "\r\n\r\n")
}

func TestMessage(t *testing.T) {
	const ns, sb = dialect.NS, dialect.SB
	tests := []struct {
		name      string
		role      dialect.Role
		want, got string
		ignore    []string
		diffs     string
	}{
		{"the same", ns, "CHG 8 NLN", "CHG 8 NLN", nil, ""},
		{"spacing says nothing", ns, "CHG 8 NLN", "CHG  8 NLN ", nil, ""},
		{"a value", ns, "CHG 8 NLN", "CHG 8 BSY", nil, "State: NLN/BSY"},
		{"a name", ns, "LST 7 FL 12 1 2 b@x Bob", "LST 7 FL 12 1 2 b@x Bobby", nil, "CustomUserName: Bob/Bobby"},
		{"an argument less", ns, "LST 7 FL 12 1 2 b@x Bob", "LST 7 FL 12 1 2 b@x", nil, "CustomUserName: Bob/"},
		{"one too many", ns, "CHG 8 NLN", "CHG 8 NLN 0", nil, "argument 2: /0"},
		{"the serial", ns, "SYN 7 12", "SYN 7 13", nil, ""},
		{"no number in place of the serial", ns, "SYN 7 12", "SYN 7 -", nil, "Ser: 12/-"},
		{"no serial, ignored", ns, "SYN 7 12", "SYN 7 -", []string{"ser"}, ""},
		{"ignored by its filter name", ns, "SYN 7 12", "SYN 7 -", []string{"args.Ser"}, ""},
		{"another TrID", ns, "CHG 8 NLN", "CHG 9 NLN", nil, "TrID: 8/9"},
		{"other digits of the TrID", ns, "CHG 8 NLN", "CHG 008 NLN", nil, "TrID: 8/008"},
		{"no TrID", sb, "ANS 1 OK", "ANS OK", nil, "TrID: 1/"},
		{"another command", ns, "CHG 8 NLN", "201 8", nil, "Command: CHG/201"},
		{"repeated arguments", ns, "VER 0 MSNP2 CVR0", "VER 0 MSNP2 CVR1", nil, "DialectName[2]: CVR0/CVR1"},
		{"a challenge", ns, "USR 5 MD5 S 1.1", "USR 5 MD5 S 22.22", nil, ""},
		{"no challenge", ns, "USR 5 MD5 S 1.1", "USR 5 MD5 S", nil, "AuthChallengeInfo: ***/"},
		{"a cookie and an address", ns, "XFR 9 SB 10.0.0.9:1863 CKI 1.2", "XFR 9 SB [::1]:99 CKI abc", nil, ""},
		{
			"an address without a port", ns, "XFR 9 SB 10.0.0.9:1863 CKI 1.2", "XFR 9 SB 10.0.0.9 CKI 1.2", nil,
			"Address: 10.0.0.9:1863/10.0.0.9",
		},
		{"no address to go to", ns, "XFR 2 NS 10.0.0.5:1863", "XFR 2 NS 0", nil, "Address: 10.0.0.5:1863/0"},
		{"a session number", sb, "CAL 2 RINGING 11752013", "CAL 2 RINGING 5e55", nil, ""},
		{"the time of a logon", ns, profile("LoginTime: 1"), profile("LoginTime: 22"), nil, ""},
		{"no time of a logon", ns, profile("LoginTime: 1", "Age: 2"), profile("Age: 2"), nil, "payload: .*"},
		{
			"another header of a profile", ns, profile("LoginTime: 1", "Age: 2"), profile("LoginTime: 3", "Age: 4"),
			nil,
			"Age: 2/4",
		},
		{"a header, ignored", ns, profile("Age: 2"), profile("Kid: 0"), []string{"Age", "Kid"}, ""},
		{"a text", sb, "MSG a@x A 5\r\nhello", "MSG a@x A 4\r\nhell", nil, "payload: hello/hell"},
		{"a text, ignored", sb, "MSG a@x A 5\r\nhello", "MSG a@x A 4\r\nhell", []string{"payload"}, ""},
		{"a line end in a text", sb, "MSG a@x A 2\r\n\r\n", "MSG a@x A 1\r\n\n", nil, "payload: \r\n/\n"},
		{"a command nobody knows", ns, "XYZ 1 a", "XYZ 1 b", nil, "argument 1: a/b"},
		{"no command", ns, "+OK hello", "+OK there", nil, "bytes: +OK hello\r\n/+OK there\r\n"},
		{"no command instead of one", ns, "CHG 8 NLN", "+OK there", nil, "Command: CHG/no command"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, got := events(t, 'S', tt.role, tt.want)[0], events(t, 'S', tt.role, tt.got)[0]
			var found []string
			for _, d := range Message(want, got, Options{Ignore: tt.ignore}) {
				found = append(found, d.Field+": "+d.Want+"/"+d.Got)
			}
			text := strings.Join(found, "; ")
			if prefix, any := strings.CutSuffix(tt.diffs, ".*"); text != tt.diffs &&
				(!any || !strings.HasPrefix(text, prefix)) {
				t.Errorf("differences %q, want %q", text, tt.diffs)
			}
		})
	}
}

// The response to a challenge is as new as the challenge; what it is the response of is not.
func TestMessageOfClient(t *testing.T) {
	want := events(t, 'C', dialect.NS, "USR 6 MD5 S aa")[0]
	for line, diff := range map[string]string{"USR 6 MD5 S bb": "", "USR 6 CTP S aa": "SP"} {
		var fields string
		for _, d := range Message(want, events(t, 'C', dialect.NS, line)[0], Options{}) {
			fields += d.Field
		}
		if fields != diff {
			t.Errorf("%s: differences %q, want %q", line, fields, diff)
		}
	}
}

func TestAlign(t *testing.T) {
	tests := []struct {
		name      string
		want, got []string
		pairs     []string
	}{
		{
			"an entry less",
			[]string{"LST 7 FL 1 1 2 a@x A", "LST 7 FL 1 2 2 b@x B", "CHG 8 NLN"},
			[]string{"LST 7 FL 1 2 2 b@x B", "CHG 8 NLN"},
			[]string{"missing LST 7 FL 1 1 2 a@x A", "same LST 7 FL 1 2 2 b@x B", "same CHG 8 NLN"},
		},
		{
			"an entry more",
			[]string{"LST 7 FL 1 1 1 a@x A", "CHG 8 NLN"},
			[]string{"LST 7 FL 1 1 1 a@x A", "LST 7 FL 1 2 2 b@x B", "CHG 8 NLN"},
			[]string{"same LST 7 FL 1 1 1 a@x A", "extra LST 7 FL 1 2 2 b@x B", "same CHG 8 NLN"},
		},
		{
			"the same contact on two lists",
			[]string{"LST 7 FL 1 1 1 a@x A", "LST 7 AL 1 1 1 a@x A"},
			[]string{"LST 7 AL 2 1 1 a@x A"},
			[]string{"missing LST 7 FL 1 1 1 a@x A", "same LST 7 AL 1 1 1 a@x A"},
		},
		{
			"an error for an answer",
			[]string{"SYN 7 12", "CHG 8 NLN"},
			[]string{"SYN 7 12", "201 8"},
			[]string{"same SYN 7 12", "differs CHG 8 NLN Command"},
		},
		{
			"a notification first",
			[]string{"CHG 8 NLN", "NLN NLN b@x B"},
			[]string{"NLN NLN b@x B", "CHG 8 NLN"},
			[]string{"same CHG 8 NLN", "same NLN NLN b@x B"},
		},
		{
			"two answers swapped",
			[]string{"SYN 7 12", "CHG 8 NLN"},
			[]string{"CHG 8 NLN", "SYN 7 12"},
			[]string{"same SYN 7 12", "differs CHG 8 NLN order"},
		},
		{
			"two notifications about one user swapped",
			[]string{"NLN NLN b@x B", "FLN b@x"},
			[]string{"FLN b@x", "NLN NLN b@x B"},
			[]string{"same NLN NLN b@x B", "differs FLN b@x order"},
		},
		{
			"two about two users swapped",
			[]string{"FLN a@x", "FLN b@x"},
			[]string{"FLN b@x", "FLN a@x"},
			[]string{"same FLN a@x", "same FLN b@x"},
		},
		{
			"the first of several states is missing",
			[]string{"NLN NLN b@x B", "NLN BSY b@x B", "NLN AWY b@x B"},
			[]string{"NLN BSY b@x B", "NLN AWY b@x B"},
			[]string{"missing NLN NLN b@x B", "same NLN BSY b@x B", "same NLN AWY b@x B"},
		},
		{
			"the last of several states is missing",
			[]string{"NLN NLN b@x B", "NLN BSY b@x B", "NLN AWY b@x B"},
			[]string{"NLN NLN b@x B", "NLN BSY b@x B"},
			[]string{"same NLN NLN b@x B", "same NLN BSY b@x B", "missing NLN AWY b@x B"},
		},
		{
			"another TrID",
			[]string{"CHG 8 NLN"},
			[]string{"CHG 0 NLN"},
			[]string{"differs CHG 8 NLN TrID"},
		},
		{
			"another case of the handle",
			[]string{"FLN a@x"},
			[]string{"FLN A@X"},
			[]string{"differs FLN a@x UserHandle"},
		},
		{
			"nothing in common",
			[]string{"FLN a@x"},
			[]string{"CHG 8 NLN"},
			[]string{"missing FLN a@x", "extra CHG 8 NLN"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			want, got := events(t, 'S', dialect.NS, tt.want...), events(t, 'S', dialect.NS, tt.got...)
			var found []string
			for _, p := range Align(want, got, Options{}) {
				e := p.Want
				if e == nil {
					e = p.Got
				}
				line := p.Verdict.String() + " " + string(e.In.Line())
				for _, d := range p.Diffs {
					line += " " + d.Field
				}
				found = append(found, line)
			}
			if a, b := strings.Join(found, "\n"), strings.Join(tt.pairs, "\n"); a != b {
				t.Errorf("pairs:\n%s\nwant\n%s", a, b)
			}
		})
	}
}

// TestSecretsInPayloads: a difference in a payload shows no ticket, password or cookie.
func TestSecretsInPayloads(t *testing.T) {
	message := func(text string) string {
		return fmt.Sprintf("MSG Hotmail Hotmail %d\r\n%s", len(text), text)
	}
	for _, tc := range []struct{ name, want, got string }{
		{"XML", "\r\n<ticket>hush1</ticket>", "\r\n<ticket>hush2</ticket>"},
		{"attribute", "\r\n<a password=\"hush1\"/>", "\r\n<a password=\"hush2\"/>"},
		{"ticket", "X: t=hush1&p=", "X: t=hush2&p="},
		{
			"field of an invitation",
			"Content-Type: text/x-msmsgsinvite\r\n\r\nAuthCookie: hush1\r\n",
			"Content-Type: text/x-msmsgsinvite\r\n\r\nAuthCookie: hush2\r\n",
		},
		{
			"before the cut",
			"\r\n" + strings.Repeat("x", 200) + "<ticket>hush1" + strings.Repeat("x", 200),
			"\r\n" + strings.Repeat("y", 200) + "<ticket>hush2" + strings.Repeat("x", 200),
		},
	} {
		want := events(t, 'S', dialect.NS, message(tc.want))
		got := events(t, 'S', dialect.NS, message(tc.got))
		diffs := Message(want[0], got[0], Options{})
		text := fmt.Sprint(diffs)
		if len(diffs) == 0 || strings.Contains(text, "hush") || !strings.Contains(text, "***") {
			t.Errorf("%s: %s", tc.name, text)
		}
	}
}

// TestAlignIsBounded: aligning long sequences that have nothing, or everything, in common takes
// next to no time, which n*n comparisons would not.
func TestAlignIsBounded(t *testing.T) {
	const n = 5000
	var left, right []string
	for i := range n {
		left = append(left, fmt.Sprintf("FLN a%d@x", i))
		right = append(right, fmt.Sprintf("FLN b%d@x", i))
	}
	want, got := events(t, 'S', dialect.NS, left...), events(t, 'S', dialect.NS, right...)
	if pairs := Align(want, got, Options{}); len(pairs) != 2*n {
		t.Errorf("%d pairs, want %d", len(pairs), 2*n)
	}
	same := events(t, 'S', dialect.NS, strings.Split(strings.Repeat("FLN a@x\n", n), "\n")[:n]...)
	if pairs := Align(same, same[1:], Options{}); len(pairs) != n || pairs[n-1].Verdict != Missing {
		t.Errorf("%d pairs, want %d with the last one missing", len(pairs), n)
	}
}
