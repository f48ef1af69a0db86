package captures

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
	"github.com/msnscope/msnscope/internal/eventlog"
)

// pattern returns the content of the files that most recordings carry.
func pattern(name string, size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "%s line %06d of the pattern file.\r\n", name, i)
	}
	return b.Bytes()[:size]
}

// TestLoadTransfers loads recordings of real clients. What they transferred is known.
func TestLoadTransfers(t *testing.T) {
	type file struct {
		from, to, name string
		size           int
		content        []byte // nil: the pattern
	}
	for capture, want := range map[string][]file{
		"amsn-amsn":    {{"anna", "bert", "readme.txt", 60904, nil}},
		"amsn-accents": {{"anna", "bert", "grün é ß.txt", 888, nil}},
		"amsn-gaim-no-bye": {
			{"alice", "bob", "b2046.txt", 2046, nil},
			{"alice", "bob", "mit Leer zeichen.txt", 777, nil},
			{"alice", "bob", "empty.txt", 0, nil},
		},
		"commands-inside": {{"alice", "bob", "cmds.txt", 627, nil}},
		"libmsn2-twisted": {
			{"alice", "bob", "grün é ß.txt", 888, nil},
			{"alice", "bob", "mit Leer zeichen.txt", 777, nil},
		},
	} {
		t.Run(capture, func(t *testing.T) {
			log := loadTransfers(t, filepath.Join("testdata", "transfers", capture+".pcap"))
			content, talk, notes := map[int][]byte{}, "", []string{}
			for i := range log.Len() {
				e := log.At(i)
				switch {
				case e.Role != dialect.FT:
					if e.Role == dialect.SB && e.Session != "" {
						talk = e.Session
					}
					if e.User == "mallory@hotmail.com" {
						t.Errorf("event %d takes content for a command: %s", e.N, e.In.Raw)
					}
					continue
				case e.Kind == session.Note:
					notes = append(notes, e.Text)
				case e.Kind == session.Command && (e.Row == nil || e.Row.Roles != dialect.FT || e.In.Opaque()):
					t.Errorf("event %d is no command of a file transfer: %q", e.N, e.In.Raw)
				}
				if e.In.Block() {
					content[e.Conn] = append(content[e.Conn], e.In.Payload()...)
				}
				if e.User == "" && strings.HasSuffix(e.Server, ":6891") {
					continue // nobody listened there
				}
				if e.User != want[0].to+"@hotmail.com" || e.Session != talk || e.Via == 0 || e.Dialect != "MSNFTP" {
					t.Errorf("event %d is of %s in session %s, led there by c%d, dialect %s", e.N, e.User, e.Session,
						e.Via, e.Dialect)
				}
			}
			var wanted []string
			for _, f := range want {
				data := pattern(strings.TrimSuffix(f.name, ".txt"), f.size)
				if capture == "commands-inside" {
					data = content[notesConn(log)]
					begin := "VER 1 MSNP7 CVR0\r\nUSR 2 OK mallory@hotmail.com Mallory 1\r\nRNG 77 "
					if !bytes.HasPrefix(data, []byte(begin)) {
						t.Errorf("the file begins with %.80q", data)
					}
				}
				wanted = append(wanted, fmt.Sprintf("file transfer complete: %q from %s@hotmail.com to "+
					"%s@hotmail.com, %d bytes, SHA-256 %x", f.name, f.from, f.to, f.size, sha256.Sum256(data)))
			}
			if diff := cmp.Diff(wanted, notes); diff != "" {
				t.Errorf("what became of the files (-want +got):\n%s", diff)
			}
		})
	}
}

// notesConn returns the number of the only file transfer in the log.
func notesConn(log *eventlog.Log) int {
	for i := range log.Len() {
		if e := log.At(i); e.Role == dialect.FT {
			return e.Conn
		}
	}
	return 0
}

func loadTransfers(t *testing.T, path string) *eventlog.Log {
	t.Helper()
	log := eventlog.New(eventlog.Options{})
	t.Cleanup(func() { log.Close() })
	if err := NewLoader(log).Load(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	return log
}

// TestLoadTransferFromItsMiddle: a recording that begins inside a file does not find commands in
// it, because the invitation said where the file is fetched.
func TestLoadTransferFromItsMiddle(t *testing.T) {
	data, err := os.ReadFile("testdata/transfers/commands-inside.pcap")
	if err != nil {
		t.Fatal(err)
	}
	cut := withoutBeginning(t, data, 29358)
	log := eventlog.New(eventlog.Options{})
	defer log.Close()
	if err := NewLoader(log).LoadReader(t.Context(), bytes.NewReader(cut), "cut", nil); err != nil {
		t.Fatal(err)
	}
	found := false
	for i := range log.Len() {
		e := log.At(i)
		if strings.HasSuffix(e.Server, ":29358") {
			found = true
			if e.Role != dialect.FT || e.User == "mallory@hotmail.com" ||
				e.Dir == decode.FromServer && e.Kind == session.Command && !e.In.Opaque() {
				t.Errorf("event %d is %s of %q: %q", e.N, e.Role, e.User, e.In.Raw)
			}
		}
	}
	if !found {
		t.Error("the transfer is not there")
	}
}

// withoutBeginning returns a pcap file without those packets of a server's port that come before
// the one with the content of the file.
func withoutBeginning(t *testing.T, file []byte, port int) []byte {
	t.Helper()
	const header, record, ethernet, ip = 24, 16, 14, 20
	out := bytes.Clone(file[:header])
	for at, seen := header, false; at < len(file); {
		size := int(file[at+8]) | int(file[at+9])<<8
		packet := file[at : at+record+size]
		at += record + size
		tcp := packet[record+ethernet+ip:]
		from, to := int(tcp[0])<<8|int(tcp[1]), int(tcp[2])<<8|int(tcp[3])
		if from == port || to == port {
			if seen = seen || bytes.Contains(packet, []byte("mallory")); !seen {
				continue
			}
		}
		out = append(out, packet...)
	}
	return out
}
