// Package archtest checks the architecture: which folders exist at the top, in which direction
// packages import each other, and which package may use which library. It has tests only. The
// tables in table_test.go are the plan as code; docs/adr/ gives the reasons for exceptions.
package archtest
