package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/captures"
	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/body"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
	"github.com/msnscope/msnscope/internal/msntest"
)

// allCaptures are the shipped sessions and the recordings of real clients, by their path.
func allCaptures(t *testing.T) []string {
	names := shipped(t)
	clients, err := fs.Glob(samples.FS, "clients/*.pcap")
	if err != nil || len(clients) < 5 {
		t.Fatalf("%d recordings of clients (%v), want 5", len(clients), err)
	}
	var paths []string
	for _, name := range append(names, clients...) {
		paths = append(paths, filepath.Join(capturesDir, name))
	}
	return paths
}

// printed runs the command line and returns what it prints; the exit code is to be 0 or 1.
func printed(t *testing.T, args ...string) string {
	t.Helper()
	var out, talk bytes.Buffer
	e := &env{stdin: strings.NewReader(""), stdout: &out, stderr: &talk, getenv: func(string) string { return "" }}
	if code := run(t.Context(), args, e); code != exitOK && code != exitDiffers {
		t.Fatalf("%q: exit code %d, %s", args, code, talk.Bytes())
	}
	return out.String()
}

func eventsIn(t *testing.T, path string) []*session.Event {
	t.Helper()
	log := eventlog.New(eventlog.Options{})
	t.Cleanup(func() { log.Close() })
	if err := captures.NewLoader(log).Load(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	var all []*session.Event
	for i := range log.Len() {
		all = append(all, log.At(i))
	}
	return all
}

// TestExportIsTheSame: what is exported and read again are the same events.
func TestExportIsTheSame(t *testing.T) {
	for _, path := range allCaptures(t) {
		whole := filepath.Join(t.TempDir(), "whole.pcapng")
		printed(t, "export", path, "-o", whole)
		want, got := printed(t, "dump", "-T", "jsonl", path), printed(t, "dump", "-T", "jsonl", whole)
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s, exported and imported: %s", path, d)
		}
	}
}

// TestTsharkFindsNothingWrongInExports: no frame of any capture is malformed, missing, doubled or
// out of order, redacted or not.
func TestTsharkFindsNothingWrongInExports(t *testing.T) {
	msntest.Tool(t, "tshark")
	for name, flags := range map[string][]string{
		"whole.pcapng":    {"export"},
		"redacted.pcapng": {"export", "--redact"},
	} {
		out := filepath.Join(t.TempDir(), name)
		printed(t, slices.Concat(flags, []string{"-o", out}, allCaptures(t))...)
		wrong := tshark(t, out, "-Y", "_ws.malformed || tcp.analysis.flags || _ws.expert.severity >= warning",
			"-T", "fields", "-e", "frame.number", "-e", "_ws.expert.message")
		if len(wrong) > 0 {
			t.Errorf("tshark complains about %s: %q", name, wrong)
		}
	}
}

// secretsOf are what is of a person in a capture: by what stands where, and not by what export does
// with it.
func secretsOf(events []*session.Event) map[string]bool {
	all := map[string]bool{}
	add := func(s string) {
		if s = strings.TrimSpace(s); len(s) > 3 && !strings.HasPrefix(s, "Hotmail") {
			all[s] = true
		}
	}
	host := func(s string) {
		if ap, err := netip.ParseAddrPort(s); err == nil {
			s = ap.Addr().String()
		}
		add(s)
	}
	message := func(m *decode.Message, row *dialect.Row) {
		for i := range m.NumArgs() {
			arg := string(m.Arg(i))
			a := dialect.Arg{Kind: dialect.Text}
			if row != nil {
				a, _ = row.Arg(i)
			}
			switch a.Kind {
			case dialect.Self, dialect.Handle:
				add(arg)
				user, _, _ := strings.Cut(arg, "@")
				add(user)
			case dialect.Name:
				add(arg)
				add(decode.Unescape(arg))
			case dialect.HostPort:
				host(arg)
			case dialect.Cookie, dialect.Session, dialect.Secret:
				add(arg)
			}
		}
		if m.Opaque() || len(m.Payload()) == 0 {
			return
		}
		b := body.Parse(m.Payload())
		for line := range strings.Lines(string(b.Data)) {
			add(line)
		}
		for _, h := range b.Headers {
			if !slices.Contains([]string{"mime-version", "content-type", "user-agent", "x-mms-im-format"},
				strings.ToLower(h.Name)) {
				add(h.Value)
			}
		}
	}
	for _, e := range events {
		add(e.User)
		add(e.Session)
		host(e.Client)
		host(e.Server)
		message(&e.In, e.Row)
		if e.Out != nil {
			sent := e.Sent()
			message(&sent, e.Row)
		}
	}
	return all
}

