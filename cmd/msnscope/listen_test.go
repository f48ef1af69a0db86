package main

import (
	"net"
	"strings"
	"testing"
)

// TestPortsInARow: the system gives a port without looking at the next ones, which others may have.
func TestPortsInARow(t *testing.T) {
	var taken, asked []net.Listener
	defer func() {
		for _, l := range taken {
			l.Close()
		}
	}()
	// somebody has the second port behind the first three that are given
	unlucky := func(addr string) (net.Listener, error) {
		l, err := listen(addr)
		if err != nil || !strings.HasSuffix(addr, ":0") {
			return l, err
		}
		if asked = append(asked, l); len(asked) <= 3 {
			at := *l.Addr().(*net.TCPAddr)
			at.Port += 2
			if other, err := net.ListenTCP("tcp", &at); err == nil {
				taken = append(taken, other)
			}
		}
		return l, nil
	}
	row, err := listenInARow("127.0.0.1:0", 4, unlucky)
	if err != nil {
		t.Fatal(err)
	}
	defer row.close()
	if len(row) != 4 || len(asked) < 4 {
		t.Fatalf("%s: %d ports after %d looks, want 4 and after some", row, len(row), len(asked))
	}
	for i, l := range row {
		if got, want := l.Addr().(*net.TCPAddr).Port, row[0].Addr().(*net.TCPAddr).Port+i; got != want {
			t.Errorf("port %d of the row is %d, want %d", i, got, want)
		}
	}
}

// TestPortThatWasAskedFor: listening uses the given port, or fails.
func TestPortThatWasAskedFor(t *testing.T) {
	row, err := listenInARow("127.0.0.1:0", 2, listen)
	if err != nil {
		t.Fatal(err)
	}
	defer row.close()
	first := row[0].Addr().String()
	row[0].Close()
	if got, err := listenInARow(first, 2, listen); err == nil ||
		!strings.Contains(err.Error(), "another program has that port") {
		got.close()
		t.Errorf("%s in use behind %s: %v, want that another program has it", row[1].Addr(), first, err)
	}
	again, err := listen(first)
	if err != nil {
		t.Fatalf("it kept %s: %v", first, err)
	}
	again.Close()
}
