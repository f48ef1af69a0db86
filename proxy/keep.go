package proxy

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxKept is how many bytes of a file may wait to be written where it is kept: the disk never
	// delays the transfer, and one that is slower for so long keeps less.
	maxKept = 16 << 20
	// maxKeptOfAll is the same for all files together: a disk that has stopped costs no more,
	// however many files the users send meanwhile.
	maxKeptOfAll = 64 << 20
	// keptTime is how long the end of a transfer waits for the disk, to tell the name.
	keptTime = 2 * time.Second
)

// Keeper is a file in which the content of a transfer is kept.
type Keeper interface {
	io.Writer
	// Close ends the file; whole says whether it has all of the content. It returns the name under
	// which the file is kept.
	Close(whole bool) (name string, err error)
}

// keep writes the content of one transfer on a goroutine of its own, which ends soon after close.
type keep struct {
	all   *atomic.Int64 // bytes that wait, of all transfers
	ended chan string

	mu      sync.Mutex // guards what follows
	more    *sync.Cond // there is something to do for run
	waiting []byte
	held    int // bytes in waiting, and those that are being written
	closed  bool
	full    bool // some of the content is missing
	whole   bool // set when closed is
}

func newKeep(p *Proxy, conn int) *keep {
	k := &keep{all: &p.kept, ended: make(chan string, 1)}
	k.more = sync.NewCond(&k.mu)
	p.conns.Go(func() { k.ended <- k.run(p.opts.KeepFile, conn) })
	return k
}

// run writes what comes, and says in words what became of it.
func (k *keep) run(open func(conn int) (Keeper, error), conn int) string {
	file, err := open(conn)
	for {
		content := k.next()
		if len(content) == 0 {
			break
		}
		if err == nil {
			_, err = file.Write(content)
		}
		k.wrote(len(content))
	}
	name := ""
	if file != nil {
		kept, cerr := file.Close(k.whole && err == nil)
		if name = kept; err == nil {
			err = cerr
		}
	}
	switch {
	case err != nil:
		return fmt.Sprintf("not kept: %v", err)
	case k.full:
		return fmt.Sprintf("only a part of it kept as %s: the disk is too slow", name)
	}
	return "kept as " + name
}

// next waits for content, and returns all that there is; nothing once close was called.
func (k *keep) next() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.waiting) == 0 && !k.closed {
		k.more.Wait()
	}
	content := k.waiting
	k.waiting = nil
	return content
}

// wrote makes room for n bytes more.
func (k *keep) wrote(n int) {
	k.mu.Lock()
	k.held -= n
	k.mu.Unlock()
	k.all.Add(-int64(n))
}

// write takes a copy of the content. It never waits.
func (k *keep) write(content []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := len(content)
	if k.full = k.full || k.held+n > maxKept; k.full {
		return
	}
	if k.full = k.all.Add(int64(n)) > maxKeptOfAll; k.full {
		k.all.Add(-int64(n))
		return
	}
	k.held += n
	k.waiting = append(k.waiting, content...)
	k.more.Signal()
}

// close ends the file, and says in words what became of it.
func (k *keep) close(whole bool) string {
	k.mu.Lock()
	k.closed, k.whole = true, whole && !k.full
	k.more.Signal()
	k.mu.Unlock()
	timer := time.NewTimer(keptTime)
	defer timer.Stop()
	select {
	case kept := <-k.ended:
		return kept
	case <-timer.C:
		return "still being written where it is kept"
	}
}
