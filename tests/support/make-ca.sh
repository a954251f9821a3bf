#!/bin/sh
# make-ca.sh DIR NAME [SAN...]
#
# A small CA in DIR (ca.pem, ca.key; made once, reused after) and a server certificate of it:
# DIR/NAME.pem and DIR/NAME.key, good for 127.0.0.1, ::1, localhost and every SAN given (an address
# or a host name). ECDSA P-256 keys.
set -eu
umask 077

[ $# -ge 2 ] || { echo "usage: make-ca.sh DIR NAME [SAN...]" >&2; exit 2; }
dir=$1
name=$2
shift 2
mkdir -p "$dir"
tmp=$(mktemp -d "$dir/.make-ca.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1"
}

if [ ! -s "$dir/ca.pem" ]; then
    key "$tmp/ca.key"
    openssl req -x509 -new -sha256 -key "$tmp/ca.key" -days 3650 -subj "/O=drstor tests/CN=drstor test CA" \
        -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign,cRLSign" \
        -out "$tmp/ca.pem"
    mv "$tmp/ca.key" "$dir/ca.key"
    mv "$tmp/ca.pem" "$dir/ca.pem"
fi

san="DNS:localhost,IP:127.0.0.1,IP:::1"
for s in "$@"; do
    case $s in
    *:*) san="$san,IP:$s" ;;
    *[!0-9.]*) san="$san,DNS:$s" ;;
    *) san="$san,IP:$s" ;;
    esac
done
key "$tmp/$name.key"
openssl req -new -sha256 -key "$tmp/$name.key" -subj "/O=drstor tests/CN=$name" -out "$tmp/req.pem"
cat >"$tmp/ext" <<END
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=$san
subjectKeyIdentifier=hash
authorityKeyIdentifier=keyid
END
openssl x509 -req -sha256 -in "$tmp/req.pem" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -days 825 \
    -set_serial "0x$(openssl rand -hex 16)" -extfile "$tmp/ext" -out "$tmp/$name.pem" 2>/dev/null
mv "$tmp/$name.key" "$dir/$name.key"
mv "$tmp/$name.pem" "$dir/$name.pem"
