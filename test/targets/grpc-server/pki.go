package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"time"
)

// pki is one authority with a certificate for the server and one for a client.
type pki struct {
	ca                 string
	server             tls.Certificate
	clientCert         string
	clientKey          string
	clientKeyEncrypted string
	clientKeyPassword  string
}

func newPKI() (*pki, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	ca := template("perfwright test authority", 1)
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	leaf := func(name string, serial int64) (cert, key []byte, err error) {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, nil, err
		}
		want := template(name, serial)
		want.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
		want.DNSNames, want.IPAddresses = []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)}
		der, err := x509.CreateCertificate(rand.Reader, want, ca, &private.PublicKey, caKey)
		if err != nil {
			return nil, nil, err
		}
		keyDER, err := x509.MarshalECPrivateKey(private)
		if err != nil {
			return nil, nil, err
		}
		return pemOf("CERTIFICATE", der), pemOf("EC PRIVATE KEY", keyDER), nil
	}
	serverCert, serverKey, err := leaf("server", 2)
	if err != nil {
		return nil, err
	}
	clientCert, clientKey, err := leaf("client", 3)
	if err != nil {
		return nil, err
	}
	server, err := tls.X509KeyPair(serverCert, serverKey)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(clientKey)
	password := "open sesame"
	// The only kind of encrypted key that k6 reads.
	encrypted, err := x509.EncryptPEMBlock(rand.Reader, block.Type, block.Bytes, []byte(password), x509.PEMCipherAES128) //nolint:staticcheck
	if err != nil {
		return nil, err
	}
	return &pki{
		ca:                 string(pemOf("CERTIFICATE", caDER)),
		server:             server,
		clientCert:         string(clientCert),
		clientKey:          string(clientKey),
		clientKeyEncrypted: string(pem.EncodeToMemory(encrypted)),
		clientKeyPassword:  password,
	}, nil
}

func template(name string, serial int64) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
