package replaytest

import (
	"testing"

	"github.com/msnscope/msnscope/internal/memnet"
	"github.com/msnscope/msnscope/replay"
)

// TestPlay plays a scenario against a server that says what it must.
func TestPlay(t *testing.T) {
	var network memnet.Network
	l, err := network.Listen("10.9.0.1:1863")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		buf := make([]byte, 64)
		_, _ = c.Read(buf)
		_, _ = c.Write([]byte("VER 1 MSNP2\r\n"))
		_, _ = c.Read(buf)
		c.Close()
	}()
	r := PlayText(t, "ver", "= 1 NS\nC: VER 1 MSNP2\nS: VER 1 {dialect}\nC: OUT\nS: (closed)\n",
		replay.Options{To: "10.9.0.1:1863", Dial: network.DialContext})
	if r.Counts.Sent != 2 || r.Counts.Same != 2 {
		t.Errorf("%+v, want 2 sent and 2 as written", r.Counts)
	}
}
