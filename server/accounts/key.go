package accounts

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
)

// keySize is the size of an AES-256 key in bytes.
const keySize = 32

// maxKeyFile is how many bytes of a key file are read. A valid one has 64 hexadecimal digits and a
// line end.
const maxKeyFile = 4096

var errWrongKey = errors.New("not the key of this database")

// Vault encrypts passwords for the disk. They cannot be hashed instead, since the MD5 logon needs
// them in clear (§7.3).
type Vault struct{ aead cipher.AEAD }

// Seal encrypts the password of the account with the key. The result can be opened only with the
// same key file and for the same account.
func (v *Vault) Seal(key, password string) []byte {
	return v.aead.Seal(nil, nil, []byte(password), []byte(key)) // begins with a random nonce
}

// Open decrypts a password that Seal encrypted for the account with the key, or returns
// an error where the key file is another one.
func (v *Vault) Open(key string, sealed []byte) (string, error) {
	plain, err := v.aead.Open(nil, nil, sealed, []byte(key))
	if err != nil {
		return "", errWrongKey
	}
	return string(plain), nil
}

// openVault reads the key file at path. It makes one where there is none and fresh says that no
// password has been sealed yet.
func openVault(path string, fresh bool) (*Vault, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !fresh {
			return nil, &FileError{
				path, errors.New("the key file is missing"),
				"put the key file of this database there; without it the passwords in the database are lost",
			}
		}
		key, err = makeKey(path)
	}
	if err != nil {
		return nil, fileError(path, err)
	}
	return NewVault(key)
}

// NewVault returns a vault with the key, which must have 32 bytes.
func NewVault(key []byte) (*Vault, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Vault{aead}, nil
}

// readKey reads a key file, which only its owner may be able to read.
func readKey(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" { // Windows has no such mode bits
		return nil, &FileError{
			path, fmt.Errorf("other users may read the key file (mode %04o)", info.Mode().Perm()), "chmod 600 " + path,
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, err
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keySize {
		return nil, &FileError{
			path, fmt.Errorf("this is not a key file, which holds %d hexadecimal digits", 2*keySize),
			"put the key file of this database there",
		}
	}
	return key, nil
}

// makeKey makes a key file and returns once it is on disk. It never replaces an existing file.
func makeKey(path string) ([]byte, error) {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprintf(f, "%x\n", key)
	return key, errors.Join(err, f.Sync(), f.Close())
}
