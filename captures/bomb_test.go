package captures

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/captures/pcap"
	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/decode/session/sessiontest"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// bomb is a pcapng file that is compressed while it is written.
type bomb struct {
	bytes.Buffer
	gz *gzip.Writer
}

func (b *bomb) block(kind uint32, parts ...[]byte) {
	body := bytes.Join(parts, nil)
	body = append(body, make([]byte, -len(body)&3)...)
	n := uint32(len(body) + 12)
	head := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, kind), n)
	_, _ = b.gz.Write(binary.LittleEndian.AppendUint32(append(head, body...), n)) // of a buffer
}

// packet writes a TCP segment, or a packet that is none if p is nil, with comments.
func (b *bomb) packet(p *packet, comments []byte) {
	ip := []byte("\x45\x00\x00\x14\x00\x00\x00\x00\x40\x11\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02")
	if p != nil {
		ip = foreign(*p)[24+16:]
	}
	head := binary.LittleEndian.AppendUint64(nil, 0)
	head = binary.LittleEndian.AppendUint32(head, 0)
	head = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(head, uint32(len(ip))), uint32(len(ip)))
	b.block(6, head, ip, make([]byte, -len(ip)&3), comments)
}

// option returns an option of a block, or a record of names.
func option(kind uint16, value string) []byte {
	b := binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(nil, kind), uint16(len(value)))
	return append(append(b, value...), make([]byte, -len(value)&3)...)
}

// TestBombs: a small compressed file may unpack into hundreds of megabytes of names and comments,
// all valid. Loading it takes little memory, wherever these would have to wait.
func TestBombs(t *testing.T) {
	long := bytes.Repeat(option(1, strings.Repeat("c", 60_000)), 20)
	for name, fill := range map[string]func(b *bomb){
		"long names": func(b *bomb) {
			for range 2400 {
				b.block(4, option(1, "\x0a\x00\x00\x01"+strings.Repeat("n", 60_000)+"\x00"))
			}
		},
		"many names": func(b *bomb) {
			b.block(4, bytes.Repeat(option(1, "\x0a\x00\x00\x01"+strings.Repeat("a\x00b\x00", 15_000)), 60))
		},
		"comments before the first event": func(b *bomb) {
			for range 120 {
				b.packet(nil, long)
			}
		},
		"comments on what is not clear yet": func(b *bomb) {
			for i := range 120 {
				b.packet(&packet{alice, odd, ack, 100 + uint32(5*i), "PNG\r\n"}, long)
			}
		},
		"comments on beginnings": func(b *bomb) {
			for i := range 120 {
				b.packet(&packet{fmt.Sprintf("10.0.0.1:%d", 5000+i), odd, syn, 99, ""}, long)
			}
		},
		"comments behind a hole": func(b *bomb) {
			b.packet(&packet{alice, ns, syn, 99, ""}, nil)
			for i := range 120 {
				b.packet(&packet{alice, ns, ack, 200 + uint32(5*i), "PNG\r\n"}, long)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := new(bomb)
			b.gz = gzip.NewWriter(b)
			_, _ = b.gz.Write([]byte("\x0a\x0d\x0d\x0a\x1c\x00\x00\x00\x4d\x3c\x2b\x1a\x01\x00\x00\x00" +
				"\xff\xff\xff\xff\xff\xff\xff\xff\x1c\x00\x00\x00"))
			b.block(1, []byte("\x65\x00\x00\x00\x00\x00\x04\x00"))
			fill(b)
			b.packet(&packet{bob, ns, ack, 100, "PNG\r\n"}, option(1, "the end"))
			if err := b.gz.Close(); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d bytes", b.Len())
			l := eventlog.New(eventlog.Options{Dir: t.TempDir()})
			defer l.Close()
			most := loadHeap(t, l, b)
			t.Logf("%d MB", most>>20)
			if most > 90<<20 {
				t.Errorf("%d MB of heap at most, want 90", most>>20)
			}
			got := strings.Join(script(l), "\n")
			if !strings.Contains(got, " C PNG") || !strings.Contains(got, "the end") {
				t.Errorf("what came after it is not there: %.2000s", got)
			}
		})
	}
}

// loadHeap loads a capture and returns how many bytes of the heap were in use at most, beyond those
// before.
func loadHeap(t *testing.T, l *eventlog.Log, r io.Reader) uint64 {
	t.Helper()
	runtime.GC()
	var before, at runtime.MemStats
	runtime.ReadMemStats(&before)
	most := uint64(0)
	look := func(int64, int64) {
		runtime.ReadMemStats(&at)
		most = max(most, at.HeapAlloc)
	}
	if err := NewLoader(l).LoadReader(t.Context(), r, "bomb.pcapng.gz", look); err != nil {
		t.Fatal(err)
	}
	return most - min(most, before.HeapAlloc)
}

// TestPartsAreBounded: recordings that end within a large command, one after the other, do not keep
// all that they have of it.
func TestPartsAreBounded(t *testing.T) {
	body := strings.Repeat("x", 1_000_000)
	message := session.Event{
		N: 2, Conn: 1, Kind: session.Command, Time: sessiontest.Start, Dir: decode.FromClient,
		In: decode.Message{Raw: fmt.Appendf(nil, "MSG 1 N %d\r\n%s", len(body), body)},
	}
	open := session.Event{N: 1, Conn: 1, Kind: session.Open, Time: sessiontest.Start, Client: alice, Server: ns}
	l := eventlog.New(eventlog.Options{Dir: t.TempDir()})
	defer l.Close()
	var all []byte
	file := withoutEnd(recordedFile(t, []*session.Event{&open, &message}))
	of := regexp.MustCompile(` of=(\S+)`).FindSubmatch(file)[1]
	for i := range 100 { // each the beginning of another recording
		all = append(all, bytes.ReplaceAll(file, of, fmt.Appendf(nil, "%0*d", len(of), i))...)
	}
	loader, most := NewLoader(l), 0
	err := loader.LoadReader(t.Context(), bytes.NewReader(all), "merged.pcapng", func(int64, int64) {
		most = max(most, loader.held)
	})
	if err != nil {
		t.Fatal(err)
	}
	if most > maxHeldBytes || most < maxHeldBytes/2 {
		t.Errorf("%d bytes were held, want %d at most", most, maxHeldBytes)
	}
	commands := 0
	for i := range l.Len() {
		if l.At(i).Kind == session.Command {
			commands++
		}
	}
	if commands != 100 || loader.held != 0 {
		t.Errorf("%d commands, want 100; %d bytes are held at the end", commands, loader.held)
	}
}

// withoutEnd returns the blocks of a file before the one that holds the end of a large command.
func withoutEnd(file []byte) []byte {
	at, large := 0, 0
	for n := 0; at < len(file); at += n {
		n = int(binary.LittleEndian.Uint32(file[at+4:]))
		if n > pcap.MaxSegment {
			large++
		} else if large > 0 {
			break
		}
	}
	return file[:at]
}
