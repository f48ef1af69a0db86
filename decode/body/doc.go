// Package body parses the payload of MSG (§8.8): header lines, an empty line, the data.
//
//	body.Parse(payload) -> Body{Headers, Type, Charset, Data}
//	Body.Text()         -> the data as text in UTF-8
//	Body.Title()        -> a description in a few words
//	Body.Describe()     -> every field with its meaning
//	body.Types()        -> the table of content types that Title and Describe read
//	Assembler           -> one body from the chunks of a long message
//
// Parsing never fails: bytes that do not look like headers are data. Framing and forwarding do not
// depend on this package, so a wrong guess is visible but does no harm. To add a content type, add
// a row to table.go.
package body
