package store

import "syscall"

// populate has the kernel bring all pages of a chunk at once, in place of one at each first touch: they are written next.
const populate = syscall.MAP_POPULATE
