package decode

import (
	"crypto/md5"
	"encoding/hex"
)

// clientKeys are all that are known.
var clientKeys = map[string]string{"msmsgs@msnmsgr.com": "Q1P7W2E4J9R8U3S5"}

// ClientKey returns the key of a client by the name that it gives in QRY, and false for an unknown one. A QRY of MSNP6 to MSNP10
// answers a challenge with its [MD5Response], the key in place of the password.
func ClientKey(id string) (string, bool) {
	key, ok := clientKeys[id]
	return key, ok
}

// MD5Response returns the AuthResponseInfo of a logon: the MD5 of the challenge followed by the password, nothing between,
// as 32 lower-case hexadecimal digits (§7.3). Compare digests without case: real clients send both.
func MD5Response(challenge, password string) string {
	sum := md5.Sum([]byte(challenge + password))
	return hex.EncodeToString(sum[:])
}
