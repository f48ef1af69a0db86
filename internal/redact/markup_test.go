package redact_test

import (
	"strings"
	"testing"

	"github.com/msnscope/msnscope/decode"
	"github.com/msnscope/msnscope/decode/dialect"
	"github.com/msnscope/msnscope/decode/session"
)

// later returns the conversation of a user of MSNP18.
func later(commands ...string) []string {
	return append([]string{
		"S: VER 1 MSNP18\r\n", "C: USR 3 SSO I zoe@msn.com",
		"C: USR 4 SSO S t=EwCYsecret&p=more cmVzcG9uc2U= {1BE99E6D-1C6E-4BEA-8B3E-9C464006A774}",
		"S: USR 4 OK zoe@msn.com 1 0",
	}, commands...)
}

// TestXML checks that documents keep their form, have other people in them, and have the same ones
// as the commands.
func TestXML(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{
			"lists", `<ml l="1"><d n="msn.com"><c n="zoe" l="3" t="1"/><c n='Adam' l='8' t='1' f="Zo%C3%A9 K"/></d></ml>`,
			`<ml l="1"><d n="example.com"><c n="user02" l="3" t="1"/><c n='user01' l='8' t='1' f="name3"/></d></ml>`,
		},
		{
			"telephones and services",
			`<ml><t><c n="tel:+15550100" l="1"/></t><d n="msn.com"><c n="adam"><s n="IM" l="3"/></c></d></ml>`,
			`<ml><t><c n="tel:+########" l="1"/></t><d n="example.com"><c n="user01"><s n="IM" l="3"/></c></d></ml>`,
		},
		{
			"presence", `<Data><PSM>At &lt;home&gt;</PSM><CurrentMedia>WMP\0Music\01\0{0} - {1}\0Song\0\0</CurrentMedia>` +
				`<MachineGuid>{1be99e6d-1c6e-4bea-8b3e-9c464006a774}</MachineGuid><DDP/>` +
				`<EndpointData id="{1BE99E6D-1C6E-4BEA-8B3E-9C464006A774}"><Capabilities>2416181284:00</Capabilities>` +
				`</EndpointData>` +
				`<PrivateEndpointData><EpName>ZOES-PC</EpName><Idle>false</Idle><ClientType>1</ClientType>` +
				`<State>NLN</State></PrivateEndpointData></Data>`,
			`<Data><PSM>text 1</PSM><CurrentMedia>text 2\0Music\01\0{0} - {1}\0text 3\0\0</CurrentMedia>` +
				`<MachineGuid>{########-####-####-####-############}</MachineGuid><DDP/>` +
				`<EndpointData id="{########-####-####-####-############}"><Capabilities>2416181284:00</Capabilities>` +
				`</EndpointData>` +
				`<PrivateEndpointData><EpName>text 4</EpName><Idle>false</Idle><ClientType>1</ClientType>` +
				`<State>NLN</State></PrivateEndpointData></Data>`,
		},
		{
			"a notification with a document inside",
			`<NOTIFICATION id="0" siteid="45705" siteurl="http://contacts.msn.com">` +
				`<TO pid="0xf594b24f:0x0bacd212" name="zoe@msn.com"/>` +
				`<BODY> &lt;Data&gt;&lt;CID&gt;5742816256274845107&lt;/CID&gt;` +
				`&lt;Name&gt;Zoe&lt;/Name&gt;&lt;/Data&gt; </BODY></NOTIFICATION>`,
			`<NOTIFICATION id="0" siteid="45705" siteurl="http://host1.example/">` +
				`<TO pid="0x########:0x########" name="user02@example.com"/>` +
				`<BODY> &lt;Data&gt;&lt;CID&gt;###################&lt;/CID&gt;` +
				`&lt;Name&gt;text 1&lt;/Name&gt;&lt;/Data&gt; </BODY></NOTIFICATION>`,
		},
		{
			"settings of the server", `<Policies><Policy type="SHIELDS" checksum="D9705A71BA841CB38955822E048970C3"/></Policies>`,
			`<Policies><Policy type="SHIELDS" checksum="D9705A71BA841CB38955822E048970C3"/></Policies>`,
		},
		{"no XML", `<ml><d n="msn.com"><zoe@msn.com></d></ml>`, "text 1"},
		{"unfinished", `<ml><d n="msn.com"><c n="adam`, "text 1"},
		{"a comment", `<ml><!-- of Zoe --></ml>`, `<ml><!--text 1--></ml>`},
	} {
		list := "C: ADL 5 " + itoa(len(tc.in)) + "\r\n" + tc.in
		all := redacted(play(dialect.NS, later("S: FLN 1:adam@msn.com 0:0", list)...))
		e := all[len(all)-1]
		if got := string(e.In.Payload()); !like(tc.want, got) {
			t.Errorf("%s:\n got %s\nwant %s", tc.name, got, tc.want)
		}
		if length := string(e.Row.Find(&e.In, dialect.Length)); length != itoa(len(e.In.Payload())) {
			t.Errorf("%s: length %s of %d bytes", tc.name, length, len(e.In.Payload()))
		}
	}
}

