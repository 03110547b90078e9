#!/bin/sh
# Sets up what a checkout lacks, and nothing else: node modules with the pinned Node, and on Debian as root the
# packages behind the commands that the caller needs. A second run finds all present and changes nothing.
#
#   sh scripts/setup.sh modules                     node_modules, with Node 24 in node_modules/.bin
#   sh scripts/setup.sh build                       that, and dist/ if a source is newer
#   sh scripts/setup.sh demo                        that, and Nix
#   sh scripts/setup.sh test                        that, and the clients and tools the tests use
#   sh scripts/setup.sh bench                       that, and the registry the bench compares with
set -eu

cd "$(dirname "$0")/.."

# command that must exist : Debian package that brings it
nix_tools='nix:nix-bin'
demo_tools='busybox:busybox-static'
demo_clients='containerd:containerd runc:runc'
test_tools='containerd:containerd runc:runc podman:podman conmon:conmon /usr/lib/podman/netavark:netavark catatonit:catatonit skopeo:skopeo busybox:busybox-static
  patchelf:patchelf debootstrap:debootstrap flock:util-linux curl:curl git:git xz:xz-utils zstd:zstd script:bsdutils docker-registry:docker-registry python3:python3'
bench_tools='wrk:wrk'

say() { printf 'setup: %s\n' "$*" >&2; }

modules() {
  if ! cmp -s package-lock.json node_modules/.installed-lock; then
    command -v npm >/dev/null || { say 'npm is needed: install Node.js with npm'; exit 1; }
    say 'installing node modules'
    # Not `npm ci`: it refuses a lock file without every other platform's optional binary, which not every registry has.
    npm install --no-save --no-audit --no-fund --loglevel=error >&2
    cp package-lock.json node_modules/.installed-lock
  fi
  case "$(node_modules/.bin/node --version 2>/dev/null)" in
    v24.*) ;;
    *)
      # A package manager that runs no install scripts leaves the npm package `node` without its binary.
      (cd node_modules/node && node installArchSpecificPackage.js) >&2
      node_modules/.bin/node --version >/dev/null || { say 'no Node 24: the npm package "node" has no binary for this machine'; exit 1; }
      ;;
  esac
}

# What runs is what would be published: one file a command and a thread, with the libraries in it. Half of the processor
# time of a start went into finding and linking 1500 modules (measured); and without the type stripper it takes 50 MB
# less. Types are checked apart (npm run check).
build() {
  modules
  if [ ! -e dist/.built ] || [ -n "$(find src package-lock.json scripts/setup.sh -newer dist/.built -print -quit)" ]; then
    rm -rf dist
    # The threads' files lie beside those that start them. Some libraries are CommonJS, and ask for `require`.
    node_modules/.bin/esbuild src/main.ts src/layer/worker.ts src/http/manifest-worker.ts --outdir=dist --entry-names='[name]' \
      --bundle --splitting --format=esm --platform=node --target=node24 --legal-comments=linked --log-level=warning \
      --banner:js="import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url)"
    touch dist/.built
  fi
}

packages() {
  missing=''
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || [ -x "/usr/sbin/${pair%%:*}" ] || missing="$missing ${pair#*:}"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing Debian packages:$missing"
    export DEBIAN_FRONTEND=noninteractive
    log="$(mktemp)"
    # shellcheck disable=SC2086 # a list of words
    if { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1; then
      rm -f "$log"
    else
      tail -n 20 "$log" >&2
      say "apt-get failed (its whole output: $log)"
      return 1
    fi
  else
    say "missing here; please install:$missing (Debian's package names)"
    return 1
  fi
}

# No Debian has kubelet: it is built from Kubernetes' Go module where Go is at hand, once, and by CI alone unless it is asked
# for, since that takes ten minutes of a processor. Without it its test is skipped, and says why.
kubelet() {
  [ "${PUSHLESS_KUBELET:-${CI:+build}}" = build ] && [ "$(id -u)" = 0 ] && command -v go >/dev/null || return 0
  PUSHLESS_KUBELET=build node_modules/.bin/node scripts/kubelet.ts || say 'no kubelet could be built'
}

# shellcheck disable=SC2086 # lists of words
case "${1:-modules}" in
  modules) modules ;;
  build) build ;;
  demo)
    build
    packages $nix_tools $demo_tools || { say 'the demo builds its image with these: nothing can be shown without them'; exit 1; }
    # Any client will do; with none present the demo checks every blob itself.
    for client in containerd podman skopeo; do command -v $client >/dev/null && exit 0; done
    packages $demo_clients || true
    ;;
  test)
    build
    # Without these the tests that need them are skipped, each saying why.
    packages $nix_tools $test_tools || true
    kubelet
    ;;
  bench)
    build
    packages $nix_tools $test_tools $bench_tools || { say 'the bench needs all of these'; exit 1; }
    ;;
  *) say "unknown part: $1 (modules, build, demo, test, bench)"; exit 2 ;;
esac
