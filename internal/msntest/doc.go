// Package msntest holds what the tests of several packages share: goldens, the search for external
// programs, seeds for fuzzing, and captures of any size for benchmarks. Only _test.go files may
// import it; a test in internal/archtest enforces that.
package msntest
