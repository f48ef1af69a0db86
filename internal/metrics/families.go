package metrics

import (
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// family is a row of the table of metrics.
type family struct {
	name, help string
	kind       prometheus.ValueType // Untyped: a native histogram
	labels     []string
	desc       *prometheus.Desc
}

// These are the words for what the labels of several families mean.
const (
	command = "command" // a verb of the command table, "error", or "other" for what is in no table
	role    = "role"    // DS, NS, SB or FT, or "unknown"
	from    = "from"    // "client" or "server"
)

var (
	proxyOpen     = gauge("msnscope_proxy_connections", "Open connections through the proxy.", role)
	proxyOpened   = counter("msnscope_proxy_connections_opened_total", "Connections that clients opened.")
	proxyCommands = counter("msnscope_proxy_commands_total",
		"Commands that passed the proxy, as they came.", command, from, role)
	proxyBytes   = counter("msnscope_proxy_received_bytes_total", "Bytes of these commands.", from, role)
	proxyFlagged = counter("msnscope_proxy_flagged_commands_total",
		"Commands by what happened to them: a fault, an edit, a hold and so on.", "flag")
	proxyTrips = histogram("msnscope_proxy_round_trip_seconds",
		"Time from a request to its answer, by the verb of the answer.", command, role)
	proxyGaps = counter("msnscope_proxy_gaps_total",
		"Gaps: places at which commands passed without being decoded.")
	proxyHeld    = gauge("msnscope_proxy_held_commands", "Commands that are held until somebody releases them.")
	proxyFaults  = gauge("msnscope_proxy_fault_rules", "Rules of --fault that are in force.")
	proxyBypass  = counter("msnscope_proxy_bypass_signs_total", "Signs that traffic goes past the proxy.")
	proxyQueue   = gauge("msnscope_proxy_queue_events", "Events of what has passed that are not made yet.")
	proxyQueued  = gauge("msnscope_proxy_queue_bytes", "Bytes of memory that these take.")
	proxySpooled = gauge("msnscope_proxy_spool_bytes", "Bytes of the spill file that these take.")

	subHeld = gauge("msnscope_subscriber_queue_bytes",
		"Bytes of events that a reader of the proxy's events has yet to handle.", "subscriber")
	subLost = counter("msnscope_subscriber_lost_events_total",
		"Events that a reader lost because it was too slow.", "subscriber")
	logEvents  = gauge("msnscope_log_events", "Events in the log of the session.")
	logSpilled = gauge("msnscope_log_spilled_bytes", "Bytes of that log that have been moved to spill files.")
	outFailed  = gauge("msnscope_output_failed",
		"1 if standard output, a recording, a spill file or another output stopped or is incomplete, 0 otherwise.")

	serverOpen     = gauge("msnscope_server_connections", "Open connections of the server.", role)
	serverAccepted = counter("msnscope_server_connections_accepted_total",
		"Connections that the server accepted.", role)
	serverRefused = counter("msnscope_server_connections_refused_total",
		"Connections for which there was no room.")
	serverUsers    = gauge("msnscope_server_users", "Users who are logged on.")
	serverBoards   = gauge("msnscope_server_switchboards", "Switchboard sessions with at least one member.")
	serverSignIns  = counter("msnscope_server_sign_ins_total", "Attempts to sign in with a password.", "result")
	serverCommands = counter("msnscope_server_commands_total",
		"Commands that clients sent to the server.", command, role)
	serverErrors = counter("msnscope_server_errors_total",
		"Requests that the server answered with an error.", "code")
	serverReceived = counter("msnscope_server_received_bytes_total", "Bytes that clients sent to the server.")
	serverSent     = counter("msnscope_server_sent_bytes_total", "Bytes that the server sent to clients.")

	dbCommits  = counter("msnscope_database_commits_total", "Transactions of --db that are on disk.")
	dbChanges  = counter("msnscope_database_changes_total", "Changes in these transactions.")
	dbFailures = counter("msnscope_database_failures_total", "Transactions that failed, a full disk for example.")

	buildInfo = gauge("msnscope_build_info", "1, with the version of the program.", "version")
)

// families are all of them, in the order of the documentation.
var families = []*family{
	proxyOpen, proxyOpened, proxyCommands, proxyBytes, proxyTrips, proxyFlagged, proxyHeld, proxyFaults, proxyGaps,
	proxyQueue, proxyQueued, proxySpooled, proxyBypass, subHeld, subLost, logEvents, logSpilled, outFailed,
	serverOpen, serverAccepted, serverRefused, serverUsers, serverBoards, serverSignIns, serverCommands, serverErrors,
	serverReceived, serverSent, dbCommits, dbChanges, dbFailures, buildInfo,
}

func counter(name, help string, labels ...string) *family {
	return newFamily(prometheus.CounterValue, name, help, labels)
}

func gauge(name, help string, labels ...string) *family {
	return newFamily(prometheus.GaugeValue, name, help, labels)
}

func histogram(name, help string, labels ...string) *family {
	return newFamily(prometheus.UntypedValue, name, help, labels)
}

func newFamily(kind prometheus.ValueType, name, help string, labels []string) *family {
	return &family{name, help, kind, labels, prometheus.NewDesc(name, help, labels, nil)}
}

// metric returns a value of the family at the moment of a scrape.
func (f *family) metric(value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(f.desc, f.kind, value, labels...)
}

// Markdown returns docs/METRICS.md.
func Markdown() string {
	var b strings.Builder
	b.WriteString(intro)
	b.WriteString("| metric | kind | labels | what it says |\n|---|---|---|---|\n")
	kinds := map[prometheus.ValueType]string{
		prometheus.CounterValue: "counter", prometheus.GaugeValue: "gauge", prometheus.UntypedValue: "native histogram",
	}
	for _, f := range families {
		labels := ""
		if len(f.labels) > 0 {
			labels = "`" + strings.Join(f.labels, "`, `") + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.name, kinds[f.kind], labels, f.help)
	}
	b.WriteString(outro)
	return b.String()
}
