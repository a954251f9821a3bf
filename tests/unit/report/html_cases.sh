#!/bin/bash
# Every page in CASES is sound, alone and true to its document; and the check finds what is not.
set -eu
cases=$1
check=$(dirname "$0")/html_check.sh
for tool in xmllint tidy jq; do
    command -v "$tool" >/dev/null || { echo "skipped: there is no $tool"; exit 77; }
done
n=0
for page in "$cases"/*.html; do
    name=${page##*/}
    bash "$check" "$cases/${name%%.*}.json" "$page"
    n=$((n + 1))
done
[ "$n" -ge 9 ] || { echo "FAIL: only $n pages" >&2; exit 1; }

# A check that finds nothing is none.
work=$(mktemp -d "${TMPDIR:-/tmp}/drstor-html.XXXXXX")
trap 'rm -rf "$work"' EXIT
found=0
spoil() {
    sed "$1" "$cases/full.run.html" >"$work/page.html"
    cmp -s "$cases/full.run.html" "$work/page.html" && { echo "FAIL: $1 spoils nothing" >&2; exit 1; }
    if bash "$check" "$cases/full.json" "$work/page.html" >/dev/null 2>&1; then
        echo "FAIL: not found: $1" >&2
        exit 1
    fi
    found=$((found + 1))
}
spoil 's/PT100S/PT101S/g'
spoil 's/>100 s</>99 s</g'
spoil 's/>14:04:40</>14:04:41</'
spoil 's/fire in the machine room/fire/g'
spoil 's|</body>|<script>1</script></body>|'
spoil 's|</body>|<p><img alt="" src="http://example.com/x.png" /></p></body>|'
spoil 's|</table>||'
spoil 's|up to 40 s: rome|up to 4 s: rome|g'
spoil 's|#evidence|#nowhere|'
echo "figure html_faults_found $found of $found"
