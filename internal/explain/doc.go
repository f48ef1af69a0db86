// Package explain puts the tables of the protocol into words: what a command, an argument, a state,
// a list, an error code, a content type, a dialect or a field of the filter language means.
// `msnscope explain`, docs/PROTOCOL.md and the inspector's explanations all come from here.
//
//	decode/dialect ──┐
//	decode (errors) ─┼─▶ Lookup ─▶ []Entry ─▶ Text, Markdown
//	terms, dialects ─┘
//
// What the tables of package dialect contain is read from them. What they do not contain, such as
// the meaning of an argument or of a word like BSY, is data in terms.go, arguments.go, dialects.go
// and fields.go. Nothing here distinguishes commands by their verbs. All functions are pure and
// safe for concurrent use.
package explain
