package cluster

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/msnscope/msnscope/server/accounts"
)

// A record is what the stream has of one account: the schema number in one byte, and then,
// compressed, the fields in the order of fields and lists below. Each string is preceded by its
// length, each list by the number of its entries; numbers are uvarints. What follows the last list
// was written by a later version: it is kept as it is. A record of the schema number alone is a
// deleted account.

// schema is the number of the records of today. A later version that appends fields keeps it; one
// whose records this version would misunderstand raises it.
const schema = 1

// maxPlain is how many bytes a record may have when decompressed. The most that an account can
// have, four lists of 10,000 entries with names, takes half of that.
const maxPlain = 64 << 20

// errRecord means that a record cannot be read.
var errRecord = errors.New("the record is damaged")

// stored is one account as it is stored; User is nil where it was deleted, or never was.
type stored struct {
	*accounts.User
	more []byte // what a later version has appended
	seq  uint64 // number of the record in the stream, 0 if there is none
	old  bool   // whether this stands for a later record that has not been read
}

// codec turns accounts into records and back. It is safe for concurrent use.
type codec struct {
	vault *accounts.Vault
	enc   *zstd.Encoder
	dec   *zstd.Decoder
}

// newCodec returns a codec that seals passwords with vault.
func newCodec(vault *accounts.Vault) (*codec, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(64<<10))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxPlain))
	return &codec{vault, enc, dec}, err
}

// close frees what the codec holds.
func (c *codec) close() { c.dec.Close() }

// texts returns the fields of u that are text, in their order in a record. The password has its
// place, sealed, after the handle.
func texts(u *accounts.User) []*string {
	return []*string{&u.Handle, &u.FriendlyName, &u.GTC, &u.BLP, &u.More}
}

// encode returns the record of a user.
func (c *codec) encode(r stored) []byte {
	if r.User == nil {
		return []byte{schema}
	}
	var b []byte
	put := func(s string) { b = append(binary.AppendUvarint(b, uint64(len(s))), s...) }
	put(string(c.vault.Seal(accounts.Key(r.Handle), r.Password)))
	for _, s := range texts(r.User) {
		put(*s)
	}
	b = binary.AppendUvarint(b, uint64(r.Serial))
	for l := range r.Lists {
		b = binary.AppendUvarint(b, uint64(len(r.Lists[l])))
		for _, e := range r.Lists[l] {
			put(e.Handle)
			put(e.Name)
		}
	}
	return c.enc.EncodeAll(append(b, r.more...), []byte{schema})
}

// decode reads the record of the account with the key. The values of the result may be such that
// they cannot be sent.
func (c *codec) decode(key string, data []byte) (stored, error) {
	switch {
	case len(data) == 0:
		return stored{}, errRecord
	case data[0] > schema:
		return stored{}, fmt.Errorf("the record has schema %d; this program knows schemas up to %d: use the version "+
			"that the other nodes have", data[0], schema)
	case len(data) == 1:
		return stored{}, nil
	}
	plain, err := c.dec.DecodeAll(data[1:], nil)
	if err != nil {
		return stored{}, fmt.Errorf("%w: %w", errRecord, err)
	}
	r := reader{b: plain}
	u := new(accounts.User)
	sealed := r.text()
	for _, s := range texts(u) {
		*s = r.text()
	}
	u.Serial = r.number()
	for l := range u.Lists {
		for range r.number() {
			if r.bad {
				break
			}
			u.Lists[l] = append(u.Lists[l], accounts.Entry{Handle: r.text(), Name: r.text()})
		}
	}
	if r.bad || accounts.Key(u.Handle) != key {
		return stored{}, errRecord
	}
	if u.Password, err = c.vault.Open(key, []byte(sealed)); err != nil {
		return stored{}, fmt.Errorf("%w: its password cannot be opened", errRecord)
	}
	return stored{User: u, more: slices.Clone(r.b)}, nil
}

// reader reads the fields of a record. Once one is not there, bad is set, and everything else is
// empty.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) number() int {
	n, size := binary.Uvarint(r.b)
	if size <= 0 || n > maxPlain {
		r.b, r.bad = nil, true
		return 0
	}
	r.b = r.b[size:]
	return int(n)
}

func (r *reader) text() string {
	n := r.number()
	if n > len(r.b) {
		r.b, r.bad = nil, true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

// recordSubject returns the subject of the account with the key. Handles contain characters that
// subjects do not allow; hexadecimal digits are allowed.
func recordSubject(key string) string { return recordPrefix + hex.EncodeToString([]byte(key)) }

// recordKey undoes recordSubject. It returns "" for any other subject.
func recordKey(subject string) string {
	if len(subject) <= len(recordPrefix) || subject[:len(recordPrefix)] != recordPrefix {
		return ""
	}
	key, err := hex.DecodeString(subject[len(recordPrefix):])
	if err != nil {
		return ""
	}
	return string(key)
}
