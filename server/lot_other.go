//go:build !linux

package server

// lot does nothing: on systems other than Linux each connection waits in a goroutine.
type lot struct{}

func (c *conn) parks() bool { return false }

func (*lot) watch(*conn) bool { return false }

func (*lot) forget(*conn) {}

func (*lot) close() {}
