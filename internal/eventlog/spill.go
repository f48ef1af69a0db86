package eventlog

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/msnscope/msnscope/internal/spill"
)

// chunkSize is the number of bytes that a spill file moves to disk at a time: few enough that a
// small session takes little memory, enough that the bookkeeping for a chunk is a ten-thousandth of
// it.
const chunkSize = 256 << 10

// spillFile is a sequence of bytes that grows at its end. The latest chunks are in memory, older
// ones on disk in a file that is created on first use. One goroutine writes, any number read.
//
// Readers get copies, so that the memory of a chunk that was moved to disk can be reused for the
// next one.
type spillFile struct {
	dir   string
	chunk int // the size of a chunk in bytes
	keep  int // the number of chunks that stay in memory, at least 1
	// lost is called by the writing goroutine with a chunk that could not be written and is lost.
	lost func(chunk int, why error)

	end    atomic.Int64 // the number of bytes that readers may see
	disk   atomic.Int64 // the number of bytes in the file
	size   int64        // the writer's: the number of bytes written
	oldest int          // the writer's: the first chunk that is in memory
	tail   []byte       // the writer's: the free part of the last chunk
	ahead  chan []byte  // the writer's: receives the memory for the next chunk, nil if not requested

	mu     sync.RWMutex // guards the fields below; never held while the disk works
	chunks []chunk
	file   *spill.File
	closed bool
}

// chunk is a part of a spillFile: in memory, in the file, or lost.
type chunk struct {
	mem  []byte // nil if the chunk is not in memory
	lost error
}

// mapped is the memory of all logs in bytes that the garbage collector does not count.
var mapped atomic.Int64

// Memory returns the number of bytes that the logs of this process hold in addition to what the Go
// runtime counts.
func Memory() int64 { return mapped.Load() }

var (
	errClosed = errors.New("the log is closed")
	errRange  = errors.New("spill file: the offset is beyond the end")
)

// newSpillFile returns an empty spillFile that keeps memory bytes in memory, and at least one
// chunk. chunk is the size of a chunk in bytes.
func newSpillFile(dir string, memory int64, chunk int, lost func(int, error)) *spillFile {
	return &spillFile{dir: dir, chunk: chunk, keep: int(max(1, memory/int64(chunk))), lost: lost}
}

// append adds p and returns its offset. Readers see it once it is published.
func (s *spillFile) append(p []byte) (at int64) {
	at = s.size
	s.size += int64(len(p))
	for len(p) > 0 {
		if len(s.tail) == 0 {
			s.grow()
		}
		k := copy(s.tail, p)
		s.tail, p = s.tail[k:], p[k:]
	}
	return at
}

// publish makes the appended bytes visible to readers.
func (s *spillFile) publish() { s.end.Store(s.size) }

// peek returns to the writer the n bytes at offset at, nil unless they are in a single chunk in
// memory. They must not be changed.
func (s *spillFile) peek(at int64, n int) []byte {
	i, from := int(at/int64(s.chunk)), int(at%int64(s.chunk))
	if at < 0 || at+int64(n) > s.size || i < s.oldest || from+n > s.chunk {
		return nil
	}
	return s.chunks[i].mem[from : from+n]
}

// grow begins a new chunk. If memory is full, it moves the oldest chunk to disk.
func (s *spillFile) grow() {
	var mem []byte
	if len(s.chunks)-s.oldest >= s.keep {
		mem = s.evict(s.oldest)
		s.oldest++
	}
	if mem == nil {
		mem = s.memory()
	}
	s.mu.Lock()
	s.chunks = append(s.chunks, chunk{mem: mem})
	s.mu.Unlock()
	s.tail = mem
}

// memory returns the memory for a chunk. From the first few chunks on, a goroutine allocates the
// memory of the next one in advance, which takes the kernel as long as filling it.
func (s *spillFile) memory() (mem []byte) {
	if s.ahead != nil {
		mem = <-s.ahead
	} else {
		mem = memory(s.chunk)
	}
	s.ahead = nil
	if n := len(s.chunks) - s.oldest; 4 <= n && n < s.keep-1 {
		ahead := make(chan []byte, 1)
		s.ahead = ahead
		go func() { ahead <- memory(s.chunk) }()
	}
	return mem
}

// evict moves chunk i to the file, or marks it as lost if that fails, and returns its memory.
func (s *spillFile) evict(i int) []byte {
	mem := s.chunks[i].mem
	f, err := s.open()
	if err == nil {
		_, err = f.WriteAt(mem, int64(i)*int64(s.chunk))
	}
	if err != nil {
		s.lost(i, err)
	} else {
		s.disk.Add(int64(len(mem)))
	}
	s.mu.Lock()
	s.chunks[i] = chunk{lost: err}
	s.mu.Unlock()
	return mem
}

// open returns the file, which it creates on the first call.
func (s *spillFile) open() (*spill.File, error) {
	if s.file != nil {
		return s.file, nil
	}
	f, err := spill.Create(s.dir)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.file = f
	return f, nil
}

// ReadAt implements io.ReaderAt, except that a read beyond the published bytes is an error and
// reads nothing.
func (s *spillFile) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 || at+int64(len(p)) > s.end.Load() {
		return 0, errRange
	}
	for n < len(p) {
		i, from := int((at+int64(n))/int64(s.chunk)), int((at+int64(n))%int64(s.chunk))
		piece := p[n:min(len(p), n+s.chunk-from)]
		f, err := s.piece(piece, i, from)
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

// piece copies a part of chunk i if it is in memory; otherwise it returns the file from which to
// read.
func (s *spillFile) piece(p []byte, i, from int) (*spill.File, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed || i >= len(s.chunks) {
		return nil, errClosed
	}
	c := &s.chunks[i]
	if c.mem == nil {
		return s.file, c.lost
	}
	copy(p, c.mem[from:])
	return nil, nil
}

// set overwrites the bytes at offset at, within one chunk. The writer calls it.
func (s *spillFile) set(p []byte, at int64) error {
	s.mu.Lock()
	c, from := &s.chunks[at/int64(s.chunk)], int(at%int64(s.chunk))
	if c.mem != nil || c.lost != nil {
		copy(c.mem[min(from, len(c.mem)):], p)
		s.mu.Unlock()
		return nil
	}
	s.mu.Unlock()
	_, err := s.file.WriteAt(p, at)
	return err
}

// close removes the file and releases the memory.
func (s *spillFile) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.chunks {
		if c.mem != nil {
			release(c.mem)
		}
	}
	if s.ahead != nil {
		release(<-s.ahead)
	}
	s.closed, s.chunks, s.tail, s.ahead = true, nil, nil, nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}
