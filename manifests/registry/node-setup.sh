#!/bin/sh
# Tells the container runtime of a node where the registry is, and takes that back when it ends. Changes nothing that is
# right already, keeps what was there before beside it, and leaves alone what others changed since.
#
#   node-setup.sh run      apply, again every INTERVAL seconds, and undo on SIGTERM
#   node-setup.sh apply    write the files
#   node-setup.sh undo     take them back
#
#   URL        the registry as the node reaches it: http://127.0.0.1:5000
#   RUNTIMES   words: containerd cri-o podman k3s rke2
#   REGISTRY   the host in the names of images (nix.internal)
#   CERTS_DIR  containerd's config_path (/etc/containerd/certs.d)
#   ROOT       where the node's root directory is (empty: here)
#   AUTHORITY  file with the certificate of the authority that signed the registry's (none)
#   INTERVAL   seconds (60)
set -eu

URL=${URL:?}
RUNTIMES=${RUNTIMES:?}
REGISTRY=${REGISTRY:-nix.internal}
CERTS_DIR=${CERTS_DIR:-/etc/containerd/certs.d}
ROOT=${ROOT:-}
AUTHORITY=${AUTHORITY:-}
INTERVAL=${INTERVAL:-60}

MARK='# Written by the node set-up of pushless, which takes it back when it ends.'
BEFORE=.before-pushless

