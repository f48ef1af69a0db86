package cluster

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/msnscope/msnscope/server/accounts"
)

func testCodec(t testing.TB, key byte) *codec {
	t.Helper()
	vault, err := accounts.NewVault(bytes.Repeat([]byte{key}, 32))
	must(t, err)
	c, err := newCodec(vault)
	must(t, err)
	t.Cleanup(c.close)
	return c
}

func sample() *accounts.User {
	u := &accounts.User{
		Handle: "Alice@hotmail.com", Password: "pass word", FriendlyName: "\xffA%20lice", GTC: "N", BLP: "BL",
		More: "x\ny", Serial: 300,
	}
	for l := range u.Lists {
		u.Lists[l] = []accounts.Entry{{Handle: bob, Name: "B"}, {Handle: carol}}
	}
	return u
}

func TestRecord(t *testing.T) {
	c := testCodec(t, 1)
	want := stored{User: sample(), more: []byte("of a later version")}
	data := c.encode(want)
	if bytes.Contains(data, []byte("pass word")) {
		t.Error("the record has the password in clear")
	}
	got, err := c.decode(alice, data)
	if d := cmp.Diff(want, got, cmp.AllowUnexported(stored{})); err != nil || d != "" {
		t.Errorf("%v, - want, + got:\n%s", err, d)
	}
	gone, err := c.decode(alice, c.encode(stored{}))
	if err != nil || gone.User != nil {
		t.Errorf("a deleted account is %+v, %v", gone, err)
	}
}

func TestRecordOfAnother(t *testing.T) {
	data := testCodec(t, 1).encode(stored{User: sample()})
	_, err := testCodec(t, 1).decode(bob, data)
	wantError(t, err, "damaged")
	_, err = testCodec(t, 2).decode(alice, data)
	wantError(t, err, "its password cannot be opened")
}

// TestEveryHandle has a handle with every character that §5.4 allows.
func TestEveryHandle(t *testing.T) {
	for _, h := range []string{
		"!\"#$%&'()*+,-./0123456789:;<=>?@A-Z[\\]^_`a-z{|}~.x", "a.b.*@>", strings.Repeat("x", 127) + "@y",
	} {
		must(t, accounts.CheckHandle(h))
		key := accounts.Key(h)
		subject := recordSubject(key)
		if got := recordKey(subject); got != key || strings.ContainsAny(subject[len(recordPrefix):], ".*> ") {
			t.Errorf("%s became %s, and that %s", key, subject, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	c := testCodec(f, 1)
	f.Add(c.encode(stored{User: sample()}))
	f.Add(c.encode(stored{}))
	plain, err := c.dec.DecodeAll(c.encode(stored{User: sample()})[1:], nil)
	must(f, err)
	f.Add(plain)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, c.enc.EncodeAll(data, []byte{schema})} {
			r, err := c.decode(alice, data)
			if err != nil || r.User == nil {
				continue
			}
			again, err := c.decode(alice, c.encode(r))
			if d := cmp.Diff(r, again, cmp.AllowUnexported(stored{})); err != nil || d != "" {
				t.Errorf("%v, - first, + again:\n%s", err, d)
			}
		}
	})
}
