package captures

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"github.com/msnscope/msnscope/internal/eventlog"
)

// The remarks on a capture name the packets that are not read, with MSN traffic beside them and
// without.
func TestRemarksOnPackets(t *testing.T) {
	le := binary.LittleEndian
	esp := append([]byte{0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 50, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2}, "secrets."...)
	udp := append([]byte{0x45, 0, 0, 28, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2},
		"\x00\x35\x00\x35\x00\x08\x00\x00"...)
	more := func(file []byte, packets ...[]byte) []byte {
		for _, p := range packets {
			file = le.AppendUint32(le.AppendUint32(file, 1), 0)
			file = le.AppendUint32(le.AppendUint32(file, uint32(len(p))), uint32(len(p)))
			file = append(file, p...)
		}
		return file
	}
	load := func(file []byte) (string, error) {
		l := eventlog.New(eventlog.Options{})
		defer l.Close()
		into := NewLoader(l)
		err := into.LoadReader(context.Background(), bytes.NewReader(file), "test.pcap", nil)
		return strings.Join(into.Remarks(), "; "), err
	}
	msn := foreign(packet{alice, ns, ack, 100, "PNG\r\n"})
	if got, err := load(more(msn, esp, udp, esp)); got != "2 packets of kinds not read here: ESP 2" || err != nil {
		t.Errorf("beside MSN: %q, %v", got, err)
	}
	if got, err := load(more(msn, udp)); got != "" || err != nil {
		t.Errorf("beside what holds no TCP: %q, %v", got, err)
	}
	_, err := load(more(foreign(), udp, esp, udp))
	want := "no MSN traffic found in test.pcap: 0 other TCP connections, and packets of other kinds: UDP 2, ESP 1"
	if !errors.Is(err, ErrNoMSN) || err.Error() != want {
		t.Errorf("without MSN: %v\nwant %s", err, want)
	}
}
