package fault

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// keys are the key=value pairs of a rule. The first mistake sticks, and end returns it.
type keys struct {
	values map[string]string
	asked  []string
	err    error
	room   *room // of all faults that keep commands back
}

func readKeys(text string) (*keys, error) {
	ks := &keys{values: map[string]string{}}
	for pair := range strings.SplitSeq(text, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		if _, twice := ks.values[name]; !ok || twice {
			return nil, fmt.Errorf("%q: it must be KEY=VALUE, each key once, separated by commas", pair)
		}
		ks.values[name] = strings.TrimSpace(value)
	}
	return ks, nil
}

func (ks *keys) get(name string) (string, bool) {
	ks.asked = append(ks.asked, name)
	v, ok := ks.values[name]
	return v, ok
}

func (ks *keys) fail(name, value, want string) {
	if ks.err == nil {
		ks.err = fmt.Errorf("%s=%s: it must be %s", name, value, want)
	}
}

// int returns the number of a key, which must be at least low; def if the key is missing.
func (ks *keys) int(name string, def, low int) int {
	text, ok := ks.get(name)
	if !ok {
		return def
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < low || n > 1<<30 {
		ks.fail(name, text, fmt.Sprintf("a whole number from %d on", low))
		return def
	}
	return n
}

func (ks *keys) float(name string, def, low, high float64) float64 {
	text, ok := ks.get(name)
	if !ok {
		return def
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || !(f >= low && f <= high) {
		ks.fail(name, text, fmt.Sprintf("a number from %v to %v", low, high))
		return def
	}
	return f
}

// ms returns a key's number of milliseconds, def if the key is missing.
func (ks *keys) ms(name string, def int) time.Duration {
	return time.Duration(ks.int(name, def, 0)) * time.Millisecond
}

// duration returns a key's time, such as 30s or 5m; def if the key is missing.
func (ks *keys) duration(name string, def time.Duration) time.Duration {
	text, ok := ks.get(name)
	if !ok {
		return def
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		ks.fail(name, text, "a time such as 30s or 5m")
		return def
	}
	return d
}

// word returns a key's value, which must be one of words; the first if the key is missing.
func (ks *keys) word(name string, words ...string) string {
	text, ok := ks.get(name)
	if !ok {
		return words[0]
	}
	if !slices.Contains(words, text) {
		ks.fail(name, text, "one of "+strings.Join(words, ", "))
	}
	return text
}

// end returns the first mistake, or an error for a key that nobody asked for.
func (ks *keys) end(k *Kind) error {
	if ks.err != nil {
		return ks.err
	}
	for name := range ks.values {
		if !slices.Contains(ks.asked, name) {
			own := k.KeyNames()
			text := "it has no keys of its own"
			if len(own) > 0 {
				text = "its own are " + strings.Join(own, ", ")
			}
			return fmt.Errorf("there is no key %q: %s; every fault has %s", name, text,
				strings.Join(commonKeys(), ", "))
		}
	}
	return nil
}
