package main

import (
	"os"
	"testing"
)

// TestVerbsHaveFiles: each verb is in the file of its name, where people look first.
func TestVerbsHaveFiles(t *testing.T) {
	for _, c := range newRoot(&env{}).Commands() {
		// faults is a topic; the others are the library's
		if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		if _, err := os.Stat(c.Name() + ".go"); err != nil {
			t.Errorf("msnscope %s: %v", c.Name(), err)
		}
	}
}
