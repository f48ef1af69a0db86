package format_test

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/format"
)

func TestAppendVerbose(t *testing.T) {
	all := events(t)
	all["rewritten"].Packets = session.Packets{First: 7, Last: 9, Shared: true}
	for name, want := range map[string][]string{
		"message": {
			"#2 MSG: a message from a user of the session, or from the server itself\n",
			"\n    connection  1\n", "\n    to          10.0.0.7:51234  (client)\n", "\n    role        SB\n",
			"\n    section     §8.8\n",
			"\n    UserHandle    bob@hotmail.com  (the user whom the command is about: ",
			"\n    FriendlyName  Bob B  <- Bob%20B  (the name that people see",
			"\n  payload, ", "\n    Content-Type  text/plain; charset=UTF-8  (what the data is",
			"\n    | hello bob, how are\n    | you\n",
			"\n    0000  4d 53 47 20 62 6f 62 40  68 6f 74 6d 61 69 6c 2e  MSG bob@hotmail.\n",
		},
		"rewritten": {
			"\n    answers     #2, 1.5ms before\n", "\n    packets     7 to 9, with others\n",
			"\n    flags       rewritten\n", "\n  command, 37 bytes\n",
			"\n    Address            10.0.0.9:1863  (where to connect",
			"\n  sent on in its place, 38 bytes\n", "\n    Address            127.0.0.1:1863  (",
		},
		"error": {"#3 911 ERR_AUTHENTICATION_FAILED: wrong password; at a switchboard: wrong cookie\n"},
		"opaque": {
			"#2 is not a command: ",
			`0000  16 03 01 ff 20 6a 75 6e  6b 1b 5b 32 4a 0d 0a     .... junk.[2J..` + "\n",
		},
		"unknown": {"#2 ZZZ: no dialect has this command here\n", "\n    Arg2  two\n"},
		"surplus": {"\n    Extra       c\n"},
		"close":   {"#3 closed: the client \\x1b[31mleft\n", "\n    text        the client \\x1b[31mleft\n"},
		"note":    {"#1 note: recording stopped\n"},
	} {
		got := string(format.AppendVerbose(nil, all[name]))
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s lacks %q:\n%s", name, w, got)
			}
		}
		if !strings.HasSuffix(got, "\n\n") || strings.Contains(strings.TrimSuffix(got, "\n\n"), "\n\n") {
			t.Errorf("%s is not one paragraph:\n%q", name, got)
		}
		checkPrintable(t, strings.ReplaceAll(got, "\n", ""))
	}
}