hosts_toml=$CERTS_DIR/$REGISTRY/hosts.toml
registries_conf=/etc/containers/registries.conf.d/$REGISTRY.conf
hosts_ca=$CERTS_DIR/$REGISTRY/ca.crt
containers_ca=/etc/containers/certs.d/${URL#*://}/pushless.crt

say() { printf 'node-setup: %s\n' "$*"; }
fail() { say "$*" >&2; exit 2; }
is_there() { [ -e "$1" ] || [ -L "$1" ]; }
is_ours() { [ -f "$1" ] && grep -qxF "$MARK" "$1"; }

# put FILE <content: writes it in one step. What somebody else wrote there is kept.
put() {
  file=$ROOT$1
  mkdir -p "${file%/*}"
  cat >"$file.pushless-new"
  if is_ours "$file" && cmp -s "$file" "$file.pushless-new"; then
    rm "$file.pushless-new"
    return
  fi
  if is_there "$file" && ! is_ours "$file"; then
    # The link itself, where it is one: undoing brings back what was there.
    rm -f "$file$BEFORE"
    cp -pP "$file" "$file$BEFORE"
    say "kept $1 as $1$BEFORE"
  fi
  mv -f "$file.pushless-new" "$file"
  say "wrote $1"
}

take_back() {
  file=$ROOT$1
  if is_ours "$file"; then
    if is_there "$file$BEFORE"; then
      mv -f "$file$BEFORE" "$file"
      say "brought back $1"
    else
      rm "$file"
      say "removed $1"
    fi
  elif is_there "$file"; then
    say "left $1 alone: it isn't ours"
  fi
}

hosts() {
  cat <<END
$MARK
server = "$URL"
[host."$URL"]
  capabilities = ["pull", "resolve"]
END
  [ -z "$AUTHORITY" ] || printf '  ca = "%s"\n' "$hosts_ca"
  ! mounts_erofs || cat <<END
[host."$URL".header]
  X-Pushless-Layers = ["erofs"]
END
}

# Whether the snapshotter of images is "erofs": then this node mounts layers in EROFS as they are, and asks for those.
mounts_erofs() {
  set -- "$ROOT/etc/containerd/config.toml" "$ROOT"/etc/containerd/conf.d/*.toml "$ROOT"/etc/containerd/config.d/*.toml
  for file in "$@"; do
    [ -r "$file" ] || continue
    section=''
    while IFS= read -r line || [ -n "$line" ]; do
      line=${line#"${line%%[![:space:]]*}"}
      case "$line" in
        '['*) section=$line ;;
        snapshotter[[:space:]=]*[\"\']erofs[\"\']*)
          case "$section" in
            *io.containerd.cri.v1.images[\"\']\]* | *io.containerd.grpc.v1.cri[\"\'].containerd\]*) return 0 ;;
          esac
          ;;
      esac
    done <"$file"
  done
  return 1
}

# The program is seen only where the script runs on the node itself, and not from its Pod.
check_erofs() {
  mounts_erofs || return 0
  needed='erofs: containerd loads its differ only with an mkfs.erofs on its PATH that has --tar (erofs-utils 1.8 or later)'
  if [ -n "$ROOT" ]; then
    warn "$needed. Check it: mkfs.erofs --help"
  elif ! mkfs.erofs --help 2>&1 | grep -qe --tar; then
    warn "$needed, and this node has none: every pull fails"
  fi
}

containers() {
  cat <<END
$MARK
[[registry]]
prefix = "$REGISTRY"
location = "${URL#*://}"
insecure = $insecure
END
}

mirrors() {
  cat <<END
mirrors:
  $REGISTRY:
    endpoint: ["$URL"]
END
  [ -z "$AUTHORITY" ] || cat <<END
configs:
  "${URL#*://}":
    tls:
      ca_file: $1
END
}

# A certificate may have lines before it. It is written again when it changes.
put_authority() { [ -z "$AUTHORITY" ] || { printf '%s\n' "$MARK"; cat "$AUTHORITY"; } | put "$1"; }

# One file for all registries: what others wrote in it is theirs. The authority's is beside it.
put_mirrors() {
  ca=${1%/*}/pushless.crt
  put_authority "$ca"
  if is_there "$ROOT$1" && ! is_ours "$ROOT$1"; then
    if grep -qF "$REGISTRY" "$ROOT$1"; then
      warn "$1 isn't ours and names $REGISTRY already: left alone"
    else
      warn "$1 isn't ours: left alone. It needs, and then a restart of $2:
$(mirrors "$ca")"
    fi
    return
  fi
  { printf '%s\n' "$MARK"; mirrors "$ca"; } | put "$1"
  warn "$2 reads $1 when it starts"
}

check_containerd() {
  # The second and third are where distributions have what the first imports.
  set -- "$ROOT/etc/containerd/config.toml" "$ROOT"/etc/containerd/conf.d/*.toml "$ROOT"/etc/containerd/config.d/*.toml
  pattern="^[[:space:]]*config_path[[:space:]]*=[[:space:]]*[\"']$CERTS_DIR[\"']"
  if grep -Eqs "$pattern" "$@"; then
    return
  fi
  # By default 1.6 to 2.1 read no directory, and later ones two that they don't tell apart.
  warn "containerd: /etc/containerd/config.toml doesn't have $CERTS_DIR as config_path. It needs, and then a restart of containerd:
# containerd 1.x
[plugins.\"io.containerd.grpc.v1.cri\".registry]
  config_path = \"$CERTS_DIR\"
# containerd 2.x
[plugins.\"io.containerd.cri.v1.images\".registry]
  config_path = \"$CERTS_DIR\""
  if grep -Eqs '^[[:space:]]*\[.*registry\.mirrors' "$@"; then
    warn 'containerd: registry.mirrors in it must go: there is either that or config_path'
  fi
}

# Once is enough for what a person has to do.
said=''
warn() {
  case "$said" in *"<$1>"*) return ;; esac
  said="$said<$1>"
  say "$1"
}

apply() {
  for runtime in $RUNTIMES; do
    case "$runtime" in
      containerd)
        put_authority "$hosts_ca"
        hosts | put "$hosts_toml"
        check_containerd
        check_erofs
        ;;
      cri-o)
        put_authority "$containers_ca"
        containers | put "$registries_conf"
        warn "cri-o reads $registries_conf on SIGHUP, when it starts, or by itself with auto_reload_registries"
        ;;
      podman)
        put_authority "$containers_ca"
        containers | put "$registries_conf"
        ;;
      k3s | rke2) put_mirrors "/etc/rancher/$runtime/registries.yaml" "$runtime" ;;
    esac
  done
}

undo() {
  for runtime in $RUNTIMES; do
    case "$runtime" in
      containerd)
        take_back "$hosts_toml"
        take_back "$hosts_ca"
        rmdir "$ROOT${hosts_toml%/*}" 2>/dev/null || true
        ;;
      cri-o | podman)
        take_back "$registries_conf"
        take_back "$containers_ca"
        rmdir "$ROOT${containers_ca%/*}" 2>/dev/null || true
        ;;
      k3s | rke2)
        take_back "/etc/rancher/$runtime/registries.yaml"
        take_back "/etc/rancher/$runtime/pushless.crt"
        ;;
    esac
  done
}

# A signal is only noted when it comes, so that what is being written is written whole, and then taken back.
run() {
  stop=''
  pause=''
  trap 'stop=yes; [ -z "$pause" ] || kill "$pause" 2>/dev/null || true' TERM INT
  apply
  say 'ready'
  while [ -z "$stop" ]; do
    # Shells hear a signal while they wait, and not while something runs for them.
    sleep "$INTERVAL" &
    pause=$!
    # It may have come before there was something to end.
    [ -n "$stop" ] || wait "$pause" || true
    [ -n "$stop" ] || apply
  done
  kill "$pause" 2>/dev/null || true
  undo
}

for word in "$URL" "$REGISTRY" "$CERTS_DIR"; do
  case "$word" in *[!]A-Za-z0-9.:/_[-]*) fail "\"$word\" has something in it that no address or path has" ;; esac
done
case "$REGISTRY" in */* | .*) fail "REGISTRY is $REGISTRY, expected a host" ;; esac
case "$URL" in
  http://?*) insecure=true ;;
  https://?*) insecure=false ;;
  *) fail "URL is $URL, expected http:// or https://, and host and port" ;;
esac
if [ -n "$AUTHORITY" ]; then
  case "$URL" in http://*) fail "AUTHORITY is for https://, and URL is $URL" ;; esac
  [ -r "$AUTHORITY" ] || fail "AUTHORITY is $AUTHORITY, which cannot be read"
fi
for runtime in $RUNTIMES; do
  case "$runtime" in
    containerd | cri-o | podman | k3s | rke2) ;;
    *) fail "$runtime is no runtime, there are: containerd cri-o podman k3s rke2" ;;
  esac
done

case "${1:-run}" in
  run) run ;;
  apply) apply ;;
  undo) undo ;;
  *) fail "unknown word: $1 (run, apply, undo)" ;;
esac
