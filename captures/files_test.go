package captures

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// written writes files into a folder of the test and returns the folder.
func written(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, file := range files {
		if err := os.WriteFile(filepath.Join(dir, name), file, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// together returns the log of files that are parts of one capture, and what was said of them.
func together(t *testing.T, names ...string) (log *eventlog.Log, remarks []string, failed error) {
	t.Helper()
	paths, remarks, err := Files(names...)
	if err != nil {
		t.Fatal(err)
	}
	log = eventlog.New(eventlog.Options{})
	t.Cleanup(func() { log.Close() })
	l := NewLoader(log)
	l.Files, l.Named = len(paths), true
	for _, path := range paths {
		if err := l.Load(t.Context(), path, nil); err != nil {
			failed = err
		}
		remarks = append(remarks, l.Remarks()...)
	}
	return log, remarks, failed
}

func zipped(t *testing.T, file []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(file); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// cutUp returns one connection, in a capture that tcpdump has cut into three files: inside a line,
// inside a payload, and where segments are out of order.
func cutUp(later time.Duration) (files [3][]byte) {
	all := []packet{
		{alice, ns, syn, 99, ""},
		{ns, alice, syn | ack, 499, ""},
		{alice, ns, ack, 100, "VER 0 MSNP2\r\n"},
		{ns, alice, ack, 500, "VER 0 MSNP2\r\nUSR 1 OK alice@hotm"},
		{ns, alice, ack, 532, "ail.com Alice\r\n"},
		{alice, ns, ack, 113, "MSG 2 N 10\r\n12345"},
		{ns, alice, ack, 552, "QNG\r\n"}, // before the five bytes that precede it
		{ns, alice, ack, 547, "CHL\r\n"},
		{alice, ns, ack, 130, "67890"},
		{alice, ns, ack, 135, "OUT\r\n"},
		{alice, ns, ack | fin, 140, ""},
		{ns, alice, ack | fin, 557, ""},
	}
	for i, cut := range [][2]int{{0, 4}, {4, 7}, {7, len(all)}} {
		files[i] = foreignFrom(sessiontest.Start.Add(later+time.Duration(cut[0])*time.Second), all[cut[0]:cut[1]]...)
	}
	return files
}

// A connection that goes on in further files is one, whatever the order of the arguments.
func TestFilesOfOneCapture(t *testing.T) {
	p := cutUp(0)
	dir := written(t, map[string][]byte{
		"t.pcap": p[0], "t.pcap1": p[1], "t.pcap2": zipped(t, p[2]), "README": []byte("captured on the router"),
	})
	whole := []string{
		"1 1 open ", "2 1 C VER 0 MSNP2", "3 1 S VER 0 MSNP2", "4 1 S USR 1 OK alice@hotmail.com Alice",
		`5 1 S CHL`, `6 1 S QNG`, "7 1 C MSG 2 N 10\r\n1234567890", "8 1 C OUT", "9 1 half-close C",
		"10 1 close closed by the client",
	}
	one, two, three := filepath.Join(dir, "t.pcap"), filepath.Join(dir, "t.pcap1"), filepath.Join(dir, "t.pcap2")
	for name, names := range map[string][]string{
		"in order": {one, two, three}, "in another order": {three, one, two}, "a folder": {dir},
		"a pattern": {filepath.Join(dir, "t.pcap*")}, "a pattern and a name": {filepath.Join(dir, "*[12]"), one},
	} {
		t.Run(name, func(t *testing.T) {
			l, remarks, err := together(t, names...)
			if err != nil {
				t.Fatal(err)
			}
			wantScript(t, l, whole...)
			want := ""
			if name == "a folder" {
				want = dir + ": passed over, as no captures: 1 file"
			}
			if said := strings.Join(remarks, "\n"); said != want {
				t.Errorf("said %q, want %q", said, want)
			}
			var files []string
			for i := range l.Len() {
				e := l.At(i)
				files = append(files, fmt.Sprint(filepath.Base(e.File), " ", e.Packets))
			}
			wantFiles := []string{
				"t.pcap ", "t.pcap 3", "t.pcap 4, with others", "t.pcap1 1, with others", "t.pcap2 1", "t.pcap2 3",
				"t.pcap2 2", "t.pcap2 3", "t.pcap2 ", "t.pcap2 ",
			}
			if diff := cmp.Diff(wantFiles, files); diff != "" {
				t.Errorf("files and packets differ (-want +got):\n%s", diff)
			}
		})
	}
}

// What is missing between files is said, and shown where it is missing; a file that cannot be read
// does not end the others.
func TestFilesMissing(t *testing.T) {
	p := cutUp(0)
	for name, test := range map[string]struct {
		files   map[string][]byte
		also    string // a name that no file has
		remarks string
		failed  bool
		want    []string
	}{
		"in the middle": {
			files: map[string][]byte{"a_00007_20260301000000.pcap": p[0], "a_00009_20260301000008.pcap": p[2]},
			remarks: "missing between a_00007_20260301000000.pcap and a_00009_20260301000008.pcap, by their numbers: " +
				"1 file",
			want: []string{
				"1 1 open ", "2 1 C VER 0 MSNP2", "3 1 S VER 0 MSNP2", `4 1 S opaque "USR 1 OK alice@hotm"`,
				"5 1 gap 15 bytes from the server are not in the capture", `6 1 S opaque "CHL\r\n"`,
				"7 1 gap 5 bytes from the server are not in the capture", "8 1 half-close S",
				"9 1 gap 17 bytes from the client are not in the capture", `10 1 C opaque "67890OUT\r\n"`,
			},
		},
		"the last cannot be opened": {
			files: map[string][]byte{"t.pcap": p[0]}, also: "t.pcap9", failed: true,
			remarks: "missing between t.pcap and t.pcap9, by their numbers: 8 files",
			want:    []string{"1 1 open ", "2 1 C VER 0 MSNP2", "3 1 S VER 0 MSNP2", `4 1 S opaque "USR 1 OK alice@hotm"`},
		},
		"one is no capture": {
			files: map[string][]byte{"t.pcap": p[0], "t.pcap1": []byte("text"), "t.pcap2": p[1]}, failed: true,
			want: []string{
				"1 1 open ", "2 1 C VER 0 MSNP2", "3 1 S VER 0 MSNP2", "4 1 S USR 1 OK alice@hotmail.com Alice",
			},
		},
		"one is cut short": {
			files: map[string][]byte{"t.pcap": p[0], "t.pcap1": p[1][:len(p[1])-1], "t.pcap2": p[2]}, failed: true,
			want: []string{
				"1 1 open ", "2 1 C VER 0 MSNP2", "3 1 S VER 0 MSNP2", "4 1 S USR 1 OK alice@hotmail.com Alice",
			},
		},
		"one has no MSN": {
			files: map[string][]byte{
				"t.pcap": p[0], "t.pcap2": p[1],
				"t.pcap1": foreignFrom(sessiontest.Start.Add(3*time.Second), packet{odd, bob, ack, 1, "hello"}),
			},
			remarks: "no MSN traffic in it: 0 other TCP connections",
			want: []string{
				"1 1 open ", "2 1 C VER 0 MSNP2", "3 1 S VER 0 MSNP2", "4 1 S USR 1 OK alice@hotmail.com Alice",
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(written(t, test.files))
			names := slices.Sorted(maps.Keys(test.files))
			if test.also != "" {
				names = append(names, test.also)
			}
			slices.Reverse(names)
			l, remarks, err := together(t, names...)
			if (err != nil) != test.failed {
				t.Errorf("error %v", err)
			}
			if got := strings.Join(remarks, "\n"); got != test.remarks {
				t.Errorf("said %q, want %q", got, test.remarks)
			}
			if got := script(l); len(got) < len(test.want) || !slices.Equal(got[:len(test.want)], test.want) {
				t.Errorf("got\n%s\nwant first\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}

// Without MSN in any of the files the error is for all of them.
func TestFilesWithoutMSN(t *testing.T) {
	dir := written(t, map[string][]byte{
		"1.pcap": foreign(packet{odd, bob, ack, 1, "hello"}), "2.pcap": foreign(packet{odd, bob, ack, 6, " world\n"}),
	})
	_, _, err := together(t, dir)
	want := "no MSN traffic found in 2 files: 1 other TCP connections"
	if !errors.Is(err, ErrNoMSN) || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
	if _, _, err := Files(t.TempDir()); !errors.Is(err, pcap.ErrNotCapture) {
		t.Errorf("an empty folder: %v", err)
	}
	if _, _, err := Files(filepath.Join(dir, "3*")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a pattern that matches nothing: %v", err)
	}
}

// The files of a recording of ours are one recording in any order of the arguments, and a file that
// is missing is said.
func TestFilesOfOneRecording(t *testing.T) {
	want := changed(sessiontest.Start, "10.1.0.1:%d", "10.1.0.9:%d")
	files := map[string][]byte{}
	for i, file := range rotatedFiles(t, want, 20_000) {
		files[fmt.Sprintf("r_%05d_20260301000000.pcapng", i+1)] = file
	}
	if len(files) < 4 {
		t.Fatalf("%d files", len(files))
	}
	t.Chdir(written(t, files))
	names := slices.Sorted(maps.Keys(files))
	backwards := slices.Clone(names)
	slices.Reverse(backwards)
	for _, names := range [][]string{names, backwards, {"."}, {"r_*"}} {
		l, remarks, err := together(t, names...)
		if err != nil || len(remarks) > 0 {
			t.Fatalf("%v, %q", err, remarks)
		}
		if l.Len() != len(want) {
			t.Fatalf("%s: %d events, want %d", names, l.Len(), len(want))
		}
		seen := map[string]bool{}
		for i, w := range want {
			e := l.At(i)
			seen[e.File] = true
			if e.N != w.N || e.Conn != w.Conn || e.ReplyTo != w.ReplyTo || !bytes.Equal(e.In.Raw, w.In.Raw) {
				t.Fatalf("%s: event %d is %+v, want %+v", names, i, e, w)
			}
		}
		if len(seen) != len(files) {
			t.Errorf("%s: events of %d files, want %d", names, len(seen), len(files))
		}
	}
	if err := os.Remove(names[1]); err != nil {
		t.Fatal(err)
	}
	_, remarks, err := together(t, ".")
	said := strings.Join(remarks, "\n")
	if err != nil || !strings.Contains(said, "missing between r_00001") || !strings.Contains(said, "events ") {
		t.Errorf("%v, %q", err, said)
	}
}
