#!/bin/sh
# Formats the Nix files of this repository, or checks that they are formatted.
#
#   sh scripts/nixfmt.sh            formats them
#   sh scripts/nixfmt.sh --check    fails where one isn't formatted
#
# It runs the nixfmt on PATH. If there is none, cargo installs nixfmt_rs once, which formats as nixfmt 1.2 does. Without
# cargo the files are not checked, and it says so: Debian has no nixfmt, and the other checks need nothing but npm.
set -eu

cd "$(dirname "$0")/.."

version=0.5.3
cache=node_modules/.cache/nixfmt

# The program takes its place once it is whole, so that a run that was killed leaves none behind that doesn't work.
install_nixfmt() {
  echo "nixfmt: installing nixfmt_rs $version" >&2
  work="$(mktemp -d)"
  trap 'rm -rf "$work"' EXIT
  CARGO_TARGET_DIR="$work/target" cargo install --quiet --locked --root "$work/root" "nixfmt_rs@$version" >&2
  mkdir -p "$cache"
  cp "$work/root/bin/nixfmt" "$cache/nixfmt.new"
  mv "$cache/nixfmt.new" "$cache/nixfmt-$version"
  rm -rf "$work"
  trap - EXIT
}

if command -v nixfmt >/dev/null; then
  nixfmt=nixfmt
elif [ -x "$cache/nixfmt-$version" ]; then
  nixfmt="$cache/nixfmt-$version"
elif command -v cargo >/dev/null; then
  install_nixfmt
  nixfmt="$cache/nixfmt-$version"
else
  echo 'nixfmt: Nix files were not checked, since neither nixfmt nor cargo is on PATH' >&2
  exit 0
fi

git ls-files -z '*.nix' | xargs -0 "$nixfmt" "$@"
