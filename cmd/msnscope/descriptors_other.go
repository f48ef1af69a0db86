//go:build !unix

package main

// unlessScarce returns s: sockets of this system have no small numbers.
func unlessScarce[S any](s S) (S, error) { return s, nil }
