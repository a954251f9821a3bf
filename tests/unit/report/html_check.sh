#!/bin/bash
# html_check.sh DOCUMENT.json PAGE.html...: judges a page by other eyes than the renderer's.
# Sound as XML (xmllint) and as HTML (tidy); asks for nothing from outside; and what matters in the
# JSON is found where a reader looks for it, each number both for people and for programs.
set -eu
facts=0
fail() {
    echo "FAIL: $page: $*" >&2
    exit 1
}
xpath() { xmllint --nonet --xpath "$1" "$page" 2>/dev/null; }

# An XPath that must hold for every fact of the document, one a line.
wanted() {
    jq -r '
    def lit: if contains("\u0027") then "concat(" + ([split("\u0027")[] | "\u0027" + . + "\u0027"] | join(", \"\u0027\", ")) + ")" else "\u0027" + . + "\u0027" end;
    # As it is on the page: one line, spaces as one, nothing that no text may hold.
    def seen: gsub("[\n\r\t]"; " ") | gsub("[\u0000-\u001f\u007f-\u009f\u202a-\u202e\ufdd0-\ufdef\ufeff\ufffe\uffff]"; "?") | gsub(" +"; " ") | ltrimstr(" ") | rtrimstr(" ");
    def says($in): select(type == "string" and . != "") | seen | "\($in)[contains(normalize-space(.), \(lit))]";
    def time: select(type == "string" and test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"));
    def dated($in): time | "\($in)//time[@datetime=\(lit)]";
    def lasted($in): select(type == "number" and . >= 0) | "\($in)//time[@datetime=\u0027PT\(.)S\u0027]";
    def part($id): "//section[@id=\u0027\($id)\u0027]";
    def row($id; $first): part($id) + "//tbody/tr[th[starts-with(normalize-space(.), \($first | seen | lit))]]";
    def arr: if type == "array" then .[] else empty end;
    def obj: select(type == "object");
    def moves: .goal | if type == "object" then .verb == "promote" or .verb == "failback" else true end;
    (.result | says("//h1")), (.text | says("//body")), (.hint | says("//body")), (.who | says("//body")), (.run | says("//footer")),
    (if .run then
        (.times | obj | .outage, .decision, .service | dated("//dl[@id=\u0027answers\u0027]")),
        (.times | obj | .[] | dated("//body")),
        (.rto_s, .rto_outage_s | lasted("//ul[@class=\u0027figures\u0027]")),
        (if moves then .rpo_s | lasted("//ul[@class=\u0027figures\u0027]") else empty end),
        (if (.steps | length > 0) and moves then .by_group | arr | .group as $g | (.writable_at, .service_at | dated(row("groups"; $g))), (.rto_s, .rto_outage_s, .rto_goal_s, .rpo_s, .rpo_goal_s | lasted(row("groups"; $g)))
            else empty end),
        (.consent | obj | (.by, .reason, .waive_fence, .confirmed_by, .how, .loss | says(part("decision"))), (.at | dated(part("decision")))),
        (.goal | objects | .declare | arr | "\(.kind):\(.site)" | says(part("decision")))
     else empty end),
    (.vms | arr | .name as $n | (.group, .state, .trouble, .id | says(row("vms"; $n))), (.started_at | dated(row("vms"; $n))), (.rto_s, .rto_outage_s | lasted(row("vms"; $n)))),
    (.steps | arr | (.text | says(part("steps"))), (.error, .array_words, .op, .job, .snapshot | says(part("steps"))), (.started_at | dated(part("steps"))), (.elapsed_s, .expect_s | lasted(part("steps")))),
    (.steps | arr | select(.error) | .error | says(part("trouble"))),
    (.evidence | arr | obj | (.group, .site, .kind, .by, .detail | says(part("evidence"))), (.at, .silent_since | obj | .utc | dated(part("evidence"))), (.answering | arr | strings | says(part("evidence")))),
    (.losses | arr | obj | (.text, .method, .confidence | says(part("loss"))), (.since, .until | dated(part("loss"))), (if .proven_zero then empty else .seconds | lasted(part("loss")) end)),
    (.conditions | arr | obj | (.text, .fact | says(part("conditions"))), (.observed_at | dated(part("conditions")))),
    (.refusals | arr | (.id, .text, .evidence, .remedy | says(part("trouble")))),
    (.undone, .stays, .unknown | arr | says(part("trouble")))' "$1"
}

check_facts() {
    local fact missing=
    local -a all=() batch=()
    mapfile -t all < <(wanted "$json")
    [ "${#all[@]}" -gt 0 ] || fail "nothing was wanted of it"
    for ((i = 0; i < ${#all[@]}; i += 50)); do
        batch=("${all[@]:i:50}")
        local sum=0
        for fact in "${batch[@]}"; do sum="$sum + number(boolean($fact))"; done
        [ "$(xpath "$sum")" = "${#batch[@]}" ] && continue
        for fact in "${batch[@]}"; do [ "$(xpath "boolean($fact)")" = true ] || missing="$missing
  $fact"; done
        fail "is not there:$missing"
    done
    facts=$((facts + ${#all[@]}))
}

# What people read is what programs read.
check_times() {
    local wrong
    # || true: xmllint calls it an error when there is none.
    wrong=$({ xpath '//time' || true; } | sed 's/<time /\n<time /g' | awk -F'"' '
        /^<time / {
            split($3, t, /[<>]/); text = t[2]
            if ($2 ~ /^PT/) {
                s = 0; unit = 1; n = split(text, w, " ")
                for (i = 1; i < n; i += 2) {
                    unit = w[i + 1] == "s" ? 1 : w[i + 1] == "min" ? 60 : w[i + 1] == "h" ? 3600 : w[i + 1] == "d" ? 86400 : 0
                    s += w[i] * unit
                }
                want = substr($2, 3) + 0
                if (n % 2 || !unit || want < s || want >= s + unit) print
            } else {
                clock = substr($2, 12, 8)
                if (text != clock && text != substr($2, 1, 10) " " clock " UTC") print
            }
        }')
    [ -z "$wrong" ] || fail "times that do not agree with themselves: $wrong"
}

json=$1
shift
for page in "$@"; do
    xmllint --noout --nonet "$page" || fail "no XML"
    said=$(tidy -q -e "$page" 2>&1) || fail "no HTML: $said"
    [ "$(head -n 1 "$page")" = "<!DOCTYPE html>" ] || fail "no doctype"
    # Alone in the world: nothing is loaded, nothing is run, no link leads out.
    alien=$(xpath 'count(//@src | //@style | //@action | //@*[starts-with(name(), "on")] | //@href[not(starts-with(., "#"))] | //script | //link | //base | //img | //image | //use | //iframe | //object | //embed | //form | //meta[@http-equiv] | //style[contains(., "url(") or contains(., "@import") or contains(., "http")])')
    [ "$alien" = 0 ] || fail "$alien parts of it come from outside"
    lost=$(xpath 'count(//a[not(substring(@href, 2) = //@id)])')
    [ "$lost" = 0 ] || fail "$lost links lead nowhere"
    bare=$(xpath 'count(//svg[@role="img"][not(title)] | //th[not(@scope)] | //html[not(@lang)])')
    [ "$bare" = 0 ] || fail "$bare parts of it have no name for who cannot see them"
    check_facts
    check_times
done
echo "figure html_facts_found $facts of $facts"
