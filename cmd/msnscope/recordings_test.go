package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// clientRecordings are recordings of real clients, those that the program ships and further ones:
// their users, their connections in order, how many commands they have, and what the State says at
// an event at which much is known. Each line of it can be checked against the commands before that
// event. Further words that a client really sends are named as surplus.
var clientRecordings = []struct {
	file, users, conns string
	commands           int
	surplus            string
	empty              int // empty lines: what is left where the length of a message was short
	at                 uint64
	state              []string
}{
	{
		file: "samples/clients/gaim-2000.pcap", users: "alice bob", commands: 79,
		conns:   "DS MSNP2, NS MSNP2, DS MSNP2, NS MSNP2, SB MSNP2, SB MSNP2",
		surplus: "REM 1795354848 AL carol@hotmail.com carol@hotmail.com",
	},
	{
		file: "samples/clients/gaim-2001.pcap", users: "alice bob", commands: 77,
		conns: "DS MSNP2, NS MSNP2, DS MSNP2, NS MSNP2, SB MSNP2, SB MSNP2",
	},
	{
		file: "samples/clients/amsn-2001.pcap", users: "alice bob", commands: 92,
		conns: "DS MSNP2, NS MSNP2, DS MSNP2, NS MSNP2, SB MSNP2, SB MSNP2",
	},
	{
		file: "samples/clients/perl-library.pcap", users: "alice bob", commands: 72,
		conns: "DS MSNP2, NS MSNP2, DS MSNP2, NS MSNP2, SB MSNP2, SB MSNP2",
	},
	{
		file: "samples/clients/gaim-2002-msnp5.pcap", users: "alice bob", commands: 76,
		conns: "DS MSNP5, NS MSNP5, DS MSNP5, NS MSNP5, SB MSNP5, SB MSNP5",
	},
	{
		file: "gaim-2003-msnp7.pcap", users: "nora otto", commands: 114,
		conns: "DS MSNP7, NS MSNP7, DS MSNP7, NS MSNP7, SB MSNP7, SB MSNP7",
		at:    118, state: []string{
			"nora@hotmail.com nora NLN, FL dave@hotmail.com dave otto@hotmail.com otto@hotmail.com NLN, RL " +
				"dave@hotmail.com dave otto@hotmail.com otto NLN, AL dave@hotmail.com dave, BL",
			"otto@hotmail.com otto NLN, FL dave@hotmail.com dave nora@hotmail.com nora@hotmail.com NLN, RL " +
				"dave@hotmail.com dave nora@hotmail.com nora NLN, AL dave@hotmail.com dave, BL",
			"talk: nora@hotmail.com otto@hotmail.com",
		},
	},
	{
		file: "python-library-msnp7.pcap", users: "alice bob", commands: 127,
		conns: "DS MSNP7, NS MSNP7, DS MSNP7, NS MSNP7, SB MSNP7, SB MSNP7",
		at:    112, state: []string{
			"alice@hotmail.com alice NLN, FL dave@hotmail.com dave bob@hotmail.com bob@hotmail.com LUN, RL " +
				"dave@hotmail.com dave bob@hotmail.com bob LUN, AL bob@hotmail.com bob@hotmail.com LUN, BL",
			"bob@hotmail.com Bobby%20%C3%A9%20%28x%29 LUN, FL dave@hotmail.com dave alice@hotmail.com " +
				"alice@hotmail.com NLN, RL dave@hotmail.com dave alice@hotmail.com alice NLN, AL " +
				"alice@hotmail.com alice@hotmail.com NLN, BL",
			"talk: alice@hotmail.com bob@hotmail.com",
		},
	},
	{
		file: "python-library-msnp8.pcap", users: "ml1 ml2", commands: 124,
		conns: "DS MSNP8, DS MSNP8, NS MSNP8, NS MSNP8",
		at:    106, state: []string{
			"ml2@hotmail.com Zoé%20100%25 FLN, FL ml1@hotmail.com Peer%20Eins, RL ml1@hotmail.com MsnlibA, " +
				"AL ml1@hotmail.com ml1@hotmail.com, BL",
			"ml1@hotmail.com Zoé%20100%25 FLN, FL ml2@hotmail.com Peer%20Eins, RL ml2@hotmail.com MsnlibB, " +
				"AL ml2@hotmail.com Peer%20Eins, BL",
		},
	},
	{
		file: "pidgin-2.4-msnp13.pcap", users: "p14a p14b p14c", commands: 155,
		conns: "NS MSNP13, NS MSNP13, NS MSNP13, NS MSNP13, NS MSNP13",
		at:    98, state: []string{
			"p14a@hotmail.com Nom%20p14a NLN, FL p14b@hotmail.com Nom%20p14b NLN, AL p14b@hotmail.com " +
				"Nom%20p14b NLN, BL",
			"p14b@hotmail.com Nom%20p14b NLN, FL p14a@hotmail.com, RL p14a@hotmail.com Nom%20p14a, AL " +
				"p14a@hotmail.com, BL",
		},
	},
	{
		file: "pidgin-2.5-msnp15.pcap", users: "p15a p15b", commands: 110,
		conns: "NS MSNP15, NS MSNP15, SB MSNP15, SB MSNP15",
		at:    77, state: []string{
			"p15b@hotmail.com Nom%20p15b NLN, FL p15a@hotmail.com Nom%20p15a NLN, AL, BL",
			"p15a@hotmail.com Nom%20p15a NLN, FL p15b@hotmail.com Nom%20p15b NLN, AL p15c@hotmail.com, BL",
			"talk: p15a@hotmail.com p15b@hotmail.com",
		},
	},
	{
		file: "pidgin-2.10-msnp18.pcap", users: "p18a", commands: 47,
		conns: "DS MSNP18, NS MSNP18",
		at:    47, state: []string{
			"p18a@hotmail.com Zoé%20“a”%20100 NLN, FL p18b@hotmail.com, AL p18c@hotmail.com, BL",
		},
	},
	{
		file: "pidgin-2.5-gateway.pcap", users: "gina hans", commands: 91,
		conns: "NS MSNP9, NS MSNP9, SB MSNP9, SB MSNP9",
		at:    84, state: []string{
			"hans@hotmail.com hans NLN, FL gina@hotmail.com gina NLN, RL gina@hotmail.com gina NLN, AL " +
				"gina@hotmail.com gina NLN, BL",
			"gina@hotmail.com gina NLN, FL hans@hotmail.com hans NLN, RL hans@hotmail.com hans NLN, AL " +
				"hans@hotmail.com hans NLN, BL",
			"talk: gina@hotmail.com hans@hotmail.com",
		},
	},
	{
		file: "pidgin-2.10-gateway.pcap", users: "p18a", commands: 57,
		conns: "NS MSNP18, SB MSNP18",
		at:    53, state: []string{
			"p18a@hotmail.com Zoé%20“a”%20100 NLN, FL p18b@hotmail.com Nom%20p18b NLN, AL p18c@hotmail.com, " +
				"BL",
			"talk: p18a@hotmail.com p18b@hotmail.com",
		},
	},
	{
		file: "amsn-2003-gateway.pcap", users: "alice bob", commands: 97,
		conns: "NS MSNP7, NS MSNP7, SB MSNP7, SB MSNP7, SB MSNP7, SB MSNP7",
		at:    101, state: []string{
			"alice@hotmail.com alice NLN, FL bob@hotmail.com bob NLN, RL, AL, BL",
			"bob@hotmail.com bob NLN, FL, RL alice@hotmail.com alice, AL, BL",
			"talk: alice@hotmail.com, calls bob@hotmail.com",
			"talk: alice@hotmail.com bob@hotmail.com",
		},
	},
	{
		file: "transfers/amsn-amsn.pcap", users: "anna bert", commands: 139,
		conns: "DS MSNP7, NS MSNP7, DS MSNP7, NS MSNP7, SB MSNP7, SB MSNP7, FT MSNFTP",
		at:    113, state: []string{
			"anna@hotmail.com anna NLN, FL bert@hotmail.com bert NLN, RL bert@hotmail.com bert NLN, AL " +
				"bert@hotmail.com bert NLN, BL",
			"bert@hotmail.com bert NLN, FL anna@hotmail.com anna NLN, RL anna@hotmail.com anna NLN, AL " +
				"anna@hotmail.com anna NLN, BL",
			"talk: anna@hotmail.com bert@hotmail.com",
		},
	},
	{
		file: "transfers/amsn-accents.pcap", users: "anna bert", commands: 112, empty: 2,
		conns: "DS MSNP7, NS MSNP7, DS MSNP7, NS MSNP7, SB MSNP7, SB MSNP7, FT MSNFTP",
	},
	{
		file: "transfers/amsn-gaim-no-bye.pcap", users: "alice bob", commands: 129,
		conns: "DS MSNP7, NS MSNP7, DS MSNP5, NS MSNP5, SB MSNP7, SB MSNP5, , FT MSNFTP, FT MSNFTP, FT MSNFTP",
	},
	{
		file: "transfers/commands-inside.pcap", users: "alice bob", commands: 79,
		conns: "DS MSNP7, NS MSNP7, DS MSNP7, NS MSNP7, SB MSNP7, SB MSNP7, FT MSNFTP",
		at:    88, state: []string{ // nobody of the file's text is in it
			"alice@hotmail.com alice NLN, FL bob@hotmail.com bob@hotmail.com NLN, RL bob@hotmail.com bob NLN, AL " +
				"bob@hotmail.com bob@hotmail.com NLN",
			"bob@hotmail.com bob NLN, FL alice@hotmail.com alice@hotmail.com NLN, RL alice@hotmail.com alice NLN, AL " +
				"alice@hotmail.com alice@hotmail.com NLN",
			"talk: alice@hotmail.com bob@hotmail.com",
		},
	},
	{
		file: "transfers/libmsn2-twisted.pcap", users: "alice bob", commands: 101,
		conns: "DS MSNP7, NS MSNP7, DS MSNP7, NS MSNP7, SB MSNP7, SB MSNP7, FT MSNFTP, FT MSNFTP",
	},
}

