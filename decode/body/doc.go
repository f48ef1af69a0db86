// Package body takes apart what follows the line of a MSG (§8.8): header lines, an empty line, the data.
//
//	body.Parse(payload) -> Body{Headers, Type, Charset, Data}
//	Body.Text()         -> what a person wrote, as UTF-8
//	Body.Title()        -> what it is, in a few words
//	Body.Describe()     -> every field with its meaning
//	body.Types()        -> the table of content types that the two above read
//	Assembler           -> one body of the chunks that a long one came in
//
// It never refuses: what does not look like headers is data. Nothing here is needed to frame or forward a message, so a wrong
// guess can only be seen, it breaks nothing. A new content type is a row in table.go.
package body
