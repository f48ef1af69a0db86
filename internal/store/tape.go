package store

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
)

// chunkSize is how many bytes of a tape come and go together: few enough that a small session takes little memory, so many that
// what must be known of each chunk is a ten-thousandth of it.
const chunkSize = 256 << 10

// tape is a row of bytes that grows at its end: the latest chunks are in memory, older ones in a file, which is made when it is
// needed first. One goroutine writes, any number read.
//
// Readers copy, so that the memory of a chunk that went to the file takes the next one.
type tape struct {
	dir   string
	chunk int // bytes of a chunk
	keep  int // how many chunks stay in memory, at least 1
	// lost is told of a chunk that could not be written. Then it goes.
	lost func(chunk int, why error)

	end    atomic.Int64 // how many bytes readers may see
	size   int64        // the writer's: how many there are
	oldest int          // the writer's: the first chunk that is in memory
	tail   []byte       // the writer's: the room that is left in the last chunk
	ahead  chan []byte  // the writer's: memory for the next chunk, which is being made; nil when it is not

	mu     sync.RWMutex // guards what follows; it is held for moments only, never while the disk works
	chunks []chunk
	file   *os.File
	name   string // "" once the file has no name any more
	closed bool
}

// chunk is in memory, in the file, or lost.
type chunk struct {
	mem  []byte // nil when it is not in memory
	lost error
}

// mapped is how much memory of all tapes the garbage collector does not count.
var mapped atomic.Int64

// Memory returns how many bytes the logs of this process hold beside what the Go runtime counts.
func Memory() int64 { return mapped.Load() }

var (
	errClosed = errors.New("the log is closed")
	errRange  = errors.New("spill file: nothing was written there")
)

// newTape returns an empty tape that keeps so many bytes in memory, and one chunk at least.
func newTape(dir string, memory int64, chunk int, lost func(int, error)) *tape {
	return &tape{dir: dir, chunk: chunk, keep: int(max(1, memory/int64(chunk))), lost: lost}
}

// append adds p and returns where it begins. Readers see it once it is published.
func (t *tape) append(p []byte) (at int64) {
	at = t.size
	t.size += int64(len(p))
	for len(p) > 0 {
		if len(t.tail) == 0 {
			t.grow()
		}
		k := copy(t.tail, p)
		t.tail, p = t.tail[k:], p[k:]
	}
	return at
}

// publish lets readers see what was appended.
func (t *tape) publish() { t.end.Store(t.size) }

// peek returns n bytes for the writer, nil where they are not in one chunk in memory.
func (t *tape) peek(at int64, n int) []byte {
	i, from := int(at/int64(t.chunk)), int(at%int64(t.chunk))
	if at < 0 || at+int64(n) > t.size || i < t.oldest || from+n > t.chunk {
		return nil
	}
	return t.chunks[i].mem[from : from+n]
}

// grow begins a chunk. The oldest one in memory makes room for it.
func (t *tape) grow() {
	var mem []byte
	if len(t.chunks)-t.oldest >= t.keep {
		mem = t.evict(t.oldest)
		t.oldest++
	}
	if mem == nil {
		mem = t.memory()
	}
	t.mu.Lock()
	t.chunks = append(t.chunks, chunk{mem: mem})
	t.mu.Unlock()
	t.tail = mem
}

// memory returns the memory of a chunk. That of the next one is made on a goroutine meanwhile, once there are some: it takes the
// kernel as long as to fill it.
func (t *tape) memory() (mem []byte) {
	if t.ahead != nil {
		mem = <-t.ahead
	} else {
		mem = memory(t.chunk)
	}
	t.ahead = nil
	if n := len(t.chunks) - t.oldest; 4 <= n && n < t.keep-1 {
		ahead := make(chan []byte, 1)
		t.ahead = ahead
		go func() { ahead <- memory(t.chunk) }()
	}
	return mem
}

// evict moves a chunk to the file, or gives it up where that fails, and returns its memory.
func (t *tape) evict(i int) []byte {
	mem := t.chunks[i].mem
	f, err := t.open()
	if err == nil {
		_, err = f.WriteAt(mem, int64(i)*int64(t.chunk))
	}
	if err != nil {
		err = fmt.Errorf("spill file: %w", err)
		t.lost(i, err)
	}
	t.mu.Lock()
	t.chunks[i] = chunk{lost: err}
	t.mu.Unlock()
	return mem
}

// open makes the file the first time. Its name goes at once where the system allows it, so that a killed process leaves
// nothing behind; os.CreateTemp gives it to the user alone.
func (t *tape) open() (*os.File, error) {
	if t.file != nil {
		return t.file, nil
	}
	f, err := os.CreateTemp(t.dir, "msnscope-*.spill")
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.file, t.name = f, f.Name()
	if os.Remove(t.name) == nil {
		t.name = ""
	}
	return f, nil
}

// ReadAt implements io.ReaderAt, except that what is not there yet is an error.
func (t *tape) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 || at+int64(len(p)) > t.end.Load() {
		return 0, errRange
	}
	for n < len(p) {
		i, from := int((at+int64(n))/int64(t.chunk)), int((at+int64(n))%int64(t.chunk))
		piece := p[n:min(len(p), n+t.chunk-from)]
		f, err := t.piece(piece, i, from)
		if err == nil && f != nil {
			_, err = f.ReadAt(piece, at+int64(n))
		}
		if err != nil {
			return n, err
		}
		n += len(piece)
	}
	return n, nil
}

// piece copies a part of a chunk that is in memory; of one that is not it returns the file.
func (t *tape) piece(p []byte, i, from int) (*os.File, error) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if t.closed || i >= len(t.chunks) {
		return nil, errClosed
	}
	c := &t.chunks[i]
	if c.mem == nil {
		return t.file, c.lost
	}
	copy(p, c.mem[from:])
	return nil, nil
}

// set writes over what is at a place within one chunk.
func (t *tape) set(p []byte, at int64) error {
	t.mu.Lock()
	c, from := &t.chunks[at/int64(t.chunk)], int(at%int64(t.chunk))
	if c.mem != nil || c.lost != nil {
		copy(c.mem[min(from, len(c.mem)):], p)
		t.mu.Unlock()
		return nil
	}
	t.mu.Unlock()
	_, err := t.file.WriteAt(p, at)
	return err
}

// close removes the file.
func (t *tape) close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.chunks {
		if c.mem != nil {
			release(c.mem)
		}
	}
	if t.ahead != nil {
		release(<-t.ahead)
	}
	t.closed, t.chunks, t.tail, t.ahead = true, nil, nil, nil
	if t.file == nil {
		return nil
	}
	err := t.file.Close()
	if t.name != "" {
		err = errors.Join(err, os.Remove(t.name))
	}
	t.file = nil
	if err != nil {
		return fmt.Errorf("spill file: %w", err)
	}
	return nil
}
