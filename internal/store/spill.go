package store

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/msnscope/msnscope/decode/session"
)

// spill is the file of the pages that are not in memory. One goroutine writes, any number read.
type spill struct {
	dir  string
	rows *rowIndex
	end  int64 // the writer's

	mu     sync.Mutex // guards what follows, not the reading and writing
	file   *os.File
	name   string // "" once the file has no name any more
	closed bool
}

var errClosed = errors.New("the log is closed")

// write appends data to the file and returns where it begins. What was written in part is written over the next time.
func (s *spill) write(data []byte) (at int64, err error) {
	f, err := s.open()
	if err != nil {
		return 0, fmt.Errorf("spill file: %w", err)
	}
	if _, err := f.WriteAt(data, s.end); err != nil {
		return 0, fmt.Errorf("spill file: %w", err)
	}
	at = s.end
	s.end += int64(len(data))
	return at, nil
}

// open makes the file the first time. Its name goes at once where the system allows it, so that a killed process leaves
// nothing behind; os.CreateTemp gives it to the user alone.
func (s *spill) open() (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil || s.closed {
		return s.file, nil
	}
	f, err := os.CreateTemp(s.dir, "msnscope-*.spill")
	if err != nil {
		return nil, err
	}
	s.file, s.name = f, f.Name()
	if os.Remove(s.name) == nil {
		s.name = ""
	}
	return f, nil
}

// read returns the events of a page.
func (s *spill) read(p *page) ([]*session.Event, error) {
	s.mu.Lock()
	f, closed := s.file, s.closed
	s.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	data := make([]byte, p.length)
	if _, err := f.ReadAt(data, p.at); err != nil {
		return nil, fmt.Errorf("spill file: %w", err)
	}
	return decodePage(data, p.n, p.zone, s.rows)
}

func (s *spill) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	if s.name != "" {
		err = errors.Join(err, os.Remove(s.name))
	}
	if err != nil {
		return fmt.Errorf("spill file: %w", err)
	}
	return nil
}