// forms are the ways in which a secret may stand in a file.
func forms(secret string) [][]byte {
	all := [][]byte{[]byte(secret), []byte(strings.ToLower(secret)), []byte(strings.ToUpper(secret))}
	var lower, upper strings.Builder
	for i := range len(secret) {
		lower.WriteString("%" + strings.ToLower(hexOf(secret[i])))
		upper.WriteString("%" + hexOf(secret[i]))
	}
	all = append(all, []byte(lower.String()), []byte(upper.String()))
	reversed := []byte(secret)
	slices.Reverse(reversed)
	all = append(all, reversed)
	for _, form := range []string{
		secret, strings.ReplaceAll(secret, " ", "%20"),
		strings.ReplaceAll(secret, "@", "%40"),
	} {
		all = append(all, []byte(form))
		for shift := range 3 { // what of it does not depend on its neighbours
			coded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + form))
			if from, to := (shift*4+2)/3, len(coded)-2; to-from >= 4 {
				all = append(all, []byte(coded[from:to]))
			}
		}
	}
	return all
}

func hexOf(c byte) string { return string([]byte{"0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15]}) }

// TestRedacted: nothing of a person is left in the file in any form; what is left decodes, is as
// much, and replays with the same verdict.
func TestRedacted(t *testing.T) {
	for _, path := range allCaptures(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "redacted.pcapng")
			printed(t, "export", path, "--redact", "-o", out)
			file, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			before, after := eventsIn(t, path), eventsIn(t, out)
			secrets := secretsOf(before)
			if len(secrets) < 5 {
				t.Fatalf("only %d secrets in the original", len(secrets))
			}
			for secret := range secrets {
				for _, form := range forms(secret) {
					if i := bytes.Index(file, form); i >= 0 {
						t.Errorf("%q is still in the file, as %q: %q", secret, form,
							file[max(0, i-20):min(len(file), i+60)])
					}
				}
			}
			sameShape(t, before, after)
			noAddress(t, file, before)
			if filepath.Ext(path) == ".pcap" {
				return // what another server said
			}
			replay := func(file string) string { return printed(t, "replay", file) }
			was, is := replay(path), replay(out)
			if verdictLine(was) != verdictLine(is) {
				t.Errorf("replayed: %q, before: %q\n%s", verdictLine(is), verdictLine(was), is)
			}
		})
	}
}

func verdictLine(replayed string) string {
	lines := strings.Split(strings.TrimSpace(replayed), "\n")
	return lines[len(lines)-1]
}

// sameShape compares what must not change.
func sameShape(t *testing.T, before, after []*session.Event) {
	t.Helper()
	if len(before) != len(after) {
		t.Fatalf("%d events, before: %d", len(after), len(before))
	}
	for i, a := range after {
		b := before[i]
		same := a.N == b.N && a.Kind == b.Kind && a.Conn == b.Conn && a.Via == b.Via && a.Dir == b.Dir &&
			a.Role == b.Role &&
			a.Dialect == b.Dialect && a.Time.Equal(b.Time) && a.In.Verb == b.In.Verb && a.In.TrID == b.In.TrID &&
			a.Row == b.Row &&
			a.In.NumArgs() == b.In.NumArgs() && a.ReplyTo == b.ReplyTo && a.Flags == b.Flags &&
			(a.Out == nil) == (b.Out == nil)
		if !same {
			t.Errorf("event %d: %q, before: %q", b.N, a.In.Line(), b.In.Line())
		}
		if pa, pb := a.In.Payload(), b.In.Payload(); body.Parse(pa).Type != body.Parse(pb).Type ||
			(pa == nil) != (pb == nil) {
			t.Errorf("event %d: payload %q, before: %q", b.N, pa, pb)
		}
	}
}

// noAddress checks the packets, where an address is four bytes that could be anything.
func noAddress(t *testing.T, file []byte, before []*session.Event) {
	t.Helper()
	old := map[netip.Addr]bool{}
	for _, e := range before {
		for _, end := range []string{e.Client, e.Server} {
			if ap, err := netip.ParseAddrPort(end); err == nil {
				old[ap.Addr()] = true
			}
		}
	}
	r, err := pcap.NewReader(bytes.NewReader(file), "redacted")
	for err == nil {
		var item *pcap.Item
		if item, err = r.Next(); err == nil && item.Flow != nil &&
			(old[item.Flow.Client.Addr()] || old[item.Flow.Server.Addr()]) {
			t.Fatalf("the address of %v is still there", *item.Flow)
		}
	}
}

