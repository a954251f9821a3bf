# What scripts/demo and scripts/test share. Sourced, not run.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd -P)
. "$root/scripts/packages"

say() { printf '%s\n' "$*" >&2; }

# build PRESET [TARGET...]: quiet unless it fails.
build() {
    preset=$1
    shift
    log=$root/build/$preset.log
    mkdir -p "$root/build"
    say "building ($preset) ..."
    if ! (cd "$root" && cmake --preset "$preset" && cmake --build --preset "$preset" -j"$(nproc)" ${1:+--target "$@"}) >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        say "the build failed; the whole log: $log"
        exit 1
    fi
}