func recordingPath(file string) string {
	if rest, shipped := strings.CutPrefix(file, "samples/"); shipped {
		return filepath.Join(capturesDir, rest)
	}
	if strings.HasPrefix(file, "transfers/") {
		return filepath.Join("../../captures/testdata", file)
	}
	return filepath.Join("testdata", "recordings", file)
}

// TestRecordings checks that each command of real clients is named, that each person is one user,
// and that the State follows from the commands.
func TestRecordings(t *testing.T) {
	for _, r := range clientRecordings {
		t.Run(r.file, func(t *testing.T) {
			events := eventsIn(t, recordingPath(r.file))
			commands, users, conns, empty := 0, []string{}, []string{}, 0
			s, state := session.NewState(), ""
			for _, e := range events {
				if s.Apply(e); e.N == r.at {
					state = figure(s)
				}
				if e.Kind != session.Command {
					continue
				}
				commands++
				if who, _, _ := strings.Cut(e.User, "@hotmail.com"); !slices.Contains(users, who) {
					users = append(users, who)
				}
				for len(conns) < e.Conn {
					conns = append(conns, "")
				}
				conns[e.Conn-1] = e.Role.Name() + " " + e.Dialect
				line := string(e.In.Line())
				switch _, known := argOf(e); {
				case e.In.Why == decode.EmptyLine:
					empty++
				case e.In.Opaque():
					t.Errorf("event %d is opaque: %s: %s", e.N, e.In.Why, line)
				case !known && line != r.surplus:
					t.Errorf("event %d has an argument without a name: %s", e.N, line)
				}
			}
			slices.Sort(users)
			if got := strings.Join(users, " "); got != r.users {
				t.Errorf("users %q, want %q", got, r.users)
			}
			if got := strings.Join(conns, ", "); got != r.conns {
				t.Errorf("connections %q, want %q", got, r.conns)
			}
			if commands != r.commands || empty != r.empty {
				t.Errorf("%d commands and %d empty lines, want %d and %d", commands, empty, r.commands, r.empty)
			}
			if want := strings.Join(r.state, "\n"); state != want {
				t.Errorf("after event %d:\n%s\nwant\n%s", r.at, state, want)
			}
		})
	}
}

