//go:build unix && !linux

package eventlog

const populate = 0
