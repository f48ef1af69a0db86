package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority signs certificates for nodes on 127.0.0.1.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.issue(t, "ca")
	return a
}

// issue writes NAME.pem and NAME.key.
func (a *authority) issue(t *testing.T, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: a.cert == nil, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	must(t, err)
	private, err := x509.MarshalECPrivateKey(key)
	must(t, err)
	for file, b := range map[string]*pem.Block{
		name + ".pem": {Type: "CERTIFICATE", Bytes: der}, name + ".key": {Type: "EC PRIVATE KEY", Bytes: private},
	} {
		must(t, os.WriteFile(filepath.Join(a.dir, file), pem.EncodeToMemory(b), 0o600))
	}
	c, err = x509.ParseCertificate(der)
	must(t, err)
	return c, key
}

// secure gives a node a certificate.
func (a *authority) secure(t *testing.T, o *Options) {
	t.Helper()
	a.issue(t, o.Node)
	path := func(name string) string { return filepath.Join(a.dir, name) }
	var err error
	o.TLS, err = LoadTLS(path(o.Node+".pem"), path(o.Node+".key"), path("ca.pem"))
	must(t, err)
}

// TestCertificates has two nodes with certificates of one authority, and one with a stranger's.
func TestCertificates(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	all := options(t, 3)
	ours.secure(t, &all[0])
	ours.secure(t, &all[1])
	theirs.secure(t, &all[2])
	a, b := startNode(t, all[0]), startNode(t, all[1])
	must(t, a.Ready(t.Context()))
	must(t, b.Ready(t.Context()))
	alone(t, all[2], "see the certificates")
	if connected, _ := a.Routes(); connected != 1 {
		t.Errorf("%d other nodes are connected, want 1", connected)
	}
}

func TestLoadTLSRefuses(t *testing.T) {
	a := newAuthority(t)
	path := func(name string) string { return filepath.Join(a.dir, name) }
	_, err := LoadTLS(path("none.pem"), path("ca.key"), path("ca.pem"))
	wantError(t, err, "none.pem")
	_, err = LoadTLS(path("ca.pem"), path("ca.key"), path("ca.key"))
	wantError(t, err, "ca.key: there is no certificate in this file")
}
