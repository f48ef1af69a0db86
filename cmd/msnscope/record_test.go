package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/bus"
	"github.com/msnscope/msnscope/internal/msntest"
)

// recorded writes events as the proxy does, and returns what was said meanwhile.
func recorded(t *testing.T, flags recordFlags, events []*session.Event) string {
	t.Helper()
	talk := new(msntest.Transcript)
	b := bus.New((*session.Event).Size)
	r, err := record(b, flags, nil, &outlets{log: (&env{stderr: talk}).logger(nil)}, events[0].Time)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		b.Publish(e)
	}
	if err := r.close(events[len(events)-1].Time); err != nil {
		t.Error(err)
	}
	return talk.String()
}

// files returns the recordings in a folder, the oldest first.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.pcapng"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	slices.Sort(names)
	return names
}

// timesOf is a pattern for the times of events as the names of files have them: in the zone of
// whoever runs this.
func timesOf(events []*session.Event, layout string) string {
	var times []string
	for _, e := range events {
		times = append(times, e.Time.Local().Format(layout))
	}
	return "(" + strings.Join(slices.Compact(times), "|") + ")"
}

// TestRotatedFiles: all of them in their order dump what one file would, each is fine for tshark,
// and a name is never used twice.
func TestRotatedFiles(t *testing.T) {
	msntest.Tool(t, "tshark")
	path := filepath.Join(capturesDir, "conversation.pcapng")
	want, events := printed(t, "dump", "-T", "jsonl", path), eventsIn(t, path)
	words, digits := timesOf(events, "2006-01-02 150405"), timesOf(events, "20060102150405")
	for _, tc := range []struct {
		flags recordFlags
		name  string // of every file
	}{
		{recordFlags{write: "s.pcapng", size: 8000}, `^s_0000\d_` + digits + `\.pcapng$`},
		{recordFlags{write: "%F %H%M%S.pcapng", size: 8000}, `^` + words + `(_0000\d)?\.pcapng$`},
		{recordFlags{write: "s-%N.pcapng", every: 500 * time.Millisecond}, `^s-0000\d\.pcapng$`},
		{recordFlags{write: "50%%.pcapng", every: 500 * time.Millisecond}, `^50%_0000\d_` + digits + `\.pcapng$`},
	} {
		dir := t.TempDir()
		tc.flags.write = filepath.Join(dir, tc.flags.write)
		talk := recorded(t, tc.flags, events)
		files := filesIn(t, dir)
		if len(files) < 3 || len(files) > 9 || talk != "" {
			t.Fatalf("%s: %d files; it says %q", tc.name, len(files), talk)
		}
		for _, f := range files {
			if !regexp.MustCompile(tc.name).MatchString(filepath.Base(f)) {
				t.Errorf("%s: a file is called %s", tc.name, filepath.Base(f))
			}
		}
		if tc.flags.every == 0 && strings.Contains(tc.flags.write, "%") {
			continue // those of one second are not in their order
		}
		// What is known of a connection later stands in each line of one file; here the later files
		// know it.
		if got := printed(t,
			slices.Concat([]string{"dump", "-T", "jsonl", "-e", "n", "-e", "conn", "-e", "raw", "-e", "text"},
				files)...); got !=
			printed(t, "dump", "-T", "jsonl", "-e", "n", "-e", "conn", "-e", "raw", "-e", "text", path) {
			t.Errorf("%s: the files together give\n%s\nwant\n%s", tc.name, got, want)
		}
		wrong := tshark(t, files[1], "-Y", "_ws.malformed || tcp.analysis.flags || _ws.expert.severity >= warning",
			"-T", "fields", "-e", "frame.number")
		if len(wrong) > 0 {
			t.Errorf("%s: tshark complains: %q", tc.name, wrong)
		}
	}
}

// TestMaxDisk: the oldest files are deleted, which is logged; those that stay are below the limit
// and the latest.
func TestMaxDisk(t *testing.T) {
	dir := t.TempDir()
	flags := recordFlags{write: filepath.Join(dir, "s-%N.pcapng"), size: 4000, disk: 14_000}
	events := eventsIn(t, filepath.Join(capturesDir, "conversation.pcapng"))
	talk := recorded(t, flags, events)
	var total int64
	files := filesIn(t, dir)
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		total += info.Size()
	}
	if total > int64(flags.disk) || total < int64(flags.disk)/2 {
		t.Errorf("%d bytes in %d files, want at most %d", total, len(files), flags.disk)
	}
	last := eventsIn(t, files[len(files)-1])
	if n := last[len(last)-1].N; n != events[len(events)-1].N {
		t.Errorf("the last event that is kept is %d", n)
	}
	if !regexp.MustCompile(`(?m)^msnscope: deleted the oldest file of the recording: ` +
		`the limit on disk use is reached.*file="?/.*/s-00001\.pcapng"?$`).MatchString(talk) {
		t.Errorf("it says %q", talk)
	}
}

