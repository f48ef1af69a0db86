package archtest

// module is the path that the project's own imports start with.
const module = "github.com/msnscope/msnscope"

// row is what one package is held to.
type row struct {
	dir   string
	layer int      // a package imports only packages of strictly lower layers...
	also  []string // ...and these of its own layer
	only  string   // stdOnly, noProject or "" for no further limit
	deny  []string // standard packages it must not import; "net/" is all below net
	why   string   // said with every complaint about only and deny
}

const (
	stdOnly   = "std"       // the standard library and nothing else
	noProject = "noproject" // nothing of this project
	testOnly  = 99          // imported by _test.go files alone; may import layer 0
)

// noIO keeps a package pure: bytes come in as arguments and go out as results.
// net/netip stays allowed, it only parses.
var noIO = []string{"net", "net/", "os", "os/", "syscall"}

const pure = "decode knows no socket and no file"

// packages has a row for each package of the module, the lowest layer first.
// A new package gets its row here, on the lowest layer that its imports allow.
var packages = []row{
	{dir: "decode", layer: 0, only: stdOnly, deny: noIO, why: pure},
	{dir: "captures", layer: 0, only: stdOnly, why: "captures is files and an embed.FS"},
	{dir: "internal/memnet", layer: 0, only: stdOnly, why: "memnet is a leaf, see docs/adr/0003"},

	{dir: "decode/dialect", layer: 1, deny: noIO, why: pure},
	{dir: "decode/body", layer: 1, deny: noIO, why: pure},
	{dir: "server/accounts", layer: 1, only: noProject, why: "accounts know nothing of the wire"},
	{dir: "replay/pcap", layer: 1, only: noProject, why: "packets and byte streams, nothing of MSN"},

	{dir: "decode/session", layer: 2, deny: noIO, why: pure},
	{dir: "decode/referral", layer: 2, also: []string{"decode/session"}, deny: noIO, why: pure},

	{dir: "decode/lint", layer: 3, deny: noIO, why: pure},
	{dir: "internal/filter", layer: 3},
	{dir: "internal/format/parquet", layer: 3, only: noProject, why: "tables of values, nothing of MSN"},
	{dir: "internal/redact", layer: 3, deny: noIO, why: "events in, events out"},
	{dir: "internal/bus", layer: 3},
	{dir: "internal/format", layer: 3, also: []string{"internal/explain"}},
	{dir: "internal/explain", layer: 3},
	{dir: "internal/compare", layer: 3},
	{dir: "internal/steer", layer: 3},

	{dir: "internal/store", layer: 4},
	{dir: "internal/client", layer: 4},

	// The features: one layer, so none imports another; cmd joins them.
	{dir: "proxy", layer: 5},
	{dir: "proxy/fault", layer: 5, also: []string{"proxy"}},
	{dir: "proxy/intercept", layer: 5, also: []string{"proxy", "proxy/fault"}},
	{dir: "server", layer: 5},
	{dir: "replay", layer: 5},
	{dir: "ui/model", layer: 5},
	{dir: "internal/demo", layer: 5},
	{dir: "internal/load", layer: 5},

	{dir: "ui", layer: 6},
	{dir: "ui/web", layer: 6},
	{dir: "internal/control", layer: 6},
	{dir: "internal/conformance", layer: 6}, // its tests join server and proxy

	{dir: "cmd/msnscope", layer: 7},

	{dir: "internal/msntest", layer: testOnly},
	{dir: "internal/archtest", layer: testOnly},
}

// library says who may import a third-party module. A module without a row is
// refused: a new dependency gets a row here and its reason in docs/adr/.
type library struct {
	path  string   // the module, or the start of an import path
	dirs  []string // packages that may import it
	tests []string // packages whose tests may as well; "*" is every test
}

var libraries = []library{
	{path: "github.com/gopacket/gopacket", dirs: []string{"replay/pcap"}},
	{path: "golang.org/x/net", dirs: []string{"replay/pcap"}},
	{path: "github.com/rivo/tview", dirs: []string{"ui"}},
	{path: "github.com/gdamore/tcell/v2", dirs: []string{"ui"}},
	{path: "github.com/rivo/uniseg", dirs: []string{"ui"}},
	{path: "github.com/spf13/cobra", dirs: []string{"cmd/msnscope"}},
	{path: "github.com/spf13/pflag", dirs: []string{"cmd/msnscope"}},
	{path: "github.com/parquet-go/parquet-go", dirs: []string{"internal/format/parquet"}},
	{path: "github.com/expr-lang/expr", dirs: []string{"internal/filter"}},
	{path: "modernc.org/sqlite", dirs: []string{"server/accounts"}},
	{path: "golang.org/x/term", dirs: []string{"cmd/msnscope"}},
	{path: "golang.org/x/sys", dirs: []string{"cmd/msnscope", "replay/pcap"}},

	{path: "github.com/google/go-cmp", dirs: []string{"internal/msntest"}, tests: []string{"*"}},
	{path: "pgregory.net/rapid", tests: []string{"*"}},
	{path: "go.uber.org/goleak", tests: []string{"*"}},
	{path: "github.com/rogpeppe/go-internal", tests: []string{"cmd/msnscope"}},
	{path: "github.com/creack/pty", tests: []string{"cmd/msnscope", "ui"}},
}

// topLevel is all that may lie at the top of the repository, besides what
// .gitignore names.
var topLevel = []string{
	".ci", ".git", ".gitattributes", ".gitignore",
	"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md",
	"captures", "cmd", "decode", "docs", "go.mod", "go.sum",
	"internal", "proxy", "replay", "server", "ui",
}
