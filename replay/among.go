package replay

// among records which users and connections have to do with each other: numbers that are joined,
// directly or through others, have one root. (A union-find structure; Tarjan, 1975.)
type among struct {
	parent []int32
	people map[string]int32 // by handle in lower case
	key    []byte
}

func newAmong() *among { return &among{parent: []int32{0}, people: map[string]int32{}} } // 0 is nobody

// add returns a new number, joined to nothing.
func (a *among) add() int32 {
	n := int32(len(a.parent))
	a.parent = append(a.parent, n)
	return n
}

// person returns the number of a user, 0 for the handle "". Handles are compared without case
// (§5.4).
func (a *among) person(handle []byte) int32 {
	if len(handle) == 0 {
		return 0
	}
	a.key = appendFold(a.key[:0], handle)
	if n, ok := a.people[string(a.key)]; ok {
		return n
	}
	n := a.add()
	a.people[string(a.key)] = n
	return n
}

// known returns the number of a user who has been added, 0 for anybody else. Several goroutines may
// call it at the same time once nobody is added any more.
func (a *among) known(handle []byte) int32 { return a.people[string(appendFold(nil, handle))] }

// appendFold appends a handle with its ASCII letters in lower case.
func appendFold(dst, handle []byte) []byte {
	for _, c := range handle {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func (a *among) find(n int32) int32 {
	for a.parent[n] != n {
		a.parent[n] = a.parent[a.parent[n]]
		n = a.parent[n]
	}
	return n
}

func (a *among) join(n, m int32) {
	if n == 0 || m == 0 {
		return
	}
	if n, m = a.find(n), a.find(m); n != m {
		a.parent[max(n, m)] = min(n, m)
	}
}
