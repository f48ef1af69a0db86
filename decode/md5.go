package decode

import (
	"crypto/md5"
	"encoding/hex"
)

// clientKeys holds the keys of all clients for which one is known, by client identifier.
var clientKeys = map[string]string{"msmsgs@msnmsgr.com": "Q1P7W2E4J9R8U3S5"}

// ClientKey returns the secret key of the client that identifies itself by id in QRY, and false for
// an unknown one. The QRY of MSNP6 to MSNP10 answers a challenge with an [MD5Response] in which the
// key takes the place of the password.
func ClientKey(id string) (string, bool) {
	key, ok := clientKeys[id]
	return key, ok
}

// MD5Response returns the AuthResponseInfo of a logon: the MD5 digest of the challenge directly
// followed by the password, as 32 lower-case hexadecimal digits (§7.3). Compare digests without
// regard to case: real clients send both cases.
func MD5Response(challenge, password string) string {
	sum := md5.Sum([]byte(challenge + password))
	return hex.EncodeToString(sum[:])
}
