#!/bin/sh
# Makes the certificates in this folder anew.
set -eu
days=36500
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
signed() { # NAME CN EXTENSION
  key "$1"
  openssl req -new -key "$1.key" -subj "/CN=$2" |
    openssl x509 -req -CA ca.crt -CAkey ca.key -CAcreateserial -days "$days" -extfile /dev/fd/3 -out "$1.crt" 3<<END
$3
END
}
key ca
openssl req -x509 -new -key ca.key -subj '/CN=Vigie test CA' -days "$days" -out ca.crt
signed server server 'subjectAltName=DNS:localhost,IP:127.0.0.1'
signed renewed renewed 'subjectAltName=DNS:localhost,IP:127.0.0.1'
signed client client 'extendedKeyUsage=clientAuth'
key stranger
openssl req -x509 -new -key stranger.key -subj '/CN=client' -days "$days" -out stranger.crt
rm -f ca.key ca.srl
