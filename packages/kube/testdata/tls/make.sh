#!/usr/bin/env bash
# Makes the certificates that tests connect with: an authority, a server for localhost, a client, and a second
# authority that nobody trusts. Valid for 100 years; the keys protect nothing. Run it in this folder.
set -euo pipefail
days=36500
authority() { # NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days $days -subj "/CN=$1" \
    -addext 'basicConstraints=critical,CA:true' -keyout "$1.key" -out "$1.pem"
}
signed() { # NAME SUBJECT EXTENSIONS
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" -keyout "$1.key" -out "$1.csr"
  openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days $days -extfile <(echo "$3") -out "$1.pem"
  rm "$1.csr"
}
authority ca
authority other-ca
signed server localhost 'subjectAltName=DNS:localhost,DNS:es.example,IP:127.0.0.1'
signed client vigie-agent 'extendedKeyUsage=clientAuth'
rm -f ca.srl other-ca.key
