package eventlog

import "syscall"

// populate makes the kernel map all pages of a chunk at once instead of one at each first access,
// because all of them will be written next.
const populate = syscall.MAP_POPULATE
