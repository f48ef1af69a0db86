package filter_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/internal/filter"
)

// The head of an event never contradicts the event, and decides as much as it can. An event is
// named with + if the head matches, with - if it does not, and not at all if only the bytes tell.
func TestHead(t *testing.T) {
	all := events()
	for _, tc := range []struct {
		src, want string
		class     filter.Class
	}{
		{``, "+error +latin1 +msg +nln +open +ver +xfr +zzz", filter.ByVerb},
		{`true`, "+error +latin1 +msg +nln +open +ver +xfr +zzz", filter.ByVerb},
		{`msg`, "-error +latin1 +msg -nln -open -ver -xfr -zzz", filter.ByVerb},
		{`715`, "+error -latin1 -msg -nln -open -ver -xfr -zzz", filter.ByVerb},
		{`hello`, "", filter.EachEvent},
		{`cmd == "XFR" && role == "NS"`, "-error -latin1 -msg -nln -open -ver +xfr -zzz", filter.ByVerbAndConn},
		{`user contains "Bob" && rtt_ms > 200`, "-error -latin1 -msg -nln -open -ver +xfr -zzz", filter.EachEvent},
		{`"rewritten" in flags or event == "open"`, "-error -latin1 -msg -nln +open -ver +xfr -zzz", filter.ByVerb},
		{`n == 4`, "-error -latin1 -msg -nln -open -ver +xfr -zzz", filter.EachEvent},
		{`time > "2026-03-01 18:04:05"`, "+error -latin1 -msg -nln -open -ver +xfr -zzz", filter.EachEvent},
		{`cmd == "MSG" && payload.text contains "Hello"`, "-error -nln -open -ver -xfr -zzz", filter.ByVerb},
		// if it may be true, the whole event must be read
		{`cmd == "MSG" || payload.text contains "Hello"`, "", filter.EachEvent},
		{`payload.text contains "Hello"`, "", filter.EachEvent},
		{`!(cmd == "MSG" || args.Ser == "1") && dir == "S"`, "-latin1 -msg -open -ver -zzz", filter.ByVerb},
		{`not (raw contains "%20") and cmd in ["NLN", "ZZZ"]`, "-error -latin1 -msg -open -ver -xfr", filter.ByVerb},
		{
			`cmd == "XFR" && args.Address contains "10.0" && len(user) > 3`, "-error -latin1 -msg -nln -open -ver -zzz",
			filter.ByVerbAndConn,
		},
		{`dir == "C" && (out.raw contains "127" || size > 10)`, "-error -latin1 -msg -nln -open -xfr", filter.ByVerb},
		{`dir == "C" ? cmd == "ZZZ" : raw contains "x"`, "", filter.EachEvent},
		{`len(args) > 2 && conn == 7`, "-error -latin1 -msg -nln -open -ver -xfr -zzz", filter.ByVerbAndConn},
		{`time < now()`, "", filter.EachEvent},
		{
			`client in cidr("10.0.0.0/30") || server != "10.0.0.1"`,
			"-error -latin1 -msg -nln -open -ver -xfr -zzz", filter.ByVerbAndConn,
		},
		{
			`client_name icontains "LAPTOP" && client == "10.0.0.7"`,
			"-error -latin1 -msg +nln -open -ver -xfr -zzz", filter.ByVerbAndConn,
		},
		{`file == "a.pcap"`, "-error -latin1 -msg +nln -open -ver -xfr -zzz", filter.EachEvent},
		{`int(user) > 3 && cmd == "NLN"`, "", filter.ByVerbAndConn}, // it fails, and so decides nothing
		{`args.Nothing == "x" || cmd == "NLN"`, "", filter.EachEvent},
		{`false && payload.text contains "x"`, "-error -latin1 -msg -nln -open -ver -xfr -zzz", filter.ByVerb},
	} {
		f, err := filter.Compile(tc.src)
		if err != nil {
			t.Fatalf("%q: %v", tc.src, err)
		}
		var got []string
		for _, name := range slices.Sorted(maps.Keys(all)) {
			e := all[name]
			head := *e
			head.In, head.Out, head.Text = decode.Message{Verb: e.In.Verb}, nil, ""
			v, match := f.Head(&head), f.Match(e)
			if v == filter.Yes && !match || v == filter.No && match {
				t.Errorf("%q: %s: the head says %d, the event %t", tc.src, name, v, match)
			}
			if v != filter.Unsure {
				got = append(got, map[filter.Verdict]string{filter.Yes: "+", filter.No: "-"}[v]+name)
			}
		}
		if got := strings.Join(got, " "); got != tc.want && !strings.HasPrefix(tc.src, "int(") ||
			f.Class() != tc.class {
			t.Errorf("%q: %s, class %d; want %s, %d", tc.src, got, f.Class(), tc.want, tc.class)
		}
	}
}
