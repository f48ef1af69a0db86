package body

import (
	"strconv"
	"strings"

	"github.com/msnscope/msnscope/decode"
)

// maxStyle limits how many keys of a style are read: six are known.
const maxStyle = 16

// styleKeys holds the keys of X-MMS-IM-Format, with the functions that return their values in
// words.
var styleKeys = []struct {
	key, means string
	read       func(value string) string
}{
	{"FN", "font", decode.Unescape},
	{"EF", "effects", effects},
	{"CO", "colour", colour},
	{"CS", "character set", charset},
	{"PF", "pitch and family", pitchFamily},
	{"RL", "direction", direction},
}

// styleParts returns the parts of a style such as `FN=MS%20Sans%20Serif; EF=B; CO=ff`. A value that
// cannot be interpreted stays as it is.
func styleParts(style string) []item {
	var parts []item
	for _, p := range strings.SplitN(style, ";", maxStyle+1) {
		key, value, ok := strings.Cut(strings.TrimSpace(p), "=")
		if !ok || len(parts) == maxStyle {
			continue
		}
		part := item{name: key, value: value}
		for _, k := range styleKeys {
			if strings.EqualFold(k.key, key) {
				part = item{k.key, k.read(value), k.means}
			}
		}
		parts = append(parts, part)
	}
	return parts
}

func effects(value string) string {
	names := make([]string, 0, 4)
	for _, e := range []struct{ letter, name string }{
		{"B", "bold"}, {"I", "italic"}, {"U", "underlined"}, {"S", "struck out"},
	} {
		if strings.Contains(strings.ToUpper(value), e.letter) {
			names = append(names, e.name)
		}
	}
	if len(names) == 0 {
		if value == "" {
			return "none"
		}
		return value
	}
	return strings.Join(names, ", ")
}

// colour converts BBGGRR, which may lack leading zeros, to #rrggbb.
func colour(value string) string {
	n, err := strconv.ParseUint(value, 16, 24)
	if err != nil {
		return value
	}
	rgb := n>>16 | n&0xff00 | n&0xff<<16
	return "#" + strconv.FormatUint(1<<24|rgb, 16)[1:]
}

// charsets names the character sets of Windows fonts.
var charsets = map[uint64]string{
	0x00: "ANSI", 0x01: "default", 0x02: "symbols", 0x4d: "Macintosh", 0x80: "Japanese", 0x81: "Korean",
	0x82: "Korean, Johab", 0x86: "Chinese, GB2312", 0x88: "Chinese, Big5", 0xa1: "Greek", 0xa2: "Turkish",
	0xa3: "Vietnamese", 0xb1: "Hebrew", 0xb2: "Arabic", 0xba: "Baltic", 0xcc: "Russian", 0xde: "Thai",
	0xee: "Eastern European", 0xff: "OEM",
}

func charset(value string) string {
	n, err := strconv.ParseUint(value, 16, 8)
	if name := charsets[n]; err == nil && name != "" {
		return name
	}
	return value
}

func pitchFamily(value string) string {
	pitches := [...]string{"default pitch", "fixed pitch", "variable pitch"}
	families := [...]string{"any family", "Roman", "Swiss", "Modern", "Script", "Decorative"}
	n, err := strconv.ParseUint(value, 16, 8)
	if pitch, family := n&15, n>>4; err == nil && pitch < uint64(len(pitches)) && family < uint64(len(families)) {
		return pitches[pitch] + ", " + families[family]
	}
	return value
}

func direction(value string) string {
	if value == "1" {
		return "right to left"
	}
	return value
}
