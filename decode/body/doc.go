// Package body takes apart what follows the line of a MSG (§8.8): header lines, an empty line, the data.
//
//	body.Parse(payload) -> Body{Headers, Type, Charset, Data}
//	Body.Text()         -> what a person wrote, as UTF-8
//
// It never refuses: what does not look like headers is data. Nothing here is needed to frame or forward a message, so a wrong
// guess can only be seen, it breaks nothing.
package body
