// Package msntest holds what the tests of several packages share: goldens and
// the search for external programs. Only _test.go files import it; the import
// test in internal/archtest holds everyone to that.
package msntest
