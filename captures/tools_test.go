package captures

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/captures/samples"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// changed is a session in which a proxy changed, dropped, added and held commands, among them one
// that takes several frames, between addresses of one family.
func changed(at time.Time, client, server string) []*session.Event {
	var g session.Graph
	var all []*session.Event
	for i := range 3 {
		c, e := g.Open(at, fmt.Sprintf(client, 4000+i), "")
		all = append(all, e)
		c.To(fmt.Sprintf(server, 1864), 0)
		for n, line := range []string{
			"CVER 0 MSNP2\r\n", "SVER 0 MSNP2\r\n", fmt.Sprintf("CUSR 1 MD5 I user%d@hotmail.com\r\n", i),
			"SXFR 1 NS 10.0.0.8:1863\r\n", "CCHG 2 NLN\r\n", "SCHG 2 NLN\r\n",
			"CMSG 3 N 70000\r\n" + strings.Repeat("x", 70_000),
			"SNLN NLN bob@hotmail.com Bob\r\n", "CPNG\r\n", "SQNG\r\n", "SFLN bob@hotmail.com\r\n", "COUT\r\n",
		} {
			at = at.Add(time.Millisecond)
			e := sessiontest.Say(c, line, at)
			switch n {
			case 3:
				e.Out, e.Flags = []byte("XFR 1 NS 127.0.0.1:1863\r\n"), session.Rewritten
			case 4:
				e.Out, e.Flags = []byte("CHG 2 BSY\r\n"), session.Edited
			case 7:
				e.Flags = session.Dropped
			case 8:
				e.Flags = session.Injected
			case 10:
				e.Flags = session.Fault | session.Held
			}
			all = append(all, e)
		}
		all = append(all, g.Note(at, "a fault was switched on"), c.Gap(at, decode.FromServer, "3 bytes are missing"))
		if i > 0 { // one stays open
			all = append(all, c.HalfClose(at, decode.FromServer))
			at = at.Add(time.Second)
			all = append(all, c.Close(at, "closed by the client"))
		}
	}
	return all
}

