package cluster

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/msnscope/msnscope/server/accounts"
)

// rounds is how often the secret is hashed. It takes about a tenth of a second, which is what each
// guess at a password costs whoever has the data and not the password.
const rounds = 200_000

// meta is what belongs to all accounts.
type meta struct {
	Schema int    `json:"schema"`
	Salt   []byte `json:"salt"`
	Key    []byte `json:"key"` // the key of the accounts' passwords, sealed with the secret
}

// openVault returns the vault for the accounts' passwords. Its key is made with the first store of
// a cluster, and lies in the stream, sealed with the secret that all servers have.
func openVault(ctx context.Context, s *stream, secret string) (*accounts.Vault, error) {
	for {
		data, seq, err := s.get(ctx, metaSubject)
		if err != nil {
			return nil, err
		}
		if seq > 0 {
			return unseal(data, secret)
		}
		m := meta{Schema: schema, Salt: random(), Key: nil}
		v, err := secretVault(secret, m.Salt)
		if err != nil {
			return nil, err
		}
		m.Key = v.Seal(metaSubject, string(random()))
		if data, err = json.Marshal(m); err != nil {
			return nil, err
		}
		if _, err = s.publish(ctx, []write{{metaSubject, data, 0}}); err != nil && !errors.Is(err, errConflict) {
			return nil, err
		}
		// whoever was first: what is there now is read
	}
}

// unseal returns the vault that meta, as it is stored, holds the key of.
func unseal(data []byte, secret string) (*accounts.Vault, error) {
	var m meta
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, fmt.Errorf("%s in stream %s: %w", metaSubject, streamName, err)
	}
	if m.Schema > schema {
		return nil, fmt.Errorf("the accounts have schema %d; this program knows schemas up to %d: use the version "+
			"that the other nodes have", m.Schema, schema)
	}
	v, err := secretVault(secret, m.Salt)
	if err != nil {
		return nil, err
	}
	key, err := v.Open(metaSubject, m.Key)
	if err != nil {
		return nil, errors.New("the accounts were made with another cluster password")
	}
	return accounts.NewVault([]byte(key))
}

// secretVault returns the vault whose key is derived from the secret.
func secretVault(secret string, salt []byte) (*accounts.Vault, error) {
	key, err := pbkdf2.Key(sha256.New, secret, salt, rounds, sha256.Size)
	if err != nil {
		return nil, err
	}
	return accounts.NewVault(key)
}

func random() []byte {
	b := make([]byte, sha256.Size)
	_, _ = rand.Read(b) // never fails
	return b
}
