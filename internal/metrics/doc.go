// Package metrics tells Prometheus how a proxy and a server are doing.
//
// Nearly all numbers are read where they are kept anyway, at the moment of a scrape. Only what
// nobody else counts, the commands that pass the proxy and their round trips, is counted here, see
// [Traffic]. The table of families is the one place that names metrics: what is collected,
// docs/METRICS.md and the test of the dashboard read it.
//
// Labels are words of the program: roles, verbs of the command table, names of flags and queues.
// They never hold what came over the wire, or what users and their files are called, so the number
// of series is bounded, and a scrape gives away nothing of what was said.
package metrics
