package format

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The functions below write rows of a table: the values that a user selected, one for each column.
// A value is nil (absent), an int64, a float64, a string, a bool, a [time.Time], a []string or a
// map[string][]string; values of other types are left out.

// AppendTabs appends the values on one line, separated by tabs and printable. An absent value is
// empty, a list is separated by commas, a map is a JSON object.
func AppendTabs(dst []byte, values []any) []byte {
	for i, v := range values {
		if i > 0 {
			dst = append(dst, '\t')
		}
		if at := len(dst); v != nil {
			dst = appendValue(dst, v)
			if cell := dst[at:]; !isPlain(string(cell)) {
				dst = appendPrintable(dst[:at], string(cell))
			}
		}
	}
	return append(dst, '\n')
}

// AppendObject appends the values as one JSON object and a line feed, under the names of their
// columns. Absent values are left out.
func AppendObject(dst []byte, names []string, values []any) []byte {
	sep := byte('{')
	for i, v := range values {
		if v != nil {
			dst = append(appendString(append(dst, sep), names[i]), ':')
			dst = appendJSONValue(dst, v)
			sep = ','
		}
	}
	if sep == '{' {
		dst = append(dst, sep)
	}
	return append(dst, '}', '\n')
}

// AppendCSV appends the values as one record of CSV (RFC 4180), which ends in CRLF. An absent value
// is an empty cell, a list is separated by commas, a map is a JSON object. Line ends and tabs in a
// text stay; other control characters become \x1b and the like, as in [Printable].
//
// Spreadsheets take a cell that begins with = + - or @ for a formula, and a formula in a stranger's
// text may do harm. A text that begins with one of these, or with an apostrophe, a tab or a line
// end, gets an apostrophe in front; without that first apostrophe it is the original text. Numbers
// and times stay as they are.
func AppendCSV(dst []byte, values []any) []byte { return appendCSV(dst, values, true) }

// AppendExactCSV is [AppendCSV] without the apostrophe, for programs that are no spreadsheets.
func AppendExactCSV(dst []byte, values []any) []byte { return appendCSV(dst, values, false) }

func appendCSV(dst []byte, values []any, guard bool) []byte {
	for i, v := range values {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v == nil {
			continue
		}
		at := len(dst)
		dst = appendValue(dst, v)
		if cell := dst[at:]; needsCare(cell) {
			dst = appendCell(dst[:at], string(cell), guard && isText(v))
		}
	}
	return append(dst, '\r', '\n')
}

// isText reports whether a value's cell may hold text that somebody wrote.
func isText(v any) bool {
	switch v.(type) {
	case int64, float64, bool, time.Time:
		return false
	}
	return true
}

// needsCare reports whether a cell may have to be quoted or changed.
func needsCare(cell []byte) bool {
	for _, c := range cell {
		if !plain[c] || c == ',' {
			return true
		}
	}
	return len(cell) > 0 && strings.IndexByte("=+-@'", cell[0]) >= 0
}

// appendCell appends a cell, in quotation marks where it needs them, and if guard is set with an
// apostrophe in front where it would be a formula.
func appendCell(dst []byte, cell string, guard bool) []byte {
	at := len(dst)
	dst = append(dst, '"')
	if guard && strings.IndexByte("=+-@'\t\r\n", cell[0]) >= 0 {
		dst = append(dst, '\'')
	}
	for cell != "" {
		n := strings.IndexAny(cell, "\"\n\t")
		if n < 0 {
			n = len(cell)
		}
		part := cell[:n]
		if n < len(cell) && cell[n] == '\n' && strings.HasSuffix(part, "\r") {
			dst = append(appendPrintable(dst, part[:n-1]), '\r')
		} else {
			dst = appendPrintable(dst, part)
		}
		if n < len(cell) {
			if dst = append(dst, cell[n]); cell[n] == '"' {
				dst = append(dst, '"')
			}
			n++
		}
		cell = cell[n:]
	}
	if !bytes.ContainsAny(dst[at+1:], ",\"\r\n") { // the quotation marks are not needed
		return append(dst[:at], dst[at+1:]...)
	}
	return append(dst, '"')
}

// appendValue appends a value as the cell of a table, without escaping text.
func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return append(dst, v...)
	case []string:
		return append(dst, strings.Join(v, ",")...)
	case time.Time:
		return appendUTC(dst, v)
	}
	return appendJSONValue(dst, v)
}

func appendJSONValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return appendString(dst, v)
	case int64:
		return strconv.AppendInt(dst, v, 10)
	case float64:
		return strconv.AppendFloat(dst, v, 'f', -1, 64)
	case bool:
		return strconv.AppendBool(dst, v)
	case time.Time:
		return appendTime(dst, v)
	case []string:
		return appendList(dst, v)
	case map[string][]string:
		return appendLists(dst, v)
	}
	return append(dst, "null"...)
}

func appendList(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, s)
	}
	return append(dst, ']')
}

// appendLists appends lists as a JSON object with sorted names. A list of one element is just that
// string, as in [AppendJSON].
func appendLists(dst []byte, lists map[string][]string) []byte {
	dst = append(dst, '{')
	for i, name := range slices.Sorted(maps.Keys(lists)) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, name), ':')
		if list := lists[name]; len(list) == 1 && name != extra {
			dst = appendString(dst, list[0])
		} else {
			dst = appendList(dst, list)
		}
	}
	return append(dst, '}')
}
