package explain_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/internal/explain"
)

func TestLookup(t *testing.T) {
	for _, tc := range []struct {
		word  string
		kinds []string
	}{
		{"VER", []string{explain.Command}},
		{"ver", []string{explain.Command}},
		{"AL", []string{explain.List, explain.Privacy}},
		{"NLN", []string{explain.Command, explain.State}},
		{"SB", []string{explain.ServerRole, explain.Referral}},
		{"N", []string{explain.Privacy, explain.Acknowledge, explain.Field}},
		{"Ser#", []string{explain.Argument}},
		{"args.UserHandle", []string{explain.Argument}},
		{"Value", []string{explain.Argument, explain.Argument, explain.Argument, explain.Argument}},
		{"911", []string{explain.ErrorCode}},
		{"217", []string{explain.ErrorCode}},
		{"text/x-msmsgscontrol", []string{explain.ContentType}},
		{"Text/Plain; charset=UTF-8", []string{explain.ContentType}},
		{"typinguser", []string{explain.BodyField}},
		{"msnp8", []string{explain.DialectName}},
		{"rtt_ms", []string{explain.Field}},
		{"rewritten", []string{explain.FlagName}},
		{"error", []string{explain.FlagName}},
		{"###", []string{explain.Command}},
		{"OTH", []string{explain.Status}},
		{"", nil},
		{"#", nil},
		{"ZZZ", nil},
		{"999", nil},
	} {
		var kinds []string
		for _, e := range explain.Lookup(tc.word) {
			kinds = append(kinds, e.Kind)
		}
		if diff := cmp.Diff(tc.kinds, kinds); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tc.word, diff)
		}
	}
}

// TestLookupSaysWhatMatters checks that explanations contain the facts for which people look.
func TestLookupSaysWhatMatters(t *testing.T) {
	for _, tc := range []struct {
		word string
		want []string
	}{
		{"XFR", []string{
			"XFR TrID SB", "§8.1", "otherwise error 913", "answered by", "XFR 9 SB 10.0.0.9:1863 CKI",
			"From the server",
		}},
		{"CVR", []string{"none: real clients and servers have it", "MSNP4: gains Client"}},
		{"PRP", []string{"MSNP5 to MSNP18"}},
		{"INF", []string{"dialects MSNP2 to MSNP7"}},
		{"LST", []string{"MSNP8 to MSNP9", "MSNP12: gains NetworkType", "with N= in front"}},
		{"MSNP8", []string{"gone FND INF", "C: CHG gains Capabilities", "S: GTC new form: GTC [A | N]"}},
		{"PL", []string{"pending", "since MSNP10"}},
		{"TWN", []string{"Passport", "since MSNP8"}},
		{"913", []string{"ERR_NOT_ALLOWED_WHEN_OFFLINE", "§7.11", "XFR", `cmd == "913"`}},
		{"217", []string{"the draft does not have it", "CAL"}},
		{"BSY", []string{"busy", "CHG (State)", "§7.7"}},
		{"UserHandle", []string{"from the client", "ADD", `args.UserHandle == "bob@hotmail.com"`}},
		{"MSG", []string{"Content-Type: text/plain", "Hello Bob"}},
		{"SB", []string{"switchboard server", "ANS CAL MSG OUT USR"}},
		{"MSNP5", []string{"BPR", "PAG", "PRP"}},
	} {
		got := explain.Text(explain.Lookup(tc.word), explain.TextOptions{})
		for _, w := range tc.want {
			if !strings.Contains(strings.Join(strings.Fields(got), " "), w) {
				t.Errorf("explain %s does not say %q:\n%s", tc.word, w, got)
			}
		}
	}
}

func TestSuggest(t *testing.T) {
	for _, tc := range []struct{ word, want string }{
		{"VRE", "VER"},
		{"userhandel", "UserHandle"},
		{"SYM", "SYN"},
		{"MSPN8", "MSNP8"},
		{"rtt", "rtt_ms"},
		{"msmsgscontrol", "text/x-msmsgscontrol"},
	} {
		if got := explain.Suggest(tc.word); !slices.Contains(got, tc.want) || len(got) > 5 {
			t.Errorf("Suggest(%s) = %v, want %s among at most 5", tc.word, got, tc.want)
		}
	}
	for _, word := range []string{"", "xyzzyplugh", strings.Repeat("x", 1<<16)} {
		if got := explain.Suggest(word); len(got) != 0 && word != "" {
			t.Errorf("Suggest(%.10s) = %v, want nothing", word, got)
		}
	}
}

