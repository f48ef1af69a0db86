// Package config reads configuration files: flags of the command line with their values, in TOML,
// with a table for each verb.
//
//	[serve]
//	db = "/var/lib/msnscope/accounts.db"
//	user = ["erin@example.com:secret:Erin", "frank@example.com:secret2"]
//
//	[accounts.list]
//	db = "/var/lib/msnscope/accounts.db"
//
// It knows no verb and no flag; the caller applies the settings, and refuses unknown ones at the
// place that each setting names.
package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// MaxSize is how large a configuration file may be, in bytes. It is far more than a line for each
// flag of each verb takes.
const MaxSize = 1 << 20

// Setting is one line of a configuration file.
type Setting struct {
	Verb   string   // of the table, with blanks between its words: "accounts list"
	Flag   string   // the name of the flag, without dashes
	Values []string // one as the flag takes it, or those of an array
	// Array reports whether the values stand in brackets, however many they are.
	Array bool
	// Line and Column are where the flag's name stands, from 1; the column counts bytes.
	Line, Column int
}

// Error is a mistake in a configuration file, and where it is.
type Error struct {
	Line, Column int
	Text         string
}

func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Text)
}

// Parse reads a configuration file of at most [MaxSize] bytes and returns its settings in their
// order. An error is an *[Error].
func Parse(text []byte) ([]Setting, error) {
	if len(text) > MaxSize {
		return nil, &Error{1, 1, fmt.Sprintf("the file has more than %d bytes", MaxSize)}
	}
	var tree map[string]any
	if err := toml.Unmarshal(text, &tree); err != nil {
		if wrong := (*toml.DecodeError)(nil); errors.As(err, &wrong) {
			line, column := wrong.Position()
			return nil, &Error{line, column, strings.TrimPrefix(wrong.Error(), "toml: ")}
		}
		return nil, &Error{1, 1, strings.TrimPrefix(err.Error(), "toml: ")}
	}
	settings, err := flatten(nil, tree, positions(text))
	if err != nil {
		return nil, err
	}
	slices.SortFunc(settings, func(a, b Setting) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return settings, nil
}

// position is a place in a file.
type position struct{ line, column int }

// positions returns where each name stands, by its whole path. The decoder, which checks the file
// and gives the values, tells positions only of errors.
func positions(text []byte) map[string]position {
	at := map[string]position{}
	var parser unstable.Parser
	parser.Reset(text)
	var table []string
	for parser.NextExpression() {
		node := parser.Expression()
		if node.Kind == unstable.Table || node.Kind == unstable.ArrayTable {
			table = nil
		}
		names(&parser, node, table, at)
		if node.Kind == unstable.Table || node.Kind == unstable.ArrayTable {
			table = keys(node)
		}
	}
	return at
}

// keys returns the parts of the name of a node.
func keys(node *unstable.Node) (parts []string) {
	for it := node.Key(); it.Next(); {
		parts = append(parts, string(it.Node().Data))
	}
	return parts
}

// names notes where the name of a node stands, and the names in an inline table.
func names(parser *unstable.Parser, node *unstable.Node, table []string, at map[string]position) {
	if node.Kind == unstable.Comment {
		return
	}
	path := slices.Clone(table)
	for it := node.Key(); it.Next(); {
		key := it.Node()
		path = append(path, string(key.Data))
		if _, known := at[join(path)]; !known {
			start := parser.Shape(key.Raw).Start
			at[join(path)] = position{start.Line, start.Column}
		}
	}
	if node.Kind != unstable.KeyValue || node.Value().Kind != unstable.InlineTable {
		return
	}
	for it := node.Value().Children(); it.Next(); {
		names(parser, it.Node(), path, at)
	}
}

// join makes one text of a path. Two paths never give the same text, whatever their parts hold.
func join(path []string) string { return fmt.Sprintf("%q", path) }

// flatten returns the settings of a table and of the tables in it.
func flatten(path []string, tree map[string]any, at map[string]position) ([]Setting, error) {
	var all []Setting
	for _, name := range slices.Sorted(maps.Keys(tree)) {
		here := append(slices.Clone(path), name)
		place := at[join(here)]
		wrong := func(text string) error { return &Error{max(place.line, 1), max(place.column, 1), text} }
		value := tree[name]
		if inner, ok := value.(map[string]any); ok {
			more, err := flatten(here, inner, at)
			if err != nil {
				return nil, err
			}
			all = append(all, more...)
			continue
		}
		if len(path) == 0 {
			return nil, wrong(quoted(name) + " stands in no table; each verb has its own, such as [proxy]")
		}
		list, array := value.([]any)
		if !array {
			list = []any{value}
		}
		s := Setting{
			strings.Join(path, " "), name, make([]string, 0, len(list)), array, place.line, place.column,
		}
		for _, v := range list {
			text, ok := scalar(v)
			if !ok {
				return nil, wrong(quoted(name) + " must be a text, a number, true or false, or an array of these")
			}
			s.Values = append(s.Values, text)
		}
		all = append(all, s)
	}
	return all, nil
}

// scalar returns a value as it would stand on the command line, and whether it can stand there.
func scalar(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	}
	return "", false
}

// quoted returns a name as it can be shown: in quotes, unless it looks like that of a flag.
func quoted(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" && name != "" {
		return name
	}
	return strconv.QuoteToASCII(name)
}
