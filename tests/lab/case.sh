#!/bin/bash
# case.sh FILE FUNCTION: one case, in a process of its own. Started by run.
. "$(dirname "$0")/lib.sh"
set -eE
. "$1"
case_dir=$lab_dir/cases/$2
rm -rf "$case_dir"
mkdir -p "$case_dir"
trap 'echo "FAIL: $BASH_COMMAND (${BASH_SOURCE[0]##*/}:$LINENO) ended with $?" >&2' ERR
"$2"
