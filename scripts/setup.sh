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
  patchelf:patchelf x86_64-linux-gnu-strip:binutils-x86-64-linux-gnu aarch64-linux-gnu-strip:binutils-aarch64-linux-gnu debootstrap:debootstrap flock:util-linux curl:curl mkfs.erofs:erofs-utils ip:iproute2 git:git xz:xz-utils zstd:zstd bzip2:bzip2 lz4:lz4 nginx:nginx-light script:bsdutils docker-registry:docker-registry python3:python3 pip3:python3-pip etcd:etcd-server zsh:zsh fish:fish groff:groff-base jq:jq sshd:openssh-server qemu-aarch64-static:qemu-user-static chromium:chromium'
bench_tools='wrk:wrk'

say() { printf 'setup: %s\n' "$*" >&2; }

# Everything is made below here, and takes its place in one step once it is whole. So what a killed run leaves behind is
# in nobody's way, and the next run removes it.
work=.setup

# Runs one function while no other run does. npm and esbuild inherit the lock, so it is held until they end, also where
# this shell alone is killed; then the kernel frees it. Without flock(1), as on macOS, two runs at once aren't kept apart.
locked() {
  mkdir -p "$work"
  command -v flock >/dev/null || { "$@"; return; }
  exec 9>"$work/lock"
  flock -n 9 || { say 'waiting for another run to end'; flock 9; }
  "$@"
  status=$?
  exec 9>&-
  return $status
}

# How many files there are below a directory, and their bytes together: what is lost or cut off changes one of them.
count_files() {
  find "$1" -path "$1/.*" -prune -o -type f -exec ls -ln {} + | awk '{ files++; bytes += $5 } END { print files, bytes }'
}

installed() { cksum <package-lock.json; count_files "$1"; }

has_node() { case "$("$1/.bin/node" --version 2>/dev/null)" in v24.*) ;; *) return 1 ;; esac }

# Whether they are what the mark says, for this lock or for another.
is_whole() { [ -e node_modules/.installed ] && [ "$(tail -n 1 node_modules/.installed)" = "$(count_files node_modules)" ]; }

has_modules() {
  has_node node_modules && [ "$(head -n 1 node_modules/.installed 2>/dev/null)" = "$(cksum <package-lock.json)" ] && is_whole
}

modules() { has_modules || locked install_modules; }

install_modules() {
  # Another run may have done it meanwhile.
  if has_modules; then return; fi
  command -v npm >/dev/null || { say 'npm is needed: install Node.js with npm'; exit 1; }
  say 'installing node modules'
  rm -rf "$work/modules" "$work/replaced"
  mkdir "$work/modules"
  cp package.json package-lock.json .npmrc "$work/modules"
  # For another lock, npm changes what differs. Links cost nothing, and npm replaces files rather than writing into them.
  if is_whole && cp -al node_modules "$work/modules/" 2>/dev/null; then
    rm "$work/modules/node_modules/.installed"
  else
    rm -rf "$work/modules/node_modules"
  fi
  # Not `npm ci`: it refuses a lock file without every other platform's optional binary, which not every registry has.
  (cd "$work/modules" && npm install --no-save --no-audit --no-fund --loglevel=error) >&2
  new="$work/modules/node_modules"
  if ! has_node "$new"; then
    # A package manager that runs no install scripts leaves the npm package `node` without its binary.
    (cd "$new/node" && node installArchSpecificPackage.js) >&2
    has_node "$new" || { say 'no Node 24: the npm package "node" has no binary for this machine'; exit 1; }
  fi
  installed "$new" >"$new/.installed"
  take_place "$new" node_modules
  rm -rf "$work/modules"
}

# take_place NEW OLD
take_place() {
  rm -rf "$work/replaced"
  [ ! -e "$2" ] || mv "$2" "$work/replaced"
  mv "$1" "$2"
  rm -rf "$work/replaced"
}

built() { (cd "$1" && find . -type f -exec cksum {} + | sort); }

has_dist() {
  [ -e "$work/built" ] && [ -d dist ] &&
    [ -z "$(find src manifests package-lock.json scripts/setup.sh scripts/bundle.sh -newer "$work/built" -print -quit)" ] &&
    [ "$(cat "$work/built")" = "$(built dist)" ]
}

# What runs is what would be published. Types are checked apart (npm run check).
build() {
  modules
  has_dist || locked make_dist
}

make_dist() {
  if has_dist; then return; fi
  rm -rf "$work/dist" "$work/built.new"
  # A source that changes from here on is newer than the mark.
  touch "$work/began"
  PATH="$PWD/node_modules/.bin:$PATH" sh scripts/bundle.sh "$work/dist"
  built "$work/dist" >"$work/built.new"
  touch -r "$work/began" "$work/built.new"
  take_place "$work/dist" dist
  mv "$work/built.new" "$work/built"
}

