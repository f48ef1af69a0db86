//go:build unix

package eventlog

import "syscall"

// memory returns n zero bytes that the garbage collector does not count. It would let garbage grow
// to as much as it counts, so that a full index would take twice its size.
func memory(n int) []byte {
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE|populate)
	if err != nil {
		return make([]byte, n)
	}
	mapped.Add(int64(n))
	return b
}

// release returns b, a result of memory, to the system. b must not be used afterwards.
func release(b []byte) {
	if syscall.Munmap(b[:cap(b)]) == nil { // Munmap fails only for memory from make
		mapped.Add(-int64(cap(b)))
	}
}