// recordings are the shipped samples and three new ones, by name.
func recordings(t *testing.T) map[string][]byte {
	all := map[string][]byte{
		"changed": rotatedFiles(t, changed(sessiontest.Start.Add(72*time.Hour), "10.1.0.1:%d", "10.1.0.9:%d"), 0)[0],
		"ipv6": rotatedFiles(t, changed(sessiontest.Start.Add(96*time.Hour), "[2001:db8::1]:%d",
			"[2001:db8::9]:%d"), 0)[0],
		"rotated": bytes.Join(rotatedFiles(t, changed(sessiontest.Start.Add(120*time.Hour), "10.2.0.1:%d",
			"10.2.0.9:%d"), 20_000), nil),
	}
	names, err := fs.Glob(samples.FS, "*.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if all[strings.TrimSuffix(name, ".pcapng")], err = samples.FS.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// rotatedFiles records events in files of a size.
func rotatedFiles(t *testing.T, events []*session.Event, size int64) (files [][]byte) {
	var all []*bytes.Buffer
	next := func(int, time.Time) (*pcap.Writer, error) {
		all = append(all, new(bytes.Buffer))
		return pcap.NewWriter(all[len(all)-1], pcap.WriterOptions{})
	}
	w, err := next(1, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	r := recording.NewWriter(w, recording.Options{Rotation: recording.Rotation{Size: size, Next: next}})
	for _, e := range events {
		r.Handle([]*session.Event{e})
	}
	if err := r.Close(events[len(events)-1].Time); err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		files = append(files, f.Bytes())
	}
	return files
}

// tool returns a function that runs a program, for which {in} and {out} are files, and returns what
// it wrote. The test is skipped where the program is not there.
func tool(t *testing.T) func(in []byte, command string, others ...[]byte) []byte {
	dir := t.TempDir()
	return func(in []byte, command string, others ...[]byte) []byte {
		t.Helper()
		out := filepath.Join(dir, "out.pcapng")
		words := strings.Fields(command)
		for k := range words {
			words[k] = strings.ReplaceAll(words[k], "_", " ")
		}
		for i, file := range append([][]byte{in}, others...) {
			path := filepath.Join(dir, fmt.Sprintf("in%d.pcapng", i))
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			for k := range words {
				words[k] = strings.ReplaceAll(words[k], fmt.Sprintf("{%d}", i), path)
			}
		}
		for k := range words {
			words[k] = strings.ReplaceAll(words[k], "{out}", out)
		}
		if _, err := exec.LookPath(words[0]); err != nil {
			if os.Getenv("MSNSCOPE_CI") != "" {
				t.Fatal(err)
			}
			t.Skip(err)
		}
		if said, err := exec.CommandContext(t.Context(), words[0], words[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", command, err, said)
		}
		got, err := os.ReadFile(out)
		if os.IsNotExist(err) { // editcap -c and -i write several files
			parts, _ := filepath.Glob(filepath.Join(dir, "out_*"))
			slices.Sort(parts)
			for _, part := range parts {
				b, err := os.ReadFile(part)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, b...)
				os.Remove(part)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		os.Remove(out)
		return got
	}
}

var (
	commandRecord = regexp.MustCompile(`msnscope:2 command of=(\S+) n=(\d+) conn=(\d+) [ -~]*?at=(\d+),`)
	placeRecord   = regexp.MustCompile(`msnscope:2 [a-z-]+ of=(\S+) n=\d+ conn=(\d+) [ -~]*?at=(\d+),`)
	anyRecord     = regexp.MustCompile(`msnscope:2 ([a-z-]+) of=(\S+) (?:n=\d+ )?conn=(\d+) [ -~]*?at=(\d+),`)
	gapSize       = regexp.MustCompile(`(\d+) commands?\b`)
)

// wantKept checks that a log has those commands of the recordings that are in the file, which some
// program made of them: in order, each on its connection with its user, answers with their
// requests, and that what it says to be missing is what is missing.
func wantKept(t *testing.T, file []byte, shift time.Duration, originals ...[]byte) {
	t.Helper()
	got := eventlog.New(eventlog.Options{})
	defer got.Close()
	loader := NewLoader(got)
	if err := loader.LoadReader(t.Context(), bytes.NewReader(file), "test", nil); err != nil {
		t.Fatal(err)
	}
	type key struct {
		at       time.Time
		raw, out string
	}
	there := map[string]bool{} // recording and number
	last := map[string]int{}   // commands up to the last frame, by recording and connection
	for _, m := range commandRecord.FindAllSubmatch(file, -1) {
		there[string(m[1])+" "+string(m[2])] = true
		k, _ := strconv.Atoi(string(m[4]))
		last[string(m[1])+" "+string(m[3])] = max(last[string(m[1])+" "+string(m[3])], k+1)
	}
	for _, m := range placeRecord.FindAllSubmatch(file, -1) {
		k, _ := strconv.Atoi(string(m[3]))
		last[string(m[1])+" "+string(m[2])] = max(last[string(m[1])+" "+string(m[2])], k)
	}
	missing, begun := -len(there), map[string]bool{}
	for _, m := range anyRecord.FindAllSubmatch(file, -1) {
		id := string(m[2]) + " " + string(m[3])
		if k, _ := strconv.Atoi(string(m[4])); string(m[1]) == "flow" && !begun[id] {
			missing -= k // in an earlier file, which is another matter
		}
		begun[id] = true
	}
	for _, k := range last {
		missing += k
	}
	want := map[key][]*session.Event{}
	owner := map[*session.Event]int{}
	number := 0
	for i, original := range originals {
		log, err := loaded(t, original)
		if err != nil {
			t.Fatal(err)
		}
		of := string(commandRecord.FindSubmatch(original)[1])
		for k := range log.Len() {
			e := log.At(k)
			if e.Kind == session.Command && there[fmt.Sprint(of, " ", e.N)] {
				id := key{e.Time.Add(shift), string(e.In.Raw), string(e.Out)}
				want[id] = append(want[id], e)
				owner[e], number = i, number+1
			}
		}
	}
	conns := map[[2]int]int{}
	numbers := map[[2]uint64]uint64{}
	said, commands, before := 0, 0, uint64(0)
	for i := range got.Len() {
		e := got.At(i)
		if e.N <= before {
			t.Fatalf("number %d follows %d", e.N, before)
		}
		before = e.N
		if e.Flags&session.Missing != 0 {
			if m := gapSize.FindStringSubmatch(e.Text); m != nil {
				n, _ := strconv.Atoi(m[1])
				said += n
			}
		}
		if e.Kind != session.Command {
			continue
		}
		commands++
		id := key{e.Time, string(e.In.Raw), string(e.Out)}
		if e.Flags&session.Missing != 0 && e.In.Opaque() { // a piece
			for k, all := range want {
				if len(all) > 0 && all[0].N == e.N && strings.HasPrefix(k.raw, id.raw) {
					id = k
				}
			}
		}
		if len(want[id]) == 0 {
			t.Fatalf("event %d was not recorded, or is there twice: %q", e.N, e.In.Raw[:min(len(e.In.Raw), 60)])
		}
		w := want[id][0]
		want[id] = want[id][1:]
		own := owner[w]
		if c, met := conns[[2]int{own, w.Conn}]; met && c != e.Conn {
			t.Errorf("event %d: connection %d of recording %d is %d and %d", e.N, w.Conn, own, c, e.Conn)
		}
		conns[[2]int{own, w.Conn}] = e.Conn
		numbers[[2]uint64{uint64(own), w.N}] = e.N
		to, met := numbers[[2]uint64{uint64(own), w.ReplyTo}]
		if w.ReplyTo != 0 && met && e.ReplyTo != to {
			t.Errorf("event %d answers %d, want %d", e.N, e.ReplyTo, to)
		}
		if e.User != w.User && w.User != "" && missing == 0 || e.Role != w.Role || e.Client != w.Client ||
			e.Dir != w.Dir ||
			len(originals) == 1 && (e.N != w.N || e.Conn != w.Conn) {
			t.Errorf("event %d is %+v, want %+v", e.N, e, w)
		}
	}
	if commands != number {
		t.Errorf("%d commands, want %d", commands, number)
	}
	taken := map[int]bool{}
	for _, c := range conns {
		if taken[c] {
			t.Errorf("two connections are number %d", c)
		}
		taken[c] = true
	}
	for _, remark := range loader.Remarks() {
		if m := gapSize.FindStringSubmatch(remark); m != nil && strings.Contains(remark, "at the end") {
			n, _ := strconv.Atoi(m[1])
			said += n
		}
	}
	if said != missing {
		t.Errorf("%d commands are said to be missing, want %d", said, missing)
	}
}

// TestTools runs the programs that people use on recordings over each shipped one and new ones:
// what they leave is read for what it is, and nothing else is.
func TestTools(t *testing.T) {
	all := recordings(t)
	foreign := foreign(packet{alice, ns, ack, 100, "PNG\r\n"}, packet{ns, alice, ack, 200, "QNG\r\n"})
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	slices.Sort(names)
	for i, name := range names {
		other := all[names[(i+1)%len(names)]]
		file := all[name]
		frames := bytes.Count(file, []byte("msnscope:2 "))
		t.Run(name, func(t *testing.T) {
			run := tool(t)
			log, err := loaded(t, file)
			if err != nil {
				t.Fatal(err)
			}
			from, to := log.At(log.Len()/3).Time, log.At(log.Len()*2/3).Time
			for command, shift := range map[string]time.Duration{
				"editcap {0} {out}": 0, "editcap -t 2.5 {0} {out}": 2500 * time.Millisecond,
				fmt.Sprintf("editcap -r {0} {out} 1-%d", frames/2):         0,
				fmt.Sprintf("editcap -r {0} {out} %d-99999", frames/2):     0,
				fmt.Sprintf("editcap -r {0} {out} %s", oddNumbers(frames)): 0,
				fmt.Sprintf("editcap {0} {out} %s", oddNumbers(frames)):    0,
				fmt.Sprintf("editcap -A %d.%09d -B %d.%09d {0} {out}", from.Unix(), from.Nanosecond(), to.Unix(),
					to.Nanosecond()): 0,
				"editcap -d {0} {out}":         0,
				"editcap -c 10 {0} {out}":      0,
				"editcap -i 1 {0} {out}":       0,
				"reordercap {0} {out}":         0,
				"mergecap -w {out} {0}":        0,
				"mergecap -w {out} {0} {0}":    0,
				"mergecap -a -w {out} {0} {0}": 0,
			} {
				t.Run(command, func(t *testing.T) {
					wantKept(t, run(file, command), shift, file)
				})
			}
			for _, command := range []string{"editcap -s 96 {0} {out}", "editcap -s 60 {0} {out}"} {
				t.Run(command, func(t *testing.T) { wantPieces(t, run(file, command), file) })
			}
			t.Run("zstd", func(t *testing.T) { wantSame(t, run(file, "zstd -q -f -o {out} {0}"), file) })
			t.Run("gzip", func(t *testing.T) {
				var out bytes.Buffer
				w := gzip.NewWriter(&out)
				_, err := w.Write(file)
				if err := errors.Join(err, w.Close()); err != nil {
					t.Fatal(err)
				}
				wantSame(t, out.Bytes(), file)
			})
			t.Run("tcpdump", func(t *testing.T) {
				wantLeg(t, run(file, "tcpdump -r {0} -w {out}"), file)
			})
			t.Run("mergecap with another", func(t *testing.T) {
				wantKept(t, run(file, "mergecap -w {out} {0} {1}", other), 0, file, other)
				wantKept(t, run(file, "mergecap -w {out} {1} {0}", other), 0, file, other)
			})
			t.Run("mergecap with a foreign capture", func(t *testing.T) {
				log, err := loaded(t, run(file, "mergecap -w {out} {1} {0}", foreign))
				if err != nil {
					t.Fatal(err)
				}
				own, err := loaded(t, file)
				if err != nil || log.Len() != own.Len()+3 {
					t.Errorf("%d events, want %d and 3", log.Len(), own.Len())
				}
			})
			// tshark takes a second to start: of all recordings only where MSNSCOPE_LONG is set.
			if name == "conversation" || name == "changed" || name == "ipv6" || os.Getenv("MSNSCOPE_LONG") != "" {
				for _, command := range []string{
					"tshark -Y msnms -r {0} -w {out}", "tshark -Y tcp.stream==1 -r {0} -w {out}",
					"tshark -Y tcp.port==" + firstPort(t, file) + " -r {0} -w {out}",
					`tshark -Y frame_contains_"MSG" -r {0} -w {out}`,
				} {
					t.Run(command, func(t *testing.T) {
						out := run(file, command)
						if _, err := loaded(t, out); !errors.Is(err, ErrNoMSN) { // some have one stream, or no MSG
							wantKept(t, out, 0, file)
						}
					})
				}
			}
		})
	}
}

// wantSame checks that a log has the events of a recording, all of them and nothing else.
func wantSame(t *testing.T, file, original []byte) {
	t.Helper()
	if bytes.Contains(file, []byte("msnscope:2 ")) {
		t.Error("the file is not compressed")
	}
	wantPieces(t, file, original)
	log := must(loaded(t, file))
	for i := range log.Len() {
		if e := log.At(i); e.Flags&session.Missing != 0 && e.Kind == session.Command {
			t.Errorf("event %d is a piece", e.N)
		}
	}
}

// firstPort returns the port of the first client in a recording, which tells its conversation.
func firstPort(t *testing.T, file []byte) string {
	t.Helper()
	log, err := loaded(t, file)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(log.At(0).Client)
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// wantPieces checks that a log has every command of a recording of which each frame was cut off:
// the same one, what is left of it, or a gap.
func wantPieces(t *testing.T, file, original []byte) {
	t.Helper()
	got, err := loaded(t, file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := loaded(t, original)
	if err != nil || got.Len() != want.Len() {
		t.Fatalf("%d events, want %d: %v", got.Len(), want.Len(), err)
	}
	for i := range want.Len() {
		g, w := got.At(i), want.At(i)
		piece := g.Flags&session.Missing != 0 && w.Flags&session.Missing == 0
		if piece && g.Kind == session.Gap && w.Kind == session.Command && g.N == w.N && g.Conn == w.Conn {
			continue // none of its bytes are left
		}
		if g.N != w.N || g.Conn != w.Conn || g.Kind != w.Kind || g.User != w.User ||
			!piece && !bytes.Equal(g.In.Raw, w.In.Raw) {
			t.Errorf("event %d is %+v, want %+v", i, g, w)
		}
		if piece && !bytes.HasPrefix(w.In.Raw, g.In.Raw) && !bytes.HasPrefix(w.Out, g.Out) {
			t.Errorf("event %d is no piece: %q", i, g.In.Raw)
		}
	}
}

// wantLeg checks that a capture without comments shows what the client sent and received, in order
// on each connection.
func wantLeg(t *testing.T, file, original []byte) {
	t.Helper()
	got, err := loaded(t, file)
	if err != nil {
		t.Fatal(err)
	}
	var conns, sent [2]map[string]int
	for i, log := range []*eventlog.Log{must(loaded(t, original)), got} {
		conns[i], sent[i] = map[string]int{}, map[string]int{}
		for k := range log.Len() {
			e, there := session.ClientSide.Of(log.At(k))
			if !there || e.Kind != session.Command {
				continue
			}
			sent[i][e.Dir.String()+string(e.In.Raw)]++
			conns[i][fmt.Sprint(e.Conn)]++
		}
	}
	for raw, n := range sent[0] {
		if sent[1][raw] != n {
			t.Errorf("%d times %q, want %d", sent[1][raw], raw[:min(len(raw), 60)], n)
		}
	}
	again := bytes.Count(original, []byte("msnscope:2 flow ")) // connections that begin again in another file
	if len(sent[0]) != len(sent[1]) || len(conns[0])+again != len(conns[1]) {
		t.Errorf("%d commands on %d connections, want %d on %d", len(sent[1]), len(conns[1]),
			len(sent[0]), len(conns[0]))
	}
}

func must(l *eventlog.Log, err error) *eventlog.Log {
	if err != nil {
		panic(err)
	}
	return l
}

// TestToolsOnRotatedFiles: the files of a rotated recording, merged in any order, are one
// recording. One that is missing in the middle is a gap on the connections that went on in it.
func TestToolsOnRotatedFiles(t *testing.T) {
	files := rotatedFiles(t, changed(sessiontest.Start, "10.2.0.1:%d", "10.2.0.9:%d"), 20_000)
	if len(files) < 3 {
		t.Fatalf("%d files, want 3 or more", len(files))
	}
	run, whole := tool(t), bytes.Join(files, nil)
	wantKept(t, run(files[0], "mergecap -w {out} {0} {1} {2}", files[1], files[2]), 0, whole)
	wantKept(t, run(files[0], "mergecap -w {out} {2} {1} {0}", files[1], files[2]), 0, whole)
	wantKept(t, bytes.Join([][]byte{files[0], files[2]}, nil), 0, whole)
	l := eventlog.New(eventlog.Options{})
	defer l.Close()
	into := NewLoader(l)
	for _, file := range [][]byte{files[0], files[2]} {
		if err := into.LoadReader(t.Context(), bytes.NewReader(file), "test", nil); err != nil {
			t.Fatal(err)
		}
	}
	missing := "a file of it, or the end of one, is missing"
	if all := into.Remarks(); len(all) == 0 || !strings.Contains(all[0], missing) {
		t.Errorf("of the missing file it says %q", all)
	}
}

// oddNumbers returns the odd numbers up to n.
func oddNumbers(n int) string {
	var all []string
	for i := 1; i <= n; i += 2 {
		all = append(all, strconv.Itoa(i))
	}
	return strings.Join(all, " ")
}
