package proxy

import (
	"sync"
	"time"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// defaultFileBytes is how much of each file becomes events unless Options.FileBytes says otherwise:
// enough to see what kind of file it is, and whole for most files of the time.
const defaultFileBytes = 1 << 20

// cargo follows what a file transfer carries: how much of it becomes events, its hash, and the copy
// that is kept. The pumps of both directions use it.
type cargo struct {
	c    *Conn
	most int64 // of the content that becomes events

	mu       sync.Mutex // guards what follows
	transfer session.Transfer
	recorded int64
	blocks   int    // left out
	bytes    uint64 // of content, in these
	digest   digest

	once sync.Once // see tell
}

func newCargo(c *Conn) *cargo {
	most := c.p.opts.FileBytes
	switch {
	case most == 0:
		most = defaultFileBytes
	case most < 0:
		most = 0
	}
	return &cargo{c: c, most: most, digest: newDigest()}
}

// add takes the next command of the transfer. recorded reports whether it becomes an event, done
// whether the file is whole with it.
func (k *cargo) add(row *dialect.Row, m *decode.Message) (recorded, done bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	content, done := k.transfer.Add(row, m)
	k.digest.write(k.c, content)
	if !m.Block() && (!m.Opaque() || m.Why != decode.NoBlock) {
		return true, done
	}
	if recorded = k.admits(m); !recorded {
		k.blocks, k.bytes = k.blocks+1, k.bytes+uint64(len(content))
	}
	return recorded, done
}

// records reports whether a block that nobody sent becomes an event: it counts as those that were
// sent do.
func (c *Conn) records(m *decode.Message) bool {
	c.p.mu.Lock()
	k := c.cargo
	c.p.mu.Unlock()
	if k == nil {
		return true
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.admits(m)
}

// admits reports whether there is room for an event of the block. Once there is not, nor is there
// for smaller ones that follow: what is recorded is the beginning. k.mu is held.
func (k *cargo) admits(m *decode.Message) bool {
	size := int64(len(m.Raw))
	if k.recorded+size > k.most {
		k.recorded = k.most
		return false
	}
	k.recorded += size
	return true
}

// pass lets the content that was added be hashed: what a read brought has been taken.
func (k *cargo) pass() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.digest.pass(k.c)
}

// tell publishes what became of the file, once: a gap for what is not recorded of it, and a note.
// It waits for the disk, so no pump may call it; a call while another one waits returns after that
// one.
func (k *cargo) tell(now time.Time) {
	k.once.Do(func() {
		k.mu.Lock()
		k.digest.end(k.c)
		began, whole := k.transfer.Began(), k.transfer.Whole()
		blocks, bytes := k.blocks, k.bytes
		k.mu.Unlock()
		if !began {
			return
		}
		fate := ""
		if kept := k.digest.kept; kept != nil {
			fate = kept.close(whole)
		}
		if blocks > 0 {
			k.c.p.journal.gap(k.c, now, decode.FromServer, fileText(blocks, bytes, k.most))
		}
		k.c.p.journal.note(k.c, now, k.said(fate))
		k.c.p.journal.help()
	})
}
