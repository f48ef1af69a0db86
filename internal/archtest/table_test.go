package archtest

// module is the path that the project's own imports start with.
const module = "github.com/msnscope/msnscope"

// row is the rule for one package.
type row struct {
	dir   string
	layer int      // a package imports only packages of strictly lower layers...
	also  []string // ...and these of its own layer
	only  string   // stdOnly, noProject or "" for no further limit
	deny  []string // standard packages it must not import; "net/" is all below net
	why   string   // added to every message about only and deny
	test  bool     // whether only _test.go files may import it
}

const (
	stdOnly   = "std"       // the standard library and nothing else
	noProject = "noproject" // nothing of this project
)

// forTests lists the packages that tests of every layer may import: those that load captures, the
// log that holds them, the captures, events, a network in memory, what a Hub and a store promise,
// and helpers.
var forTests = []string{
	"captures", "internal/eventlog", "captures/samples", "captures/capturestest", "decode/session/sessiontest",
	"internal/memnet", "internal/msntest", "server/hubtest", "server/accounts/accountstest",
}

// noIO keeps a package free of input and output: bytes come in as arguments and go out as results.
// net/netip stays allowed, since it only parses.
var noIO = []string{"net", "net/", "os", "os/", "syscall"}

const pure = "decode knows no socket and no file"

// packages has a row for each package of the module, the lowest layer first. A new package gets its
// row here, on the lowest layer that its imports allow.
var packages = []row{
	{dir: "decode", layer: 0, only: stdOnly, deny: noIO, why: pure},
	{dir: "internal/outfile", layer: 0, only: stdOnly, why: "files that are written"},
	{dir: "internal/spill", layer: 0, only: stdOnly, why: "one temporary file"},
	{dir: "captures/samples", layer: 0, only: stdOnly, why: "samples is files and an embed.FS"},
	{dir: "internal/junit", layer: 0, only: stdOnly, why: "a form of reports, nothing of MSN"},
	{dir: "internal/notation", layer: 0, only: stdOnly, why: "lines that people write, nothing of sockets"},
	{dir: "internal/config", layer: 0, only: noProject, why: "lines of a file; the command line knows what they mean"},
	{dir: "internal/door", layer: 0, only: stdOnly, why: "HTTP for few callers, nothing of MSN"},
	{dir: "internal/memnet", layer: 0, only: stdOnly, why: "memnet is a leaf, see docs/adr/0003"},

	{dir: "decode/dialect", layer: 1, deny: noIO, why: pure},
	{dir: "decode/body", layer: 1, deny: noIO, why: pure},
	{dir: "server/accounts", layer: 1, only: noProject, why: "accounts know nothing of the wire"},
	{dir: "captures/pcap", layer: 1, only: noProject, why: "packets and byte streams, nothing of MSN"},

	{dir: "decode/session", layer: 2, deny: noIO, why: pure},
	{dir: "decode/referral", layer: 2, also: []string{"decode/session"}, deny: noIO, why: pure},
	{dir: "internal/gateway", layer: 2},
	{dir: "server/accounts/accountstest", layer: 2, test: true},

	{dir: "decode/lint", layer: 3, deny: noIO, why: pure},
	{dir: "internal/filter", layer: 3},
	{dir: "internal/format/parquet", layer: 3, only: noProject, why: "tables of values, nothing of MSN"},
	{dir: "internal/redact", layer: 3, deny: noIO, why: "events in, events out"},
	{dir: "internal/bus", layer: 3},
	{dir: "internal/format", layer: 3, also: []string{"internal/explain"}},
	{dir: "internal/explain", layer: 3, also: []string{"decode/lint"}},
	{dir: "internal/compare", layer: 3},
	{dir: "internal/edit", layer: 3},
	{dir: "captures/recording", layer: 3},
	{dir: "decode/session/sessiontest", layer: 3, test: true},
	{dir: "internal/gateway/gatewaytest", layer: 3, test: true},

	{dir: "internal/eventlog", layer: 4},
	{dir: "internal/talk", layer: 4},
	{dir: "internal/lesson", layer: 4, deny: noIO, why: "a lesson is text and events"},
	{dir: "internal/client", layer: 4},
	{dir: "internal/script", layer: 4, deny: []string{"net", "net/"}, why: "a script has no network"},

	// The features are on one layer, so that none imports another; cmd joins them.
	{dir: "proxy", layer: 5},
	{dir: "proxy/fault", layer: 5, also: []string{"proxy"}},
	{dir: "proxy/intercept", layer: 5, also: []string{"proxy", "proxy/fault"}},
	{dir: "server", layer: 5},
	{dir: "replay", layer: 5},
	{dir: "captures", layer: 5},
	{dir: "ui/model", layer: 5},
	{dir: "internal/demo", layer: 5},
	{dir: "internal/bot", layer: 6}, // its tests join the server
	{dir: "internal/loadgen", layer: 5},

	{dir: "replay/replaytest", layer: 6, test: true},
	{dir: "captures/capturestest", layer: 6, test: true},
	{dir: "server/hubtest", layer: 6, test: true},
	{dir: "ui", layer: 6},
	{dir: "ui/flow", layer: 6},
	{dir: "ui/web", layer: 6},
	{dir: "internal/control", layer: 6},
	{dir: "internal/metrics", layer: 6},
	{dir: "internal/doctor", layer: 6},
	{dir: "server/cluster", layer: 6, also: []string{"internal/conformance"}}, // in its tests
	{dir: "internal/conformance", layer: 6},                                   // its tests join server and proxy

	{dir: "cmd/msnscope", layer: 7},

	{dir: "internal/msntest", layer: 1, test: true},
	{dir: "internal/archtest", layer: 2, test: true}, // its tests read the command table
}

