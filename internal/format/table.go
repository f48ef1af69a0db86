package format

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The functions here write rows of a table: values that somebody chose, one a column. A value is nil (absent), an int64, a
// float64, a string, a bool, a [time.Time], a []string or a map[string][]string; anything else is left out.

// AppendTabs appends the values on one line with a tab between them, printable: what is absent is empty, a list has commas
// between, a map is a JSON object.
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

// AppendObject appends the values as one JSON object and a line feed, under the columns' names; what is absent is left out.
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

// AppendCSV appends the values as one record of CSV (RFC 4180), which ends in CRLF. What is absent is an empty cell, a list
// has commas between, a map is a JSON object. Line ends and tabs of a text stay, other control characters become \x1b as in
// [Printable].
//
// Spreadsheets take a cell that begins with = + - or @ for a formula, and what others wrote could be one that does harm. A
// text that begins with one of these, or with an apostrophe, a tab or a line end, gets an apostrophe in front: taking the
// first apostrophe away gives the text again. Numbers and times stay as they are.
func AppendCSV(dst []byte, values []any) []byte {
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
			dst = appendCell(dst[:at], string(cell), isText(v))
		}
	}
	return append(dst, '\r', '\n')
}

// isText reports whether a value's cell is what somebody wrote, perhaps.
func isText(v any) bool {
	switch v.(type) {
	case int64, float64, bool, time.Time:
		return false
	}
	return true
}

// needsCare reports whether a cell may not be able to stand as it is.
func needsCare(cell []byte) bool {
	for _, c := range cell {
		if !plain[c] || c == ',' {
			return true
		}
	}
	return len(cell) > 0 && strings.IndexByte("=+-@'", cell[0]) >= 0
}

func appendCell(dst []byte, cell string, text bool) []byte {
	at := len(dst)
	dst = append(dst, '"')
	if text && strings.IndexByte("=+-@'\t\r\n", cell[0]) >= 0 {
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
	if !bytes.ContainsAny(dst[at+1:], ",\"\r\n") { // the quotes were not needed
		return append(dst[:at], dst[at+1:]...)
	}
	return append(dst, '"')
}

// appendValue appends a value as the cell of a table, text as it is.
func appendValue(dst []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		return append(dst, v...)
	case []string:
		return append(dst, strings.Join(v, ",")...)
	case time.Time:
		return v.UTC().AppendFormat(dst, time.RFC3339Nano)
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
		return append(v.UTC().AppendFormat(append(dst, '"'), time.RFC3339Nano), '"')
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

// appendLists appends an object, its names sorted. A list of one is the string alone, as in [AppendJSON].
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