// TestAppendToCut: a recording that a kill cut short is continued after its last whole event, with
// a line that says so.
func TestAppendToCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.pcapng")
	whole, err := os.ReadFile(filepath.Join(capturesDir, "logon.pcapng"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)-1001], 0o600); err != nil {
		t.Fatal(err)
	}
	events := eventsIn(t, filepath.Join(capturesDir, "refused.pcapng"))
	talk := recorded(t, recordFlags{write: "+" + path}, events)
	if !strings.Contains(talk, "msnscope: the file ended in mid-packet: what came before is kept") {
		t.Errorf("it says %q", talk)
	}
	before := len(eventsIn(t, filepath.Join(capturesDir, "logon.pcapng")))
	if all := eventsIn(t, path); len(all) <= len(events) || len(all) >= before+len(events) {
		t.Errorf("%d events, %d were added to less than %d", len(all), len(events), before)
	}
}

// TestSlowDisk: events for which the disk is too slow are one gap in the recording and one line of
// talk, whatever comes meanwhile; then the recording goes on.
func TestSlowDisk(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	talk := new(msntest.Transcript)
	b := bus.New((*session.Event).Size)
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	// A pipe takes 64 KB, and then nothing until somebody reads.
	rec, err := record(b, recordFlags{write: "/dev/fd/" + strconv.Itoa(int(w.Fd()))}, nil,
		&outlets{log: (&env{stderr: talk}).logger(nil)}, at)
	if err != nil {
		t.Skipf("no /dev/fd: %v", err)
	}
	conn, open := new(session.Graph).Open(at, "10.0.0.7:51234", "10.0.0.1:1863")
	b.Publish(open)
	message := decode.Parse(append([]byte("MSG 1 N 500000\r\n"), make([]byte, 500_000)...), decode.FromClient,
		conn.Grammar())
	began := time.Now()
	for range 300 { // 150 MB, of which the queue holds 64
		m := message
		b.Publish(conn.Track(decode.FromClient, &m, at))
	}
	if took := time.Since(began); took > patience {
		t.Errorf("300 events took %v to publish", took)
	}
	path := filepath.Join(t.TempDir(), "read.pcapng")
	read := make(chan error, 1)
	go func() {
		out, err := os.Create(path)
		if err == nil {
			_, err = out.ReadFrom(r)
			out.Close()
		}
		read <- err
	}()
	await(t, "the gap", func() bool { return strings.Contains(talk.String(), "too slow") })
	b.Publish(conn.Close(at, "closed by the client"))
	if err := rec.close(at); err != nil {
		t.Error(err)
	}
	w.Close()
	if err := <-read; err != nil {
		t.Fatal(err)
	}
	events := eventsIn(t, path)
	gaps, messages := 0, 0
	for _, e := range events {
		switch {
		case e.Kind == session.Gap:
			gaps++
		case e.Kind == session.Command:
			messages++
		}
	}
	if gaps != 1 || messages < 100 || messages > 150 || events[len(events)-1].Kind != session.Close {
		t.Errorf("%d gaps, %d messages of 300, the last is %+v", gaps, messages, events[len(events)-1])
	}
	if strings.Count(talk.String(),
		"msnscope: error: events are missing in the recording: the disk was too slow") != 1 {
		t.Errorf("it says %s", talk)
	}
}

func TestByteSize(t *testing.T) {
	for in, want := range map[string]int64{
		"100M": 100 << 20, "1.5G": 3 << 29, "64K": 64 << 10, "64kib": 64 << 10,
		"2MB": 2 << 20, "65536": 65536,
	} {
		var s byteSize
		if err := s.Set(in); err != nil || int64(s) != want {
			t.Errorf("%s is %d, %v, want %d", in, s, err, want)
		}
	}
	for _, in := range []string{"", "M", "-1", "0", "1T", "ten", "NaN", "Inf", "1e300G"} {
		var s byteSize
		if err := s.Set(in); err == nil {
			t.Errorf("%q is %d", in, s)
		}
	}
}
