package gateway

import (
	"bytes"
	"strconv"
	"strings"
)

// Head is the head of a request or answer as it is on the wire, from its first line to the empty
// line. Its methods return the head with one change and leave every other byte as it is; they
// return the head itself where there is nothing to change. They do not change h.
type Head []byte

// Value returns the value of the first field of that name, "" if there is none.
func (h Head) Value(name string) string {
	start, end, _ := h.field(name)
	return string(h[start:end])
}

// With returns the head with another value of the field of that name. A head without the field
// stays as it is.
func (h Head) With(name, value string) Head {
	start, end, found := h.field(name)
	if !found || string(h[start:end]) == value {
		return h
	}
	return h.replace(start, end, value)
}

// WithLength returns the head of a message whose body has n bytes and no chunks.
func (h Head) WithLength(n int) Head {
	const length, chunked = "Content-Length", "Transfer-Encoding"
	if start, end, found := h.field(chunked); found {
		line := bytes.LastIndexByte(h[:start], '\n') + 1
		return h.replace(line, end, length+": "+strconv.Itoa(n))
	}
	if _, _, found := h.field(length); !found && n > 0 {
		end := len(h) - len("\r\n")
		return h.replace(end, end, length+": "+strconv.Itoa(n)+"\r\n")
	}
	return h.With(length, strconv.Itoa(n))
}

// WithParam returns the head with another value of key in a field such as X-MSN-Messenger, whose
// value is "key=value; key=value". A head without the key stays as it is.
func (h Head) WithParam(name, key, value string) Head {
	words := strings.Split(h.Value(name), ";")
	for i, word := range words {
		if k, _, found := strings.Cut(word, "="); found && strings.EqualFold(strings.TrimSpace(k), key) {
			words[i] = k + "=" + value
		}
	}
	return h.With(name, strings.Join(words, ";"))
}

// Target returns the target of a request, as its first line has it.
func (h Head) Target() string {
	start, end := h.target()
	return string(h[start:end])
}

// WithTarget returns the head with another target.
func (h Head) WithTarget(target string) Head {
	start, end := h.target()
	if string(h[start:end]) == target {
		return h
	}
	return h.replace(start, end, target)
}

func (h Head) target() (start, end int) {
	line, _, _ := bytes.Cut(h, []byte("\n"))
	start = bytes.IndexByte(line, ' ') + 1
	if n := bytes.IndexByte(line[start:], ' '); start > 0 && n >= 0 {
		return start, start + n
	}
	return 0, 0
}

// field returns where the value of the first field of that name stands, without blanks around it.
func (h Head) field(name string) (start, end int, found bool) {
	at := 0
	for line := range bytes.Lines(h) {
		key, value, is := bytes.Cut(line, []byte(":"))
		if is && at > 0 && strings.EqualFold(string(key), name) {
			start = at + len(key) + 1
			start += len(value) - len(bytes.TrimLeft(value, " \t\r\n"))
			end = at + len(bytes.TrimRight(line, " \t\r\n"))
			return min(start, end), end, true
		}
		at += len(line)
	}
	return 0, 0, false
}

func (h Head) replace(start, end int, text string) Head {
	out := make(Head, 0, len(h)-(end-start)+len(text))
	out = append(out, h[:start]...)
	out = append(out, text...)
	return append(out, h[end:]...)
}

// HostOf returns the host of an absolute target, with its port if it has one, and "" for a path.
func HostOf(target string) string {
	_, rest, absolute := strings.Cut(target, "://")
	if !absolute || strings.HasPrefix(target, "/") {
		return ""
	}
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// WithHost returns an absolute target with another host, and a path as it is.
func WithHost(target, host string) string {
	if HostOf(target) == "" {
		return target
	}
	scheme, rest, _ := strings.Cut(target, "://")
	_, path, _ := strings.Cut(rest, "/")
	return scheme + "://" + host + "/" + path
}

// WithQuery returns a target with another value of key in its query. A target without the key stays
// as it is.
func WithQuery(target, key, value string) string {
	return eachQuery(target, func(k, v string) string {
		if strings.EqualFold(k, key) {
			v = value
		}
		return k + "=" + v
	})
}

// AsWrite returns the target of a poll as that of a request that says something.
func AsWrite(target string) string {
	return eachQuery(target, func(k, v string) string {
		if strings.EqualFold(k, "Action") && strings.EqualFold(v, "poll") || strings.EqualFold(k, "Lifespan") {
			return ""
		}
		return k + "=" + v
	})
}

// AsPoll returns the target of a request that says something as that of a poll.
func AsPoll(target string) string {
	path, query, _ := strings.Cut(target, "?")
	if strings.Contains(strings.ToLower(query), "action=") {
		return target
	}
	return path + "?Action=poll&" + query
}

// eachQuery returns the target with each key=value of its query as word returns it, "" for none.
func eachQuery(target string, word func(key, value string) string) string {
	path, query, found := strings.Cut(target, "?")
	if !found {
		return target
	}
	var words []string
	for w := range strings.SplitSeq(query, "&") {
		if k, v, is := strings.Cut(w, "="); is {
			w = word(k, v)
		}
		if w != "" {
			words = append(words, w)
		}
	}
	return path + "?" + strings.Join(words, "&")
}
