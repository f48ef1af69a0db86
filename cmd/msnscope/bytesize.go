package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// byteSize is the value of a flag for a number of bytes: 100M, 1.5G, 65536.
type byteSize int64

var units = []struct {
	letter byte
	factor float64
}{{'G', 1 << 30}, {'M', 1 << 20}, {'K', 1 << 10}}

// Set implements pflag.Value.
func (s *byteSize) Set(text string) error {
	number, factor := strings.TrimSuffix(strings.TrimSuffix(strings.ToUpper(text), "B"), "I"), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, string(u.letter)); ok {
			number, factor = rest, u.factor
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n > 0) || n*factor > math.MaxInt64/2 {
		return fmt.Errorf("a size is a number of bytes, or has a unit: 100M, 1.5G")
	}
	*s = byteSize(n * factor)
	return nil
}

// String implements pflag.Value.
func (s *byteSize) String() string {
	for _, u := range units {
		if f := int64(u.factor); *s > 0 && int64(*s)%f == 0 {
			return strconv.FormatInt(int64(*s)/f, 10) + string(u.letter)
		}
	}
	if *s == 0 {
		return ""
	}
	return strconv.FormatInt(int64(*s), 10)
}

// Type implements pflag.Value.
func (s *byteSize) Type() string { return "SIZE" }
