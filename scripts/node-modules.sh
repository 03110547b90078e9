# Installs the modules that the server needs to run, as the same bytes on every machine. It removes npm's own note, links
# to commands, and empty directories (npm before 11.6 leaves those of scopes). npm checks each package against the
# lock's `integrity`.
#
#   sh node-modules.sh DIRECTORY NEW     the modules for DIRECTORY's package.json and package-lock.json, as NEW/node_modules
#
# nix/package.nix runs this file, and so does the command that computes its hash, scripts/node-modules-hash.ts.
set -eu

mkdir -p "$2"
cp "$1/package.json" "$1/package-lock.json" "$2/"
cd "$2"
npm install --no-save --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error >&2
rm -rf package.json package-lock.json node_modules/.bin node_modules/.package-lock.json
find node_modules -type d -empty -delete