// TestTextFits checks that every explanation keeps to the width and contains no control characters
// but line ends.
func TestTextFits(t *testing.T) {
	for _, width := range []int{40, 80} {
		all := explain.Contents(explain.TextOptions{Width: width})
		for _, word := range explain.Words() {
			all += explain.Text(explain.Lookup(word), explain.TextOptions{Width: width})
		}
		for line := range strings.Lines(all) {
			line = strings.TrimSuffix(line, "\n")
			if utf8.RuneCountInString(line) > width && strings.Contains(strings.TrimSpace(line), " ") && width > 40 {
				t.Errorf("width %d: %q", width, line)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }) || strings.HasSuffix(line, " ") {
				t.Errorf("width %d: control characters or a blank at the end: %q", width, line)
			}
		}
	}
	bold := explain.Text(explain.Lookup("VER"), explain.TextOptions{Bold: true})
	if !strings.HasPrefix(bold, "\x1b[1mVER: command\x1b[0m\n") {
		t.Errorf("the title is not bold: %.40q", bold)
	}
}

func TestForms(t *testing.T) {
	client := explain.Forms("CVR")[0]
	if client.First().Dir != decode.FromClient || client[0].Since != "MSNP2" || client[0].Until != "MSNP3" {
		t.Errorf("the first CVR is %s from %s to %s, want the client's, MSNP2 to MSNP3", client.First().Dir,
			client[0].Since, client[0].Until)
	}
	if got := client[1]; got.Since != "MSNP4" || got.Change != "gains Client" {
		t.Errorf("the second CVR: since %s, %q", got.Since, got.Change)
	}
	xfr := explain.Forms("XFR")
	if len(xfr) != 3 || xfr[0].First().Dir != decode.FromClient {
		t.Errorf("XFR has %d forms, want the client's SB, the server's NS and SB", len(xfr))
	}
	if got := explain.Forms("VER")[0].Life(); got != "" {
		t.Errorf("VER is of all dialects, not %q", got)
	}
	if got := explain.Forms("BPR")[0].Life(); !strings.Contains(got, "MSNP5") {
		t.Errorf("BPR began with MSNP5, not %q", got)
	}
}

func TestStateWords(t *testing.T) {
	for _, tc := range []struct {
		states dialect.State
		want   string
	}{
		{dialect.Always, "at any time"},
		{dialect.LoggedOn, "logged on"},
		{dialect.Fresh, "first of all"},
		{dialect.Versioned | dialect.Negotiated, "after VER, or after INF"},
		{dialect.Logon | dialect.Hidden, "during the logon, or logged on in state HDN"},
		{0, ""},
	} {
		if got := explain.StateWords(tc.states); got != tc.want {
			t.Errorf("states %b: %q, want %q", tc.states, got, tc.want)
		}
	}
}

// TestMarkdown checks that the document is the same each time, complete and well formed.
func TestMarkdown(t *testing.T) {
	doc := explain.Markdown()
	if doc != explain.Markdown() {
		t.Error("two documents differ")
	}
	for _, verb := range explain.Verbs() {
		if !strings.Contains(doc, "\n### "+verb+"\n") {
			t.Errorf("no chapter for %s", verb)
		}
	}
	for _, want := range []string{
		"## A session", "| DS | dispatch server |", "`913`", "`text/x-msmsgscontrol`",
		"### MSNP5", "| `BSY` | 7.7 |", "`XFR TrID SB`",
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("the document lacks %q", want)
		}
	}
	columns, fence := 0, false
	for line := range strings.Lines(doc) {
		if strings.HasPrefix(line, "```") {
			fence = !fence
		}
		if fence || !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if columns == 0 {
			columns = n
		}
		if n != columns {
			t.Errorf("a row of %d columns in a table of %d: %s", n-1, columns-1, line)
		}
	}
	if fence {
		t.Error("a block of code has no end")
	}
}
