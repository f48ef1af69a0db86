package main

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

// line is a JSON line, by the names that scripts depend on.
type line struct {
	N       uint64         `json:"n"`
	Time    time.Time      `json:"time"`
	Conn    int            `json:"conn"`
	Role    string         `json:"role"`
	Dir     string         `json:"dir"`
	Client  string         `json:"client"`
	Server  string         `json:"server"`
	Cmd     string         `json:"cmd"`
	TrID    *uint32        `json:"trid"`
	Args    map[string]any `json:"args"`
	User    string         `json:"user"`
	Session string         `json:"session"`
	Dialect string         `json:"dialect"`
	Size    int            `json:"size"`
	ReplyTo uint64         `json:"reply_to"`
	RTT     float64        `json:"rtt_ms"`
	Out     *wire          `json:"out"`
	Flags   []string       `json:"flags"`
	Event   string         `json:"event"`
	Text    string         `json:"text"`
	wire
}

// wire is what a line says of bytes.
type wire struct {
	Raw     string   `json:"raw"`
	RawB64  []byte   `json:"raw_b64"`
	Payload *payload `json:"payload"`
}

type payload struct {
	Length  int     `json:"length"`
	Type    string  `json:"type"`
	Charset string  `json:"charset"`
	Headers headers `json:"headers"`
	Text    string  `json:"text"`
	Base64  []byte  `json:"base64"`
}

// headers are MIME header lines in the order in which they stand in the object.
type headers []string

func (h *headers) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value string
		if err := d.Decode(&value); err != nil {
			return err
		}
		*h = append(*h, name.(string)+": "+value)
	}
	return nil
}

// parse reads JSON lines. A key that is in no documentation fails the test.
func parse(t testing.TB, text string) []line {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var all []line
	for {
		var l line
		if err := d.Decode(&l); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatalf("JSON line %d: %v", len(all)+1, err)
		}
		all = append(all, l)
	}
}

// commands are the lines that are commands, or bytes that are none.
func commands(all []line) []line {
	return slices.DeleteFunc(slices.Clone(all), func(l line) bool { return l.Event != "" })
}

// flagged reports whether the line has the flag.
func (l *line) flagged(name string) bool { return slices.Contains(l.Flags, name) }

// bytes returns what was on the wire, given the line end.
func (w *wire) bytes(eol string) []byte {
	b := []byte(w.Raw)
	if w.RawB64 != nil {
		b = w.RawB64
	}
	b = append(bytes.Clone(b), eol...)
	if p := w.Payload; p != nil {
		if p.Headers != nil {
			b = append(b, strings.Join(p.Headers, "\r\n")+"\r\n\r\n"...)
		}
		if p.Base64 != nil { // the text is only what a person would read of it
			b = append(b, p.Base64...)
		} else {
			b = append(b, p.Text...)
		}
	}
	return b
}

// eol is the line end, which shows in the size only.
func (l *line) eol(t testing.TB) string {
	n := l.Size - len(l.wire.bytes(""))
	if n < 0 || n > 2 {
		t.Errorf("line %d: size %d for %d bytes without a line end", l.N, l.Size, l.Size-n)
		return ""
	}
	return [...]string{"", "\n", "\r\n"}[n]
}

// onWire returns the bytes on the client's side.
func (l *line) onWire(t testing.TB) []byte {
	eol := l.eol(t)
	if l.Dir == "S" && l.Out != nil {
		return l.Out.bytes(eol)
	}
	return l.wire.bytes(eol)
}
