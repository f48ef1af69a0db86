package proxy

import (
	"bytes"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

const (
	// maxKept is how many bytes of a file may wait to be written where it is kept: the disk never
	// delays the transfer, and one that is slower for so long keeps less.
	maxKept = 16 << 20
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
	parts   chan []byte
	waiting atomic.Int64 // bytes in parts
	ended   chan string
	full    bool // parts are missing
	whole   bool // set before parts is closed
}

func newKeep(p *Proxy, conn int) *keep {
	k := &keep{parts: make(chan []byte, 8<<10), ended: make(chan string, 1)}
	p.conns.Go(func() { k.ended <- k.run(p.opts.KeepFile, conn) })
	return k
}

// run writes what comes, and says in words what became of it.
func (k *keep) run(open func(conn int) (Keeper, error), conn int) string {
	file, err := open(conn)
	for part := range k.parts {
		if err == nil {
			_, err = file.Write(part)
		}
		k.waiting.Add(-int64(len(part)))
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

// write takes a copy of the content. It never waits.
func (k *keep) write(content []byte) {
	if k.full || k.waiting.Load() > maxKept {
		k.full = true
		return
	}
	select {
	case k.parts <- bytes.Clone(content):
		k.waiting.Add(int64(len(content)))
	default:
		k.full = true
	}
}

// close ends the file, and says in words what became of it.
func (k *keep) close(whole bool) string {
	k.whole = whole && !k.full
	close(k.parts)
	timer := time.NewTimer(keptTime)
	defer timer.Stop()
	select {
	case kept := <-k.ended:
		return kept
	case <-timer.C:
		return "still being written where it is kept"
	}
}
