package main

import (
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// unit is a file of systemd: the values of each key of each section, in their order.
type unit map[string]map[string][]string

// readUnit reads a unit of packaging/systemd.
func readUnit(t *testing.T, name string) unit {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../packaging/systemd", name))
	if err != nil {
		t.Fatal(err)
	}
	u, section := unit{}, ""
	for i, line := range strings.Split(string(text), "\n") {
		key, value, found := strings.Cut(line, "=")
		switch {
		case line == "" || line[0] == '#':
		case line[0] == '[':
			section = strings.Trim(line, "[]")
			u[section] = map[string][]string{}
		case found && section != "":
			u[section][key] = append(u[section][key], value)
		default:
			t.Fatalf("%s:%d: %q", name, i+1, line)
		}
	}
	return u
}

func (u unit) one(t *testing.T, section, key string) string {
	t.Helper()
	if all := u[section][key]; len(all) == 1 {
		return all[0]
	}
	t.Fatalf("%s has %q in [%s], want one", key, u[section][key], section)
	return ""
}

// TestUnits: the flags of the services exist, and their sockets are the ports of these flags and of
// the configuration that comes with them; their state is in the one folder that they may write;
// they say when they are ready, which is what systemd waits for.
func TestUnits(t *testing.T) {
	t.Setenv("STATE_DIRECTORY", t.TempDir())
	for verb, roles := range map[string]int{"serve": 3, "proxy": 1} {
		service, socket := readUnit(t, "msnscope-"+verb+".service"), readUnit(t, "msnscope-"+verb+".socket")
		words := strings.Fields(service.one(t, "Service", "ExecStart"))
		if words[0] != "/usr/bin/msnscope" || words[1] != verb {
			t.Errorf("%s: it runs %q", verb, words)
		}
		for i, w := range words {
			words[i] = os.ExpandEnv(strings.ReplaceAll(w, "%%", "%"))
			if w == "/etc/msnscope/config.toml" {
				words[i] = "../../packaging/config.toml"
			}
		}
		e := &env{getenv: func(string) string { return "" }}
		c, rest, err := newRoot(e).Find(words[1:])
		if err == nil {
			err = checkExample(c, rest)
		}
		if err == nil {
			err = e.configure(c)
		}
		if err != nil {
			t.Fatalf("%s: %v", verb, err)
		}

		listen := strings.Trim(c.Flags().Lookup("listen").Value.String(), "[]")
		host, port, err := net.SplitHostPort(listen)
		if err != nil {
			t.Fatal(err)
		}
		first, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for i := range roles {
			want = append(want, net.JoinHostPort(host, strconv.Itoa(first+i)))
		}
		if got := socket["Socket"]["ListenStream"]; !slices.Equal(got, want) {
			t.Errorf("%s: the socket has %q, --listen %q", verb, got, want)
		}
		if got := service.one(t, "Service", "StateDirectory"); got != "msnscope-"+verb {
			t.Errorf("%s: the state is in %s", verb, got)
		}
		for key, value := range map[string]string{
			"Type": "notify", "DynamicUser": "yes", "ProtectSystem": "strict", "NoNewPrivileges": "yes",
			"CapabilityBoundingSet": "", "StateDirectoryMode": "0700",
			"RestartPreventExitStatus": strconv.Itoa(exitUsage),
		} {
			if got := service.one(t, "Service", key); got != value {
				t.Errorf("%s: %s=%s, want %s", verb, key, got, value)
			}
		}
		if page := "man:msnscope-" + verb + "(1)"; !strings.Contains(service.one(t, "Unit", "Documentation"), page) {
			t.Errorf("%s: it does not name %s", verb, page)
		}
		if needs := service.one(t, "Unit", "Requires"); needs != "msnscope-"+verb+".socket" {
			t.Errorf("%s: it requires %s", verb, needs)
		}
	}
}

// TestInstallNamesWhatExists: the units and folders that docs/INSTALL.md names are those of the
// packages.
func TestInstallNamesWhatExists(t *testing.T) {
	text, err := os.ReadFile("../../docs/INSTALL.md")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`msnscope-\w+\.(?:service|socket)`).FindAllString(string(text), -1)
	if len(names) < 4 {
		t.Errorf("only %q were found", names)
	}
	for _, name := range names {
		readUnit(t, name)
	}
	for _, verb := range []string{"serve", "proxy"} {
		state := "/var/lib/" + readUnit(t, "msnscope-"+verb+".service").one(t, "Service", "StateDirectory") + "/"
		if !strings.Contains(string(text), state) {
			t.Errorf("it does not name %s", state)
		}
	}
}

// TestDockerfile: what the image runs are flags that exist, its ports are those of the flags, and
// its Go is no older than go.mod wants.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("../../packaging/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	has := func(pattern string) string {
		t.Helper()
		m := regexp.MustCompile("(?m)^" + pattern).FindStringSubmatch(string(text))
		if m == nil {
			t.Fatalf("there is no line %s", pattern)
		}
		return m[1]
	}
	var words []string
	if err := json.Unmarshal([]byte(has(`CMD (\[.*\])$`)), &words); err != nil {
		t.Fatal(err)
	}
	c, rest, err := newRoot(&env{}).Find(words)
	if err == nil {
		err = checkExample(c, rest)
	}
	if err != nil {
		t.Fatal(err)
	}
	if listen := c.Flags().Lookup("listen").Value.String(); listen != "0.0.0.0:1863" ||
		has(`EXPOSE (.*)$`) != "1863 1864 1865" {
		t.Errorf("it listens on %s and exposes %s", listen, has(`EXPOSE (.*)$`))
	}
	mod, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if image := has(`FROM golang:(\S+) AS`); !strings.Contains(string(mod), "\ngo "+image+".") {
		t.Errorf("the image has Go %s, go.mod says\n%.100s", image, mod)
	}
}
