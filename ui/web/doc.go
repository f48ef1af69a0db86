// Package web writes the ladder of a model as one HTML page that needs nothing else: no network, no
// other file. The page shows what the inspector shows: every command with all its bytes explained,
// what was sent on in its place, what breaks the protocol, and the state of its user and connection
// at that step.
//
// Text from the wire reaches the page by html/template only: as text of an element, or as JSON in a
// data block that the script reads. The script makes elements by name and sets their text; it never
// parses markup. The page's policy allows its own style and script, by their hashes, and nothing
// else.
//
// [Live] is the live page: a server of pages that show a log while it grows, one model each. Its
// script draws what the model says and decides nothing.
//
//	keys --> POST /do --> Model --> state --> GET /events --> script --> GET /rows, /detail
package web