// argOf returns the last argument of the event's command, and whether the command and that argument
// have a name.
func argOf(e *session.Event) (dialect.Arg, bool) {
	n := e.In.NumArgs()
	if e.Row == nil || n == 0 {
		return dialect.Arg{}, e.Row != nil
	}
	return e.Row.Arg(n - 1)
}

// figure returns what a State says, one line for each user (name, presence, lists, what the user
// sees of others who are on no list) and for each conversation.
func figure(s *session.State) string {
	var all []string
	for _, u := range s.Users() {
		line := fmt.Sprintf("%s %s %s", u.Handle, u.Name, u.State)
		for _, l := range dialect.Lists {
			entries, whole := u.List(l)
			if !whole && len(entries) == 0 {
				continue
			}
			line += ", " + l
			for _, c := range entries {
				line += strings.TrimRight(fmt.Sprintf(" %s %s %s", c.Handle, c.Name, c.State), " ")
			}
		}
		for _, c := range u.Unlisted() {
			line += fmt.Sprintf(", sees %s %s", c.Handle, c.State)
		}
		all = append(all, line)
	}
	for _, t := range s.Talks() {
		line := "talk:"
		for _, m := range t.Roster {
			line += " " + m.Handle
		}
		for _, i := range t.Invited {
			line += ", calls " + i.Handle
		}
		all = append(all, line)
	}
	return strings.Join(all, "\n")
}

