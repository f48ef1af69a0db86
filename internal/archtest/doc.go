// Package archtest holds the house to its plan: which folders there are at the
// top, which way imports point, and which package may use which library. It has
// tests only; the tables in table_test.go are the plan as code, and
// docs/adr/ has the reasons for what deviates from it.
package archtest
