package decode

import (
	"crypto/md5"
	"encoding/hex"
)

// MD5Response returns the AuthResponseInfo of a logon: the MD5 of the challenge followed by the password, nothing between,
// as 32 lower-case hexadecimal digits (§7.3). Compare digests without case: real clients send both.
func MD5Response(challenge, password string) string {
	sum := md5.Sum([]byte(challenge + password))
	return hex.EncodeToString(sum[:])
}