// skeleton returns what a State says without saying of whom: how many are where, in what state.
func skeleton(s *session.State) string {
	var b strings.Builder
	for _, u := range s.Users() {
		fmt.Fprintf(&b, "user %q %v", u.State, u.Name != "")
		for _, l := range dialect.Lists {
			entries, whole := u.List(l)
			fmt.Fprintf(&b, " %s %v", l, whole)
			for _, c := range entries {
				fmt.Fprintf(&b, " %v/%s/%s", c.Name != "", c.State, c.Network)
			}
		}
		fmt.Fprintf(&b, " sees %d of them %d on no list\n", len(u.Contacts()), len(u.Unlisted()))
	}
	for _, c := range s.Connections() {
		fmt.Fprintf(&b, "conn %d %d %d %v\n", c.ID, len(c.Roster), len(c.Invited), c.Closed)
	}
	return b.String()
}

// TestRedactedRecordings checks that nothing of a person is left of the recordings of real clients,
// while the State has the same shape after each event and a replay the same verdict.
func TestRedactedRecordings(t *testing.T) {
	for _, r := range clientRecordings {
		t.Run(r.file, func(t *testing.T) {
			t.Parallel()
			path, out := recordingPath(r.file), filepath.Join(t.TempDir(), "redacted.pcapng")
			printed(t, "export", path, "--redact", "-o", out)
			before, after := eventsIn(t, path), eventsIn(t, out)
			sameShape(t, before, after)
			left := printed(t, "dump", "-T", "jsonl", out)
			for secret := range privateIn(t, before) {
				for _, form := range []string{
					secret, strings.ToUpper(secret), strings.ToLower(secret), decode.Escape(secret),
				} {
					if i := strings.Index(left, form); i >= 0 {
						t.Errorf("%q is still there: %q", form, left[max(0, i-200):min(len(left), i+60)])
					}
				}
			}
			one, other := session.NewState(), session.NewState()
			for i := range before {
				was, is := &before[i].In, &after[i].In
				if was.Block() && (!is.Block() || string(is.Line()) != string(was.Line()) ||
					len(bytes.Trim(is.Payload(), "\x00")) > 0 || len(is.Payload()) != len(was.Payload())) {
					t.Fatalf("event %d: the block %q is now %q", before[i].N, was.Raw, is.Raw)
				}
				one.Apply(before[i])
				other.Apply(after[i])
				if was, is := skeleton(one), skeleton(other); was != is {
					t.Fatalf("after event %d, %s:\n%s\nwas\n%s", before[i].N, before[i].In.Line(), is, was)
				}
			}
			if was, is := replayed(t, path), replayed(t, out); was != is {
				t.Errorf("replayed: %s, before: %s", is, was)
			}
		})
	}
}

// replayed returns the exit code and the last line of a replay, which says how much was as recorded
// or why nothing could be played.
func replayed(t *testing.T, path string) string {
	t.Helper()
	var out bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &out, getenv: func(string) string { return "" }}
	code := run(t.Context(), []string{"replay", path}, e)
	return fmt.Sprint(code, " ", verdictLine(out.String()))
}

// personal matches what tells of the users of these recordings: handles, tickets, GUIDs, pictures.
var personal = regexp.MustCompile(`[\w.]+@hotmail\.com|\b(?i:t=|ticket=)[^&\s"'<]{8,}` +
	`|[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}|(?:Creator|Location|SHA1D)=\\?"[^"\\]{4,}`)

// privateIn returns what is private in a recording: what personal matches, the parts of handles
// before the @, friendly names and the texts that people wrote.
func privateIn(t *testing.T, events []*session.Event) map[string]bool {
	all := map[string]bool{}
	for _, e := range events {
		for _, s := range personal.FindAllString(string(e.In.Raw), -1) {
			all[s] = true
			if user, _, found := strings.Cut(s, "@"); found {
				all[user] = true
			}
		}
		for i := range e.In.NumArgs() {
			if a, ok := e.Row.Arg(i); ok && a.Kind == dialect.Name {
				all[decode.Unescape(string(a.Value(e.In.Arg(i))))] = true
			}
		}
		if b := body.Parse(e.In.Payload()); b.Type == "text/plain" {
			all[strings.TrimSpace(string(b.Data))] = true
		}
		if v, ok := body.ReadInvite(e.In.Payload()); ok {
			for _, s := range []string{v.File, v.AuthCookie, v.IP} {
				all[s] = true
			}
		}
	}
	const fileTransfer = "5D3E02AB-6190-11d3-BBBB-00C04F795683" // the same for all users
	for s := range all {
		if len(s) < 3 || s == "Hotmail" || s == fileTransfer {
			delete(all, s)
		}
	}
	if len(all) < 3 {
		t.Errorf("only %d secrets", len(all))
	}
	return all
}