# Debian packages of which dpkg says that they are to be installed again, since it was killed in the midst of that.
half_installed() { dpkg-query -W -f '${db:Status-Eflag} ${Package}\n' 2>/dev/null | sed -n 's/^reinstreq //p' | tr '\n' ' '; }

# Whether a dpkg was killed: a command may be there of a package that isn't set up yet, and apt refuses all work.
is_interrupted() {
  [ -n "$(ls /var/lib/dpkg/updates 2>/dev/null)" ] ||
    dpkg-query -W -f '${db:Status-Status}\n' 2>/dev/null | grep -Eqx 'half-.*|unpacked|triggers-.*'
}

find_missing() {
  missing=''
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || [ -x "/usr/sbin/${pair%%:*}" ] || missing="$missing ${pair#*:}"
  done
}

packages() {
  find_missing "$@"
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    [ -z "$missing" ] && ! is_interrupted || locked install_packages "$@"
  elif [ -n "$missing" ]; then
    say "missing here; please install:$missing (Debian's package names)"
    return 1
  fi
}

install_packages() {
  # Another run may have installed them meanwhile.
  find_missing "$@"
  export DEBIAN_FRONTEND=noninteractive
  log="$(mktemp)"
  if is_interrupted; then
    say 'finishing an installation of Debian packages that was interrupted'
    logged repair_packages || return 1
  fi
  if [ -n "$missing" ]; then
    say "installing Debian packages:$missing"
    logged add_packages || return 1
  fi
  rm -f "$log"
}

# What apt starts are services, too: they would hold the lock for ever.
logged() {
  "$1" >>"$log" 2>&1 9>&- && return
  tail -n 20 "$log" >&2
  say "apt-get failed (its whole output: $log)"
  return 1
}

# Another apt may be at work: it is waited for.
apt_install() { apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; }

# shellcheck disable=SC2046 # a list of words
repair_packages() {
  dpkg --configure -a || true
  [ -z "$(half_installed)" ] || { apt-get update -qq && apt_install --reinstall $(half_installed); } || true
  apt_install --fix-broken && dpkg --configure -a
}

# shellcheck disable=SC2086 # a list of words
add_packages() { apt-get update -qq && apt_install $missing; }

# Checkers of SBOMs come from PyPI, once, and by CI alone unless it is asked for. Without them their test is skipped.
python_tools() {
  [ "${PUSHLESS_TEST_PYTHON_TOOLS:-${CI:+build}}" = build ] && command -v pip3 >/dev/null || return 0
  PUSHLESS_TEST_PYTHON_TOOLS=build node_modules/.bin/node scripts/built-programs.ts checkers || say 'no checkers of SBOMs could be installed'
}

# No Debian has these: they are built from Go modules where Go is at hand, once, and by CI alone unless it is asked for,
# since Kubernetes takes nine minutes of a processor, cosign five, grype and containerd more than four each. Without them their tests are
# skipped.
go_programs() {
  command -v go >/dev/null || return 0
  if [ "${PUSHLESS_TEST_KUBERNETES:-${CI:+build}}" = build ] && [ "$(id -u)" = 0 ]; then
    PUSHLESS_TEST_KUBERNETES=build node_modules/.bin/node scripts/built-programs.ts kubernetes || say 'no kubelet could be built'
  fi
  if [ "${PUSHLESS_TEST_GO_TOOLS:-${CI:+build}}" = build ]; then
    PUSHLESS_TEST_GO_TOOLS=build node_modules/.bin/node scripts/built-programs.ts tools || say 'no OCI tools could be built'
  fi
  if [ "${PUSHLESS_TEST_CONTAINERD:-${CI:+build}}" = build ] && [ "$(id -u)" = 0 ]; then
    PUSHLESS_TEST_CONTAINERD=build node_modules/.bin/node scripts/built-programs.ts containerd || say 'no containerd could be built'
  fi
  if [ "${PUSHLESS_TEST_CONTAINERD_2_3:-}" = build ] && [ "$(id -u)" = 0 ]; then
    PUSHLESS_TEST_CONTAINERD_2_3=build node_modules/.bin/node scripts/built-programs.ts containerd-2.3 || say 'no containerd 2.3 could be built'
  fi
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
    # Two Nix programs that make the database at once can fail: "'/nix/var/nix/db/schema' is corrupt".
    NIX_CONF_DIR="$PWD/test/support/nix-conf" nix-store --init 2>/dev/null || true
    go_programs
    python_tools
    ;;
  bench)
    build
    packages $nix_tools $test_tools $bench_tools || { say 'the bench needs all of these'; exit 1; }
    ;;
  *) say "unknown part: $1 (modules, build, demo, test, bench)"; exit 2 ;;
esac
