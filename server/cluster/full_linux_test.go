package cluster

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/msnscope/msnscope/server/accounts"
)

// syncBuffer is a buffer that a log writes while a test reads.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestFullDisk fills the disk of one node of three. Changes go on, and the node says what is wrong.
func TestFullDisk(t *testing.T) {
	all := options(t, 3)
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("needs a small disk, which only root may make: %v", err)
	}
	t.Cleanup(func() { must(t, syscall.Unmount(small, 0)) })
	var log syncBuffer
	all[2].Dir, all[2].Log = small, slog.New(slog.NewTextHandler(&log, nil))
	var nodes []*Node
	for _, o := range all {
		nodes = append(nodes, startNode(t, o))
	}
	for _, n := range nodes {
		must(t, n.Ready(t.Context()))
	}
	s := openStore(t, nodes[0].Link(), StoreOptions{})
	more := make([]byte, 400<<10)
	for i := range 40 {
		h := fmt.Sprintf("u%d@x.com", i)
		must(t, s.Create(h, "x", "x"))
		_, _ = rand.Read(more)
		_, err := s.Set(t.Context(), h, accounts.More, string(more))
		must(t, err)
	}
	for i := range 40 {
		if u := lookup(t, s, fmt.Sprintf("u%d@x.com", i)); u.Serial != 2 {
			t.Errorf("%s has serial %d", u.Handle, u.Serial)
		}
	}
	if !strings.Contains(log.String(), "the disk is full") {
		t.Errorf("the node said\n%s", log.String())
	}
}
