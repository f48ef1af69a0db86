package server

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/msnscope/msnscope/internal/msntest"
)

// expect reads what a connection receives and compares it with want; if the server is to close the
// connection, it reads to the end.
func expect(t *testing.T, p *msntest.Peer, want string, closed bool) {
	t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(20 * time.Second))
	got := make([]byte, len(want))
	n, err := io.ReadFull(p.R, got)
	if string(got[:n]) != want {
		t.Fatalf("got (%v)\n%q, want\n%q", err, got[:n], want)
	}
	if closed {
		if rest, err := io.ReadAll(p.R); len(rest) > 0 || err != nil {
			t.Errorf("at the end: %q, %v", rest, err)
		}
	}
}

// TestMessagesInOneWrite: messages that come together with other commands are relayed and answered
// as if each had come alone, all in order.
func TestMessagesInOneWrite(t *testing.T) {
	all := meet(t, onTCP(t, Options{Store: manyUsers(3)}), 2)
	_, err := io.WriteString(all[0], "MSG 10 A 1\r\naMSG 11 U 01\r\nbMSG 012 N 1\r\nc"+
		"MSG 13 Q 1\r\ndMSG 14 A 1\r\ne"+
		"CAL 15 nobody@hotmail.com\r\nMSG 0016 A 000\r\nNOP 17\r\nmsg 18 A 2\r\nno"+
		"MSG 19 A 1\r\nfMSG 20 U 1\r\ngOUT\r\nMSG 21 U 1\r\nh")
	if err != nil {
		t.Fatal(err)
	}
	expect(t, all[0], "ACK 10\r\n201 13\r\nACK 14\r\n217 15\r\nACK 0016\r\n200 17\r\n200 18\r\nACK 19\r\n", true)
	said := ""
	for _, body := range []string{"a", "b", "c", "e", "", "f", "g"} {
		said += fmt.Sprintf("MSG user0@hotmail.com U0 %d\r\n%s", len(body), body)
	}
	expect(t, all[1], said+"BYE user0@hotmail.com\r\n", false)
	if _, err := io.WriteString(all[1], "MSG 1 A 0\r\nMSG 2 U 0\r\nMSG 3 N 0\r\nOUT\r\n"); err != nil {
		t.Fatal(err)
	}
	expect(t, all[1], "NAK 1\r\nNAK 3\r\n", true)
}

// TestManyMessagesInOneWrite does so with more messages than are relayed in one step.
func TestManyMessagesInOneWrite(t *testing.T) {
	all := meet(t, onTCP(t, Options{Store: manyUsers(3)}), 3)
	var sent, acks, said bytes.Buffer
	for i := range 5000 {
		body := fmt.Sprint(i)
		fmt.Fprintf(&sent, "MSG %d A %d\r\n%s", i, len(body), body)
		fmt.Fprintf(&acks, "ACK %d\r\n", i)
		fmt.Fprintf(&said, "MSG user0@hotmail.com U0 %d\r\n%s", len(body), body)
	}
	if _, err := all[0].Write(sent.Bytes()); err != nil {
		t.Fatal(err)
	}
	expect(t, all[0], acks.String(), false)
	expect(t, all[1], said.String(), false)
	expect(t, all[2], said.String(), false)
}
