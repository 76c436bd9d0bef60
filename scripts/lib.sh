# What the scripts share. Sourced, after `set -euo pipefail`; the folder is the repository then.
# shellcheck shell=bash

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
PATH=$PATH:/usr/sbin:/sbin  # dockerd's place, which users other than root do not have in theirs

say() { printf '==> %s\n' "$*" >&2; }

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}
