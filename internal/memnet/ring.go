package memnet

const (
	// bufferCap is how many bytes one direction holds before Write waits: the most that the proxy
	// passes on as one command, and about as much as a loopback socket holds.
	bufferCap = 64 << 10

	// bufferMin is the size of the buffer that the first write allocates. Most connections carry
	// only short lines, and a load test opens thousands.
	bufferMin = 1 << 10
)

// ring is a queue of bytes that grows by doubling up to bufferCap. Both constants are powers of
// two, so that an index wraps with a mask. The zero value is empty.
type ring struct {
	b     []byte
	start int
	n     int
}

// write appends as much of p as fits and returns how many bytes that was.
func (r *ring) write(p []byte) int {
	p = p[:min(len(p), bufferCap-r.n)]
	if len(p) == 0 {
		return 0
	}
	r.grow(r.n + len(p))
	end := (r.start + r.n) & (len(r.b) - 1)
	head := copy(r.b[end:], p)
	copy(r.b, p[head:])
	r.n += len(p)
	return len(p)
}

// read removes up to len(p) bytes from the queue into p and returns how many.
func (r *ring) read(p []byte) int {
	p = p[:min(len(p), r.n)]
	if len(p) == 0 {
		return 0
	}
	head := copy(p, r.b[r.start:])
	copy(p[head:], r.b)
	r.n -= len(p)
	r.start = (r.start + len(p)) & (len(r.b) - 1)
	return len(p)
}

// grow makes room for need bytes in all; need is at most bufferCap.
func (r *ring) grow(need int) {
	if need <= len(r.b) {
		return
	}
	size := max(len(r.b), bufferMin)
	for size < need {
		size *= 2
	}
	bigger := make([]byte, size)
	n := r.n
	r.read(bigger[:n])
	*r = ring{b: bigger, n: n}
}
