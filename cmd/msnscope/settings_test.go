package main

import "testing"

// TestSettingsFiles: they are where the XDG specification has them, and nowhere for who has no
// home.
func TestSettingsFiles(t *testing.T) {
	for _, c := range []struct {
		env               map[string]string
		settings, history string
	}{
		{
			map[string]string{"HOME": "/home/a"},
			"/home/a/.config/msnscope/inspector.conf",
			"/home/a/.local/state/msnscope/history",
		},
		{
			map[string]string{"HOME": "/home/a", "XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "relative"},
			"/c/msnscope/inspector.conf", "/home/a/.local/state/msnscope/history",
		},
		{nil, "", ""},
	} {
		settings, history := settingsFiles(func(name string) string { return c.env[name] })
		if settings != c.settings || history != c.history {
			t.Errorf("%v: %s and %s, want %s and %s", c.env, settings, history, c.settings, c.history)
		}
	}
}