// like reports whether got is want, in which # stands for any hexadecimal digit.
func like(want, got string) bool {
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && (want[i] != '#' || strings.IndexByte("0123456789abcdefABCDEF", got[i]) < 0) {
			return false
		}
	}
	return true
}

// TestOnePersonInAllForms checks that a person has the same stand-ins in every command of a later
// dialect, and that what says nothing about a person stays.
func TestOnePersonInAllForms(t *testing.T) {
	const guid = "{1BE99E6D-1C6E-4BEA-8B3E-9C464006A774}"
	all := redacted(play(dialect.NS, later(
		"C: PRP 5 MFN Zo%C3%A9%20of%20a%20name%20that%20is%20as%20long%20as%20the%20names%20are"+
			"%20that%20people%20choose",
		"S: NLN NLN 1:zoe@msn.com Zoé%20of%20a%20name%20that%20is%20as%20long%20as%20the%20names%20are"+
			"%20that%20people%20choose"+
			" 2416181284:00 0",
		"C: CHG 8 NLN 2416181284:00 %3Cmsnobj%20Creator%3D%22zoe%40msn.com%22%20Size%3D%2222731%22%20Type%3D%223%22%20"+
			"Location%3D%22TFR2C.tmp%22%20Friendly%3D%22AAA%3D%22%2F%3E",
		"S: XFR 9 SB 64.4.13.58:1863 CKI 1726.105 U messenger.msn.com 1",
		"C: PRP 10 MOB Y",
		"C: PRP 11 PHH 555%201234",
		"S: USR 1 OK zoe@msn.com;"+guid+" zoe",
		"S: JOI zoe@msn.com;"+strings.ToLower(guid)+" zoe 2416181284:00",
	)...))[2:]
	got := func(i int) string { return strings.TrimSuffix(string(all[i].In.Raw), "\r\n") }
	place := strings.Fields(got(1))[6]
	name := strings.Fields(got(3))[3]
	for i, want := range map[int]string{
		0: "USR 3 SSO I user01@example.com",
		4: "NLN NLN 1:user01@example.com " + name + " 2416181284:00 0",
		6: "XFR 9 SB 10.0.0.2:1863 CKI ####.### U host1.example 1",
		7: "PRP 10 MOB Y",
	} {
		if !like(want, got(i)) {
			t.Errorf("got %s, want %s", got(i), want)
		}
	}
	lower := strings.ToLower(place)
	if place == guid || !strings.Contains(got(9), ";"+place+" ") || !strings.Contains(got(10), ";"+lower+" ") {
		t.Errorf("the place %s is not the same in %s and %s", place, got(9), got(10))
	}
	if ticket := strings.Fields(got(1))[4]; !strings.HasPrefix(ticket, "t=") || !strings.Contains(ticket, "&p=") {
		t.Errorf("the ticket is %s", ticket)
	}
	for _, e := range all {
		for _, gone := range []string{"zoe", "Zo", "secret", "TFR2C", "555", "1BE99E6D", "messenger"} {
			if strings.Contains(string(e.In.Raw), gone) {
				t.Errorf("%q has %s", e.In.Raw, gone)
			}
		}
	}
	if !strings.Contains(got(5), "%3Cmsnobj%20Creator%3D%22user01%40example.com%22%20Size%3D%2222731%22%20"+
		"Type%3D%223%22%20Location") {
		t.Errorf("the picture is %s", got(5))
	}
}

// TestCutShort checks that verb, TrID and length of a command stay whose payload is not all there.
func TestCutShort(t *testing.T) {
	conn, e := new(session.Graph).Open(start, "192.168.1.7:51234", "64.4.13.58:1863")
	for raw, want := range map[string]string{
		"MSG 4 N 133\r\nMIME-Version: 1.0\r\n\r\nmeet me":      "MSG 4 N 133\r\n",
		"MSG zoe@msn.com Zoe 133\r\nMIME-Version: 1.0\r\n\r\n": "MSG user01@example.com name",
		"CHG 12 NL": "CHG 12 N",
	} {
		dir := decode.FromClient
		if strings.Contains(raw, "zoe") {
			dir = decode.FromServer
		}
		m := decode.Blob([]byte(raw), decode.CutShort)
		all := redacted([]*session.Event{e, conn.Track(dir, &m, start)})
		got := string(all[1].In.Raw)
		_, payload, _ := strings.Cut(raw, "\n")
		_, stand, _ := strings.Cut(got, "\n")
		if !strings.HasPrefix(got, want) || len(stand) != len(payload) || payload != "" && payload == stand ||
			all[1].In.Why != decode.CutShort {
			t.Errorf("%q becomes %q, want %q and a payload of %d bytes", raw, got, want, len(payload))
		}
	}
}
