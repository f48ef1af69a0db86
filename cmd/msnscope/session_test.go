package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recordedParty is one run of the proxy with a party in it: what the clients saw, what was printed,
// what was recorded.
type recordedParty struct {
	address string
	taps    *taps
	given   []string
	lines   []line
	jsonl   string
	pcapng  []byte
}

var (
	theParty     *recordedParty // made once: several tests look at it from different sides
	thePartyOnce sync.Once
)

// recordParty returns the recorded party.
func recordParty(t *testing.T) *recordedParty {
	t.Helper()
	thePartyOnce.Do(func() {
		path := filepath.Join(t.TempDir(), "f.pcapng")
		p := launch(t, "proxy", "--listen", "127.0.0.1:0", "--headless", "-T", "jsonl", "-w", path)
		s := &recordedParty{address: p.address(), taps: &taps{}}
		s.given = party(t, s.taps, s.address)
		p.end(exitOK)
		s.jsonl = p.stdout.String()
		s.lines = parse(t, s.jsonl)
		var err error
		if s.pcapng, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
		theParty = s
	})
	if theParty == nil {
		t.Fatal("the recording failed, see the first test that needed it")
	}
	return theParty
}

// write puts the recording into a file of the test's own.
func (s *recordedParty) write(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "session.pcapng")
	if err := os.WriteFile(path, s.pcapng, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestClientsStayInside(t *testing.T) {
	s := recordParty(t)
	staysInside(t, s.taps, only(s.address))
	if want := []string{s.address, s.address}; !slices.Equal(s.given, want) {
		t.Errorf("alice and bob were given %q, want %q", s.given, want)
	}
}

// TestEveryByteIsAccountedFor joins the JSON lines of each connection and compares with what its
// client sent and received.
func TestEveryByteIsAccountedFor(t *testing.T) {
	s := recordParty(t)
	type exchanged struct{ sent, got string }
	lines, wires := map[string]exchanged{}, map[string]exchanged{}
	for _, l := range commands(s.lines) {
		side := lines[l.Client]
		switch b := string(l.onWire(t)); l.Dir {
		case "C":
			side.sent += b
		case "S":
			side.got += b
		default:
			t.Errorf("line %d has the direction %q", l.N, l.Dir)
		}
		lines[l.Client] = side
	}
	for _, c := range s.taps.conns() {
		if _, double := wires[c.local]; double {
			t.Fatalf("two connections came from %s", c.local)
		}
		sent, got := c.bytes()
		wires[c.local] = exchanged{sent, got}
	}
	if diff := cmp.Diff(wires, lines, cmp.AllowUnexported(exchanged{})); diff != "" {
		t.Errorf("bytes differ (-clients +lines):\n%s", diff)
	}
	if len(wires) != 13 {
		t.Errorf("%d connections, want 13: 6 to sign in, 7 to switchboards", len(wires))
	}
}

func TestLinesAreInOrder(t *testing.T) {
	s := recordParty(t)
	opened, closed, silent := map[int]bool{}, map[int]bool{}, map[int]string{}
	for i, l := range s.lines {
		if l.N != uint64(i+1) {
			t.Fatalf("line %d has the number %d", i+1, l.N)
		}
		if i > 0 && l.Time.Before(s.lines[i-1].Time) && l.Conn == s.lines[i-1].Conn && l.Dir == s.lines[i-1].Dir {
			t.Errorf("line %d is earlier than the one before", l.N)
		}
		switch {
		case l.Event == "open":
			opened[l.Conn] = true
		case !opened[l.Conn] || closed[l.Conn]:
			t.Errorf("line %d (%s%s) is outside of its connection", l.N, l.Cmd, l.Event)
		case l.Event == "close":
			closed[l.Conn] = true
		case l.Dir != "" && l.Dir == silent[l.Conn]:
			t.Errorf("line %d (%s%s) is said by an end that says no more", l.N, l.Cmd, l.Event)
		case l.Event == "half-close" && silent[l.Conn] == "":
			silent[l.Conn] = l.Dir
		case l.Event != "":
			t.Errorf("line %d is a %s: %s", l.N, l.Event, l.Text)
		}
	}
	if !maps.Equal(opened, closed) {
		t.Errorf("opened %v, closed %v", opened, closed)
	}
	for conn, dir := range silent {
		if dir != "C" && dir != "S" {
			t.Errorf("connection %d is half-closed by %q, want C or S", conn, dir)
		}
	}
}

// withoutTrID are the commands that have no TrID (§5.6), by direction.
var withoutTrID = map[string][]string{
	"C": {"OUT"},
	"S": {"NLN", "FLN", "MSG", "RNG", "JOI", "BYE", "OUT"},
}

// TestWhatLinesSay checks TrIDs, users, roles, replies and rewritings against what any command must
// have.
func TestWhatLinesSay(t *testing.T) {
	s := recordParty(t)
	users := map[int]string{}
	for _, l := range commands(s.lines) {
		words := strings.Fields(l.Raw)
		if l.Cmd != words[0] {
			t.Errorf("line %d: cmd %q of %q", l.N, l.Cmd, l.Raw)
		}
		switch without := slices.Contains(withoutTrID[l.Dir], l.Cmd); {
		case without && l.TrID != nil:
			t.Errorf("line %d: %q has the TrID %d", l.N, l.Raw, *l.TrID)
		case !without && (l.TrID == nil || fmt.Sprint(*l.TrID) != words[1]):
			t.Errorf("line %d: %q has the TrID %v", l.N, l.Raw, l.TrID)
		}
		if users[l.Conn] == "" {
			users[l.Conn] = l.User
		}
		if names := strings.HasPrefix(l.Raw, "USR ") || strings.HasPrefix(l.Raw, "ANS "); l.User != users[l.Conn] ||
			names && l.User == "" {
			t.Errorf("line %d: %q has the user %q", l.N, l.Raw, l.User)
		}
		if l.Role == "" || l.Client == "" || l.Server == "" {
			t.Errorf("line %d: %q has the role %q, client %q, server %q", l.N, l.Raw, l.Role, l.Client, l.Server)
		}
		referral := l.Dir == "S" && (l.Cmd == "XFR" || l.Cmd == "RNG")
		if referral != (l.Out != nil) || referral != l.flagged("rewritten") {
			t.Errorf("line %d: %q has out %v and flags %q", l.N, l.Raw, l.Out, l.Flags)
		}
		if referral && l.Out != nil && (strings.Contains(l.Raw, s.address) || !strings.Contains(l.Out.Raw, s.address)) {
			t.Errorf("line %d: %q was sent on as %q", l.N, l.Raw, l.Out.Raw)
		}
	}
	want := map[string]int{"alice@hotmail.com": 6, "bob@hotmail.com": 3, "carol@hotmail.com": 4}
	got := map[string]int{}
	for _, user := range users {
		got[user]++
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("connections by user (-want +got):\n%s", diff)
	}
}

// TestArgumentsHaveTheDraftsNames looks at one command of each form that scripts are likely to
// read.
func TestArgumentsHaveTheDraftsNames(t *testing.T) {
	s := recordParty(t)
	for _, tt := range []struct {
		dir, start string
		names      string // * stands for any value
	}{
		{"C", "USR 5 MD5 I", "AuthInitiateInfo=carol@hotmail.com SP=MD5 Sequence=I"},
		{"S", "USR 5 MD5 S", "AuthChallengeInfo=* SP=MD5 Sequence=S"},
		{"C", "USR 6 MD5 S", "AuthResponseInfo=* SP=MD5 Sequence=S"},
		{"S", "XFR 2 NS", "Address=127.0.0.3:1863 ReferralType=NS"},
		{"S", "XFR 9 SB", "Address=127.0.0.4:1863 AuthChallengeInfo=* ReferralType=SB SP=CKI"},
		{
			"S", "RNG",
			"AuthChallengeInfo=* CallingUserFriendlyName=* CallingUserHandle=* SP=CKI SessionID=* " +
				"SwitchboardServerAddress=127.0.0.4:1863",
		},
		{"S", "GTC 7", "Ser=1 Value=A"},
		{"S", "BLP 7", "Ser=1 Value=AL"},
		{"S", "LST 7 FL", "Item=0 LIST=FL Ser=1 TtlItems=0"},
		{"S", "IRO 1", "FriendlyName=alice Participant=1 TotalParticipants=1 UserHandle=alice@hotmail.com"},
		{"C", "CAL 2", "UserHandle=alice@hotmail.com"},
	} {
		i := slices.IndexFunc(s.lines, func(l line) bool {
			return l.Dir == tt.dir && strings.HasPrefix(l.Raw+" ", tt.start+" ") &&
				(l.Cmd != "CAL" || l.User == "carol@hotmail.com")
		})
		if i < 0 {
			t.Errorf("no line %s: %s", tt.dir, tt.start)
			continue
		}
		var got []string
		for _, word := range strings.Fields(tt.names) {
			name, value, _ := strings.Cut(word, "=")
			if have, ok := s.lines[i].Args[name]; ok && value != "*" {
				value = fmt.Sprint(have)
			} else if !ok {
				value = "(none)"
			}
			got = append(got, name+"="+value)
		}
		if strings.Join(got, " ") != tt.names || len(got) != len(s.lines[i].Args) {
			t.Errorf("%s: args %v, want %s", tt.start, s.lines[i].Args, tt.names)
		}
	}
	added := slices.IndexFunc(s.lines,
		func(l line) bool { return l.Dir == "C" && l.Cmd == "ADD" && l.User == "alice@hotmail.com" })
	if got := s.lines[added].Args["CustomUserName"]; got != "Bob Ö. 100%" {
		t.Errorf("the escaped name of an ADD is given as %q", got)
	}
}

// TestDumpGivesTheSameLines: a recording has all that was seen live; of the connections it may know
// more.
func TestDumpGivesTheSameLines(t *testing.T) {
	s := recordParty(t)
	p := launch(t, "dump", "-T", "jsonl", s.write(t))
	p.wait(exitOK)
	live, dumped := strings.Split(s.jsonl, "\n"), strings.Split(p.stdout.String(), "\n")
	if len(live) != len(dumped) {
		t.Fatalf("%d lines from the file, %d live", len(dumped), len(live))
	}
	for i := range live[:len(live)-1] {
		was, is := map[string]any{}, map[string]any{}
		if err := json.Unmarshal([]byte(live[i]), &was); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(dumped[i]), &is); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"role", "user", "session", "dialect"} {
			if was[key] == nil || was[key] == "" {
				delete(was, key)
				delete(is, key)
			}
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("line %d (-live +file):\n%s", i+1, diff)
		}
	}
}
