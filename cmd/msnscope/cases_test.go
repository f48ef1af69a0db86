package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// TestCases dumps small captures that once came out wrong: how many commands each has, what must be
// in the output, what must not, and what must be said on standard error.
func TestCases(t *testing.T) {
	day := []string{"-T", "text"}
	tests := map[string]struct {
		files    string // separated by blanks; the name of the case if empty
		args     []string
		commands int
		has, not []string
		says     string
	}{
		"mixed_plain_and_vxlan.pcapng": {commands: 22},
		"mixed_if_wifi.pcapng":         {commands: 22},
		"vxlan.pcap":                   {commands: 11},
		"gre.pcap":                     {commands: 11},
		"ipip.pcap":                    {commands: 11},
		"mpls.pcap":                    {commands: 11},
		"llcsnap.pcap":                 {commands: 11},
		"geneve.pcap":                  {commands: 11},
		"nflog239.pcap":                {commands: 11},
		"radiotap127.pcap":             {commands: 11},
		"chdlc104.pcap":                {commands: 11},
		"a.pcap":                       {commands: 11},
		"a.pcap.zst":                   {commands: 11},
		"a.pcap.xz":                    {commands: 11},
		"modpcap.pcap":                 {commands: 11},
		"block_17MB.pcapng.gz":         {commands: 11, says: "blocks of unknown kinds that are too long to be read"},
		"frag_overlap.pcap":            {commands: 11},
		"syn_then_many.pcap":           {commands: 31, not: []string{`"gap"`}},
		"seqrand_near.pcap":            {commands: 11, not: []string{`"gap"`}},
		"ka_first_png.pcap":            {commands: 4, has: []string{`"cmd":"PNG"`}, not: []string{`"opaque"`}},
		"tcp-fast-open.pcap":           {commands: 4, has: []string{`"cmd":"VER"`}, not: []string{`"conn":2`}},
		"ns_as_us.pcapng": {
			commands: 11, has: []string{`"time":null`}, not: []string{"55840"},
			says: "packets whose times cannot be right",
		},
		"spb_all.pcapng":  {commands: 11, has: []string{`"time":null`}, not: []string{"0001-", "rtt_ms"}},
		"res10_20.pcapng": {commands: 11, has: []string{`"time":null`}, says: "packets whose times cannot be right"},
		"p_sjis.pcap":     {commands: 6, has: []string{`"charset":"shift_jis"`, `"text":"日本"`, `"base64":"`}},
		"p_utf16.pcap":    {commands: 6, has: []string{`"charset":"utf-16le"`, `"text":"hello"`, `"base64":"aABl`}},
		"p_latin.pcap": {
			commands: 11, has: []string{`"FriendlyName":"café"`, `"raw_b64":"`},
			not: []string{`"FriendlyName":"caf\ufffd"`},
		},
		"p_utf16.pcap, text": {
			files: "p_utf16.pcap", args: []string{"-T", "text"}, commands: 6, has: []string{`"hello"`},
		},
		"p_sjis.pcap, csv": {
			files: "p_sjis.pcap", args: []string{"-T", "csv", "-Y", `payload.text == "日本"`}, commands: 6,
			has: []string{",日本,"},
		},
		"p_trid.pcap": {
			commands: 21,
			has: []string{
				`"cmd":"CHG","args":{"State":"AWY"},"raw":"CHG 4294967296 AWY"`,
				`"cmd":"CHG","args":{"State":"NLN"},"raw":"CHG -1 NLN"`, `"reply_to":18`,
				`"flags":["malformed"],"text":"the TrID is not a number from 0 to 4294967295 (§5.6)"`,
			},
			not: []string{`"State":"4294967296"`, `"State":"-1"`},
		},
		"p_trid.pcap, text": {
			files: "p_trid.pcap", args: []string{"-T", "text", "-Y", "malformed"}, commands: 21,
			has: []string{"-> CHG -1 NLN {malformed: the TrID is not"}, not: []string{"CHG 0 NLN", "CHG 4294967295"},
		},
		"p_case.pcap": {
			commands: 13, args: []string{"-T", "jsonl", "-Y", `cmd == "CHG" && reply_to > 0`},
			has: []string{
				`"cmd":"CHG","trid":5,"args":{"State":"nln"},"raw":"chg 5 nln"`, `"reply_to":10`,
				`"flags":["malformed"],"text":"the command is not in capitals (§5.2)"`,
			},
		},
		"s1.pcap s2.pcap": {
			files: "s1.pcap s2.pcap", commands: 11,
			has: []string{`{"n":14,`, `"reply_to":6,`, `s2.pcap"}`}, not: []string{`"conn":2`, `"opaque"`},
		},
		"s2.pcap s1.pcap": {
			files: "s2.pcap s1.pcap", commands: 11,
			has: []string{`{"n":14,`, `"reply_to":6,`, `s1.pcap"}`}, not: []string{`"conn":2`, `"opaque"`},
		},
		"s1.pcap s2.pcap, by file": {
			files: "s?.pcap", commands: 11, args: []string{"-T", "csv", "-Y", `file endsWith "s1.pcap"`, "-e", "raw", "-e", "file"},
			has: []string{"INF 2 MD5,"}, not: []string{"USR 3", "s2.pcap"},
		},
		"nrb_opts.pcapng": {
			commands: 11, has: []string{`"client_name":"client.example"`},
		},
		"nrb_opts.pcapng, text": {
			files: "nrb_opts.pcapng", commands: 11, args: []string{"-T", "text", "-Y", `client_name == "client.example"`},
			has: []string{"-- connected from 10.0.0.1:4000 (client.example) to ", "USR 3"},
		},
		"nrb_opts.pcapng, csv": {
			files: "nrb_opts.pcapng", commands: 11, args: []string{"-T", "csv", "-e", "client_name", "-Y", `client == "10.0.0.1"`},
			has: []string{"\nclient.example"},
		},
		"errors-msnp18.pcap": {
			commands: 14, not: []string{"opaque"},
			has: []string{
				`"cmd":"218","trid":5,"raw":"218 5"`, `"reply_to":10`, `"cmd":"241","trid":7,"raw":"241 7"`, `"reply_to":12`,
			},
		},
		"user-guid.pcap": {
			commands: 9, has: []string{`"user":"alice@hotmail.com"`}, not: []string{`"user":"alice@hotmail.com;`},
		},
		"adl-iln.pcap": {
			commands: 24,
			has: []string{
				`"raw":"ILN 8 NLN bob@hotmail.com Bob 1342472198 0","user":"alice@hotmail.com","dialect":"MSNP13",` +
					`"size":44,"reply_to":23`,
			},
		},
		"pipelined.pcap": {
			commands: 4, has: []string{`"Client":"msmsgs","UserHandle":"alice@hotmail.com"}`}, not: []string{"Extra"},
		},
		"adc.pcap": {
			commands: 4, has: []string{`{"GroupName":"Kollegen","Reserved":"0"}`}, not: []string{"Extra"},
		},
		"p2p.pcap": {
			args: []string{"-T", "text"}, commands: 7,
			has: []string{"MSG 3 D 251 (+251 bytes application/x-msnmsgrp2p P2P INVITE)"},
			not: []string{"P2P 0 bytes"},
		},
		"p2p.pcap, in full": {
			files: "p2p.pcap", args: []string{"-V", "-Y", "trid == 3 && cmd == \"MSG\""}, commands: 7,
			has: []string{"the header says 0"},
		},
		"days.pcapng": {
			args: day, commands: 11,
			has: []string{
				"-- 2001-09-09 ends, 2001-09-10 begins, times are UTC",
				"-- 2001-09-11 ends, 2001-09-12 begins",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			args := []string{"dump"}
			if test.files == "" {
				test.files = name
			}
			for _, file := range strings.Fields(test.files) {
				args = append(args, filepath.Join("testdata", "cases", file))
			}
			dump := func(more ...string) (out, talk string) {
				var o, s bytes.Buffer
				e := &env{
					stdin: strings.NewReader(""), stdout: &o, stderr: &s,
					getenv: func(string) string { return "" },
				}
				if code := run(t.Context(), append(args, more...), e); code != exitOK {
					t.Fatalf("exit code %d, %s", code, s.Bytes())
				}
				return o.String(), s.String()
			}
			out, talk := dump("-T", "jsonl", "-Y", `cmd != ""`)
			if n := strings.Count(out, "\n"); n != test.commands {
				t.Errorf("%d commands, want %d", n, test.commands)
			}
			if !strings.Contains(talk, test.says) || test.says == "" && talk != "" {
				t.Errorf("said %q, want %q in it", talk, test.says)
			}
			if test.args == nil {
				test.args = []string{"-T", "jsonl"}
			}
			all, _ := dump(test.args...)
			for _, want := range test.has {
				if !strings.Contains(all, want) {
					t.Errorf("no %s in\n%s", want, all)
				}
			}
			for _, wrong := range test.not {
				if strings.Contains(all, wrong) {
					t.Errorf("%s in\n%s", wrong, all)
				}
			}
		})
	}
}