// TestExportSides: each side alone has its own addresses, and nothing that was rewritten.
func TestExportSides(t *testing.T) {
	path := filepath.Join(capturesDir, "conversation.pcapng")
	both := eventsIn(t, path)
	for side, want := range map[string]string{"client": "127.0.0.1:1863", "server": "127.0.0.4:1863"} {
		out := filepath.Join(t.TempDir(), side+".pcapng")
		printed(t, "export", path, "--side", side, "-o", out)
		found := false
		events := eventsIn(t, out)
		for _, e := range events {
			if e.Out != nil || e.Flags&session.Rewritten != 0 {
				t.Errorf("%s: event %d is still rewritten: %q", side, e.N, e.Out)
			}
			if e.Row != nil && e.Row.Verb == "RNG" {
				address := string(e.Row.Find(&e.In, dialect.HostPort))
				found = found || address == want
			}
		}
		if len(events) != len(both) || !found {
			t.Errorf("%s: %d events, an RNG with %s: %v", side, len(events), want, found)
		}
	}
}

// TestTsharkAgreesOnExport: the frames of a redacted recording hold what its lines say.
func TestTsharkAgreesOnExport(t *testing.T) {
	msntest.Tool(t, "tshark")
	out := filepath.Join(t.TempDir(), "redacted.pcapng")
	printed(t, "export", filepath.Join(capturesDir, "conversation.pcapng"), "--redact", "-o", out)
	text := ""
	for _, row := range tshark(t, out, "-V") {
		text += strings.Join(row, "\t") + "\n"
	}
	for _, want := range []string{
		"CAL 2 user02@example.com", "TypingUser: user01@example.com", "user01@example.com",
		"text 1",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("tshark does not show %q", want)
		}
	}
	if found := regexp.MustCompile(`(?i)alice|127\.0\.0\.`).FindString(text); found != "" {
		t.Errorf("tshark shows %q", found)
	}
}

// TestExportKeepsNames: Wireshark calls the ends in an export what it called them in the capture,
// unless they are to be hidden.
func TestExportKeepsNames(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.pcapng"), filepath.Join(dir, "out.pcapng")
	file, err := os.Create(in)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w, err := pcap.NewWriter(file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	client, server := netip.MustParseAddrPort("10.1.2.3:1055"), netip.MustParseAddrPort("10.4.5.6:1863")
	if err := errors.Join(w.Name(client.Addr(), "desk-of-mary"),
		w.Name(server.Addr(), "msgr.example.com")); err != nil {
		t.Fatal(err)
	}
	flow, err := w.Open(client, server, time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(flow.Data(true, []byte("VER 0 MSNP2\r\n"), time.Unix(1, 0)), w.Flush()); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		flags []string
		named bool
	}{{nil, true}, {[]string{"--redact"}, false}} {
		printed(t, append([]string{"export", in, "--force", "-o", out}, tc.flags...)...)
		got, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"desk-of-mary", "msgr.example.com"} {
			if bytes.Contains(got, []byte(name)) != tc.named {
				t.Errorf("export %s: the name %s is there: %v", tc.flags, name, !tc.named)
			}
		}
	}
}

// TestErrorsOfOutputAreOneLine: what cannot be written is named, once.
func TestErrorsOfOutputAreOneLine(t *testing.T) {
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, []byte("no capture"), 0o600); err != nil {
		t.Fatal(err)
	}
	capture := filepath.Join(capturesDir, "logon.pcapng")
	var talk bytes.Buffer
	e := &env{
		stdin: strings.NewReader(""), stdout: fullDisk{}, stderr: &talk,
		getenv: func(string) string { return "" },
	}
	for _, tc := range []struct {
		args  []string
		code  int
		error string
	}{
		{
			[]string{"export", capture, "-o", text},
			exitUsage,
			"msnscope: error: -o " + text + ": the file exists",
		},
		{
			[]string{"dump", capture, "-T", "parquet"},
			exitIO,
			"msnscope: error: write the output: no space left on device",
		},
	} {
		talk.Reset()
		code := run(t.Context(), tc.args, e)
		var errors []string
		for line := range strings.Lines(talk.String()) {
			if !strings.HasPrefix(line, "hint: ") {
				errors = append(errors, strings.TrimSpace(line))
			}
		}
		if code != tc.code || !slices.Equal(errors, []string{tc.error}) {
			t.Errorf("%q: exit code %d, says %q, want %d, %q", tc.args, code, errors, tc.code, tc.error)
		}
	}
}

// fullDisk takes nothing.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

// Names of addresses are in an exported recording, also where a program has dropped the blocks that
// held them, and not in a redacted one.
func TestExportNamesOnFrames(t *testing.T) {
	in, out := filepath.Join("testdata", "cases", "nrb_opts.pcapng"), filepath.Join(t.TempDir(), "out.pcapng")
	printed(t, "export", in, "-o", out)
	for _, e := range eventsIn(t, out) { // what is read from a recording is its frames, not such blocks
		if e.ClientName != "client.example" || e.ServerName != "" {
			t.Fatalf("event %d is of %q and %q", e.N, e.ClientName, e.ServerName)
		}
	}
	if b := printed(t, "export", in, "--redact", "-o", "-"); strings.Contains(b, "client.example") {
		t.Error("a redacted recording has the name")
	}
}
