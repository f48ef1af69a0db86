// Package dashboardtest parses the queries of docs/grafana.json with Prometheus' own parser. It is
// a module of its own, since that parser brings many dependencies that the program does not have.
package dashboardtest
