package proxy

import (
	"encoding/binary"

	"github.com/msnscope/msnscope/internal/spill"
)

const (
	// maxSlots is how many blocks the spool holds at most: 640 MB, which is what two cores relay in
	// some seconds.
	maxSlots = 1 << 10
	slotSize = blockBytes + perCut*blockCuts
)

// spool is a file for blocks that have no room in memory: commands take a seventh of the bytes of
// their events, and writing them costs traffic no waiting. The file is created when it is first
// needed, and its slots are used again. Only one goroutine at a time may use a spool.
type spool struct {
	file  *spill.File
	slots int // that the file has
	free  []int
	buf   []byte // of slotSize
	err   error  // the first of writing: then nothing more is put
}

// put writes a block's bytes and cuts to a slot, and returns its number; false if the file is full
// or cannot be written.
func (s *spool) put(k *block) (slot int, ok bool) {
	if s.file == nil && s.err == nil {
		s.file, s.err = spill.Create("")
		s.buf = make([]byte, 0, slotSize)
	}
	if n := len(s.free); n > 0 {
		slot = s.free[n-1]
	} else if slot = s.slots; slot == maxSlots {
		return 0, false
	}
	s.buf, _ = binary.Append(append(s.buf[:0], k.raw...), binary.LittleEndian, k.cuts)
	if s.err == nil {
		_, s.err = s.file.WriteAt(s.buf, int64(slot*slotSize))
	}
	switch {
	case s.err != nil:
		return 0, false
	case slot == s.slots:
		s.slots++
	default:
		s.free = s.free[:len(s.free)-1]
	}
	return slot, true
}

// get reads size bytes and as many cuts back from a slot into a block that has room for them, and
// frees the slot.
func (s *spool) get(slot, size, cuts int, into *block) error {
	s.free = append(s.free, slot)
	into.raw, into.cuts = into.raw[:size], into.cuts[:cuts]
	s.buf = s.buf[:size+perCut*cuts] // put had as many
	if _, err := s.file.ReadAt(s.buf, int64(slot*slotSize)); err != nil {
		return err
	}
	copy(into.raw, s.buf)
	_, err := binary.Decode(s.buf[size:], binary.LittleEndian, into.cuts)
	return err
}

// close closes the file, which was never linked.
func (s *spool) close() {
	if s.file != nil {
		_ = s.file.Close() // nobody is left to tell
	}
}
