#!/bin/sh
# make-ca.sh DIR NAME [SAN...]: a certificate for tests, ECDSA P-256.
#
# Makes DIR/ca.pem and DIR/ca.key unless they are there, then DIR/NAME.pem and DIR/NAME.key signed by
# it. SAN is IP:ADDRESS or DNS:NAME; a bare one is told apart by its look; none: this machine's loopback. DAYS (default 2) may be
# negative for a certificate that has ended.
set -eu
dir=$1 name=$2
shift 2
mkdir -p "$dir"

key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1"
    chmod 600 "$1"
}

if [ ! -f "$dir/ca.pem" ]; then
    key "$dir/ca.key"
    openssl req -x509 -new -key "$dir/ca.key" -sha256 -days "${DAYS:-2}" -subj "/CN=drstor test CA" \
        -addext "keyUsage=critical,keyCertSign,cRLSign,digitalSignature" -out "$dir/ca.pem" 2>/dev/null
fi

[ $# -gt 0 ] || set -- DNS:localhost IP:127.0.0.1 IP:::1
sans=
for san in "$@"; do
    case $san in
    IP:* | DNS:*) ;;
    *[!0-9.]*) san=DNS:$san ;;
    *) san=IP:$san ;;
    esac
    sans=${sans:+$sans,}$san
done

key "$dir/$name.key"
openssl req -new -key "$dir/$name.key" -subj "/CN=$name" -out "$dir/$name.csr" 2>/dev/null
{
    echo "basicConstraints=critical,CA:FALSE"
    echo "extendedKeyUsage=serverAuth"
    [ -z "$sans" ] || echo "subjectAltName=$sans"
} >"$dir/$name.ext"
openssl x509 -req -in "$dir/$name.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -sha256 \
    -set_serial "0x$(openssl rand -hex 8)" -days "${DAYS:-2}" -extfile "$dir/$name.ext" \
    -out "$dir/$name.pem" 2>/dev/null
rm -f "$dir/$name.csr" "$dir/$name.ext"
