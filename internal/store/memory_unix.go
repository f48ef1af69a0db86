//go:build unix

package store

import "syscall"

// memory returns n bytes, zero, that the garbage collector does not count: what it may let grow beside them is as much as what
// it counts, and a full index would cost twice its size.
func memory(n int) []byte {
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE|populate)
	if err != nil {
		return make([]byte, n)
	}
	mapped.Add(int64(n))
	return b
}

// release gives back what memory returned. Nobody may look at it any more.
func release(b []byte) {
	if syscall.Munmap(b[:cap(b)]) == nil { // an error is: it was made
		mapped.Add(-int64(cap(b)))
	}
}