// library is the rule for a third-party module. A module without a row is refused: a new dependency
// gets a row here and its reason in docs/adr/.
type library struct {
	path  string   // the module, or the start of an import path
	dirs  []string // packages that may import it
	tests []string // packages whose tests may as well; "*" is every test
}

var libraries = []library{
	{path: "github.com/gopacket/gopacket", dirs: []string{"captures/pcap"}},
	{path: "golang.org/x/net", dirs: []string{"captures/pcap"}, tests: []string{"ui/web"}},
	{path: "github.com/rivo/tview", dirs: []string{"ui"}},
	{path: "github.com/gdamore/tcell/v2", dirs: []string{"ui"}},
	{path: "github.com/rivo/uniseg", dirs: []string{"ui", "ui/flow"}},
	{path: "github.com/spf13/cobra", dirs: []string{"cmd/msnscope"}},
	{path: "github.com/spf13/pflag", dirs: []string{"cmd/msnscope"}},
	{path: "github.com/parquet-go/parquet-go", tests: []string{"internal/format/parquet"}},
	{
		path: "github.com/klauspost/compress",
		dirs: []string{"captures/pcap", "internal/format/parquet", "server/cluster"},
	},
	{path: "github.com/pierrec/lz4", dirs: []string{"captures/pcap"}},
	{path: "github.com/therootcompany/xz", dirs: []string{"captures/pcap"}},
	{path: "github.com/expr-lang/expr", dirs: []string{"internal/filter"}},
	{path: "modernc.org/sqlite", dirs: []string{"server/accounts"}},
	{path: "github.com/nats-io/nats-server/v2", dirs: []string{"server/cluster"}},
	{path: "github.com/nats-io/nats.go", dirs: []string{"server/cluster"}},
	{path: "github.com/pires/go-proxyproto", dirs: []string{"server"}},
	{path: "github.com/prometheus/client_golang", dirs: []string{"internal/metrics"}},
	{path: "golang.org/x/text", dirs: []string{"decode/body"}},
	{path: "github.com/pelletier/go-toml/v2", dirs: []string{"internal/config"}},
	{path: "go.starlark.net", dirs: []string{"internal/script"}},
	{path: "github.com/coreos/go-systemd/v22", dirs: []string{"cmd/msnscope"}},
	{path: "golang.org/x/term", dirs: []string{"cmd/msnscope"}},
	{path: "golang.org/x/sys", dirs: []string{"cmd/msnscope", "captures/pcap"}},

	{
		path:  "github.com/google/go-cmp",
		dirs:  []string{"internal/msntest", "decode/session/sessiontest", "server/accounts/accountstest"},
		tests: []string{"*"},
	},
	{
		path:  "pgregory.net/rapid",
		dirs:  []string{"decode/session/sessiontest", "server/accounts/accountstest"},
		tests: []string{"*"},
	},
	{path: "go.uber.org/goleak", tests: []string{"*"}},
	{path: "github.com/rogpeppe/go-internal", tests: []string{"cmd/msnscope"}},
	{path: "github.com/creack/pty", tests: []string{"cmd/msnscope", "ui"}},
}

// topLevel lists what may lie at the top of the repository, in addition to what .gitignore names.
var topLevel = []string{
	".ci", ".git", ".gitattributes", ".gitignore",
	"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md",
	"captures", "cmd", "decode", "docs", "findings", "go.mod", "go.sum",
	"internal", "packaging", "proxy", "replay", "server", "ui",
}
