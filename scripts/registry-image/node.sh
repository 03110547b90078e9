# Builds the part of Node: its program and its licence, from the archive of npm. Symbols are for debuggers alone, and are
# a seventh of the program.
set -eu
tar -xzf "$src" --no-same-owner
bin=$out/opt/pushless/bin
mkdir -p "$bin" "$out/usr/share/doc/node"
"$triplet-strip" --strip-all -o "$bin/node" package/bin/node
chmod 0555 "$bin/node"
cp package/LICENSE "$out/usr/share/doc/node/copyright"
