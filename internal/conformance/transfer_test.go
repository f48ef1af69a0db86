package conformance

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/msnscope/msnscope/captures/capturestest"
	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/captures/recording"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/internal/msntest"
	"github.com/msnscope/msnscope/proxy"
	"github.com/msnscope/msnscope/proxy/fault"
	"github.com/msnscope/msnscope/proxy/intercept"
)

// fileMB says in the environment how many megabytes TestTransferFaults sends through each fault.
const fileMB = "MSNSCOPE_FILE_MB"

const (
	fileProxy  = "127.0.0.1:1863"
	fileSwitch = "10.0.0.9:1863"
	fileSender = "127.0.0.1:6891"
	// blockBytes is how many bytes of a file real senders put into a block.
	blockBytes = 2045
	// recordedBytes is how much of the file may be recorded.
	recordedBytes = 256 << 10
)

// fileRun is one file that alice sends bob through a proxy that disturbs and records it.
type fileRun struct {
	t        *testing.T
	controls *intercept.Controls
	content  []byte // each block begins with its number
	front    memnet.Network
	back     memnet.Network
	mu       sync.Mutex
	notes    []string
	said     []string // the lines that the receiver got
	blocks   []int    // the numbers of the blocks that it got
	got      []byte   // their content
}

// newFileRun returns a run with a file of that many bytes, and what ends it. Once it has ended, the
// recording is in the file at path.
func newFileRun(t *testing.T, size int, path string) (*fileRun, func()) {
	t.Helper()
	r := &fileRun{t: t, content: make([]byte, size)}
	random := rand.NewChaCha8([32]byte{})
	random.Read(r.content)
	for i := 0; i*blockBytes+4 <= size; i++ {
		binary.LittleEndian.PutUint32(r.content[i*blockBytes:], uint32(i))
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pcap.NewWriter(file, pcap.WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	record := recording.NewWriter(out, recording.Options{OnError: func(err error) { t.Error(err) }})
	p := proxy.New(proxy.Options{
		Upstream: fileSwitch, Dial: r.back.DialContext, FileBytes: recordedBytes,
		Publish: func(e *session.Event) {
			if e.Kind == session.Note {
				r.mu.Lock()
				r.notes = append(r.notes, e.Text)
				r.mu.Unlock()
			}
			record.Handle([]*session.Event{e})
		},
	})
	r.controls = intercept.NewControls(p, intercept.ControlsOptions{Seed: 1})
	on, err := r.front.Listen(fileProxy)
	if err != nil {
		t.Fatal(err)
	}
	go p.Serve(on)
	return r, func() {
		p.Close()
		if err := errors.Join(record.Close(time.Now()), file.Close()); err != nil {
			t.Error(err)
		}
	}
}

// invite leads bob to the proxy: alice offers the file, he accepts, she says where it is.
func (r *fileRun) invite() {
	t := r.t
	t.Helper()
	server, err := r.back.Listen(fileSwitch)
	if err != nil {
		t.Fatal(err)
	}
	pass := func(from, to *msntest.Peer, text string) { from.Send(text); to.Want(text) }
	enter := func(line, answer string) (c, s *msntest.Peer) {
		c = msntest.NewPeer(t, r.dial())
		c.Send(line)
		nc, err := server.Accept()
		if err != nil {
			t.Fatal(err)
		}
		s = msntest.NewPeer(t, nc)
		s.Want(line)
		pass(s, c, answer)
		return c, s
	}
	alice, aliceSB := enter("USR 1 alice@hotmail.com 1.2.3\r\n", "USR 1 OK alice@hotmail.com Alice\r\n")
	pass(alice, aliceSB, "CAL 2 bob@hotmail.com\r\n")
	pass(aliceSB, alice, "CAL 2 RINGING 11\r\n")
	bob, bobSB := enter("ANS 1 bob@hotmail.com 4.5.6 11\r\n", "ANS 1 OK\r\n")
	step := func(command string, more ...string) string {
		body := "MIME-Version: 1.0\r\nContent-Type: text/x-msmsgsinvite; charset=UTF-8\r\n\r\n" +
			"Invitation-Command: " + command + "\r\nInvitation-Cookie: 7\r\n" +
			strings.Join(append(more, "", ""), "\r\n")
		return fmt.Sprintf("%d\r\n%s", len(body), body)
	}
	offer := step("INVITE", "Application-GUID: {5D3E02AB-6190-11d3-BBBB-00C04F795683}", "Application-File: a.bin")
	where := func(port string) string {
		return step("ACCEPT", "IP-Address: 127.0.0.1", "Port: "+port, "AuthCookie: 42")
	}
	pass(alice, aliceSB, "MSG 3 N "+offer)
	pass(bobSB, bob, "MSG alice@hotmail.com alice "+offer)
	pass(bob, bobSB, "MSG 2 N "+step("ACCEPT"))
	pass(aliceSB, alice, "MSG bob@hotmail.com bob "+step("ACCEPT"))
	alice.Send("MSG 4 N " + where("6891"))
	aliceSB.Want("MSG 4 N " + where("1863"))
	pass(bobSB, bob, "MSG alice@hotmail.com alice "+where("1863"))
	for _, p := range []*msntest.Peer{alice, bob, aliceSB, bobSB} {
		p.Close()
	}
	server.Close()
}

func (r *fileRun) dial() net.Conn {
	c, err := r.front.DialContext(r.t.Context(), "tcp", fileProxy)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

// send plays the sender of the file, which closes when its receiver does, or is not the invited
// one.
func (r *fileRun) send(l net.Listener) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	in := bufio.NewReader(c)
	for line, err := in.ReadString('\n'); err == nil; line, err = in.ReadString('\n') {
		switch line {
		case "VER MSNFTP\r\n":
			io.WriteString(c, line)
		case "USR bob@hotmail.com 42\r\n":
			fmt.Fprintf(c, "FIL %d\r\n", len(r.content))
		case "TFR\r\n":
			for block := range slices.Chunk(r.content, blockBytes) {
				head := []byte{0, byte(len(block)), byte(len(block) >> 8)}
				if _, err := c.Write(append(head, block...)); err != nil {
					return
				}
			}
		default:
			return
		}
	}
}

// receive plays the receiver, which closes when nothing has come for a minute: what it gets may be
// less or more than it was promised.
func (r *fileRun) receive() {
	c := r.dial()
	defer c.Close()
	in := bufio.NewReader(c)
	says := []string{"VER MSNFTP\r\n", "USR bob@hotmail.com 42\r\n", "TFR\r\n"}
	io.WriteString(c, says[0])
	for {
		c.SetReadDeadline(time.Now().Add(time.Minute))
		switch b, err := in.Peek(3); {
		case err != nil:
			return
		case b[0] > 1:
			line, err := in.ReadString('\n')
			if err != nil {
				return
			}
			r.said = append(r.said, strings.TrimRight(line, "\r\n"))
			if strings.HasPrefix(line, "VER ") || strings.HasPrefix(line, "FIL ") {
				io.WriteString(c, says[1])
				says = says[1:]
			}
		default:
			block := make([]byte, 3+int(b[1])+int(b[2])<<8)
			if _, err := io.ReadFull(in, block); err != nil {
				return
			}
			r.blocks = append(r.blocks, int(binary.LittleEndian.Uint32(append(block[3:], 0, 0, 0, 0))))
			r.got = append(r.got, block[3:]...)
		}
	}
}

// allBut returns the numbers of n blocks, with change made to them.
func allBut(change func([]int) []int) func(n int) []int {
	return func(n int) []int {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		return change(all)
	}
}

// TestTransferFaults: a file between two clients meets each fault that can hit a file transfer. The
// receiver gets what the fault says, byte for byte; what it does not get whole ends, and both sides
// with it; the note has the hash of what the sender sent. Of the content, the recording holds no
// more than it may.
func TestTransferFaults(t *testing.T) {
	size := 1<<20 + 77
	if mb, err := strconv.Atoi(os.Getenv(fileMB)); err == nil {
		size = mb << 20
	}
	same := allBut(func(all []int) []int { return all })
	none := allBut(func([]int) []int { return nil })
	beginning := func(n int) func(int) []int { return allBut(func(all []int) []int { return all[:n] }) }
	lines := []string{"VER MSNFTP", fmt.Sprintf("FIL %d", size)}
	cases := map[string]struct {
		rule  string
		lines []string // nil for those of an undisturbed transfer
		want  func(n int) []int
		ends  string // what the note begins with, "" for a whole file
	}{
		"no fault":   {"", nil, same, ""},
		"latency":    {`latency:ms=500,nth=100 @ cmd == "BLK"`, nil, same, ""},
		"bandwidth":  {`bandwidth:rate=1000 @ cmd == "BLK"`, nil, same, ""},
		"slicer":     {`slicer:size=700,every=10 @ cmd == "BLK"`, nil, same, ""},
		"coalesce":   {`coalesce:count=3 @ cmd == "BLK"`, nil, same, ""},
		"timeout":    {`timeout:ms=5000,nth=10 @ cmd == "BLK"`, nil, beginning(9), "incomplete"},
		"reset_peer": {`reset_peer:nth=10,ms=100 @ cmd == "BLK"`, nil, beginning(9), "incomplete"},
		"limit_data": {`limit_data:bytes=100000 @ cmd == "BLK"`, nil, beginning(100000 / (3 + blockBytes)), "incomplete"},
		"down":       {`down @ cmd == "BLK"`, nil, none, "incomplete"},
		"drop": {
			`drop:nth=10 @ cmd == "BLK"`, nil,
			allBut(func(all []int) []int { return slices.Delete(all, 9, 10) }), "",
		},
		"duplicate": {
			`duplicate:nth=10 @ cmd == "BLK"`, nil,
			allBut(func(all []int) []int { return slices.Insert(all, 9, 9) }), "",
		},
		"reorder": {
			`reorder:nth=10 @ cmd == "BLK"`, nil,
			allBut(func(all []int) []int { all[9], all[10] = all[10], all[9]; return all }), "",
		},
		"late": {
			`late:ms=5000,nth=10 @ cmd == "BLK"`, nil,
			allBut(func(all []int) []int { return append(slices.Delete(all, 9, 10), 9) }), "",
		},
		"error":        {`error @ cmd == "TFR"`, append(slices.Clone(lines), "500"), none, "incomplete"},
		"stale_cookie": {`stale_cookie @ cmd == "USR" && role == "FT"`, lines[:1], none, "no transfer"},
		"out":          {`out @ cmd == "FIL"`, []string{lines[0], "OUT OTH"}, none, "incomplete"},
		"garbage":      {`garbage @ cmd == "FIL"`, []string{lines[0], "?…", lines[1]}, same, ""},
	}
	// A message's delivery and length are what these two are about: a transfer has neither.
	spared := []string{"nak", "wrong_length"}
	for _, kind := range fault.Names() {
		if _, has := cases[kind]; has == slices.Contains(spared, kind) {
			t.Errorf("no case, or one too many, for the fault %s", kind)
		}
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "transfer.pcapng")
			var r *fileRun
			synctest.Test(t, func(t *testing.T) {
				var stop func()
				r, stop = newFileRun(t, size, path)
				defer stop()
				r.invite()
				if tc.rule != "" {
					if err := r.controls.AddFault(tc.rule); err != nil {
						t.Fatal(err)
					}
				}
				l, err := r.back.Listen(fileSender)
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				ended := make(chan bool)
				go func() { r.send(l); close(ended) }()
				r.receive()
				<-ended
				synctest.Wait()
			})
			if tc.lines == nil {
				tc.lines = lines
			}
			r.check(tc.lines, tc.want((size+blockBytes-1)/blockBytes), tc.ends)
			checkRecorded(t, path)
		})
	}
}

