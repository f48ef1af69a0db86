// Package captures holds the sessions that come with the program: recordings of its own proxy and server, each with its
// lesson beside it, and recordings of real clients. README.md says where they come from.
package captures

import "embed"

// FS holds NAME.pcapng and NAME.md for each shipped session, and clients/NAME.pcap for the real clients.
//
//go:embed *.pcapng *.md clients/*.pcap
var FS embed.FS
