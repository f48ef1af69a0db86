// Package samples embeds the sessions that come with the program: recordings of its own proxy and
// server, each with its lesson beside it, and recordings of real clients. README.md says where they
// come from.
package samples

import "embed"

// FS holds NAME.pcapng and NAME.md for each shipped session, and clients/NAME.pcap for the real
// clients.
//
//go:embed *.pcapng *.md clients/*.pcap
var FS embed.FS

// Lessons lists the names of the lessons in the order in which a newcomer takes them.
var Lessons = []string{
	"logon", "conversation", "privacy", "refused", "lists", "allowed", "presence", "synchronize", "conference",
	"undelivered", "moved", "elsewhere", "changed", "shutdown", "logon-direct", "mistakes", "full", "crowded", "busy",
	"trouble",
}