// check compares what the receiver got, and what the note about the transfer says.
func (r *fileRun) check(lines []string, blocks []int, ends string) {
	t := r.t
	t.Helper()
	for i, line := range r.said {
		if strings.HasPrefix(line, "?") {
			r.said[i] = "?…"
		}
	}
	if !slices.Equal(r.said, lines) {
		t.Errorf("the receiver got the lines %q, want %q", r.said, lines)
	}
	var want []byte
	for _, n := range blocks {
		want = append(want, r.content[n*blockBytes:min(len(r.content), (n+1)*blockBytes)]...)
	}
	if !slices.Equal(r.blocks, blocks) || !bytes.Equal(r.got, want) {
		t.Errorf("the receiver got %d blocks with %d bytes, and not those that are right: want %d with %d",
			len(r.blocks), len(r.got), len(blocks), len(want))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	at := slices.IndexFunc(r.notes, func(s string) bool { return strings.HasPrefix(s, "file transfer") })
	switch {
	case ends == "no transfer":
		if at >= 0 {
			t.Errorf("a note: %s", r.notes[at])
		}
	case at < 0:
		t.Errorf("no note about the transfer: %q", r.notes)
	case ends != "":
		if !strings.HasPrefix(r.notes[at], "file transfer "+ends) {
			t.Errorf("note: %s", r.notes[at])
		}
	case !strings.Contains(r.notes[at], fmt.Sprintf("SHA-256 %x", sha256.Sum256(r.content))):
		t.Errorf("the note has not the hash of what the sender sent: %s", r.notes[at])
	}
}

// checkRecorded: the recording holds as much of the content as it may, and hardly more than that.
func checkRecorded(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	content := 0
	log := capturestest.Load(t, path, f)
	for i := range log.Len() {
		if e := log.At(i); e.Role == dialect.FT && e.In.Block() {
			content += len(e.In.Payload())
		}
	}
	t.Logf("%d bytes of content in %d bytes of recording", content, info.Size())
	// What changed a block keeps both of its forms: a block, or what was sent in pieces.
	if content > recordedBytes || info.Size() > recordedBytes*5/4+32<<10 {
		t.Errorf("%d bytes of content in a recording of %d bytes: at most %d may be recorded", content, info.Size(),
			recordedBytes)
	}
}
