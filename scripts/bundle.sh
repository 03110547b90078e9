# Bundles the server: one file for each command and each thread, with the libraries in it. Half of the processor time of a
# start went into finding and linking 1500 modules (measured), and the type stripper took 50 MB.
#
#   sh bundle.sh NEW     run in the repository, with esbuild on PATH: needs src, manifests and node_modules
#
# scripts/setup.sh runs this file for `npm run build`, and nix/package.nix for the package.
set -eu

# Fastify loads its compilers of schemas only where no others are given (src/http/app.ts). Without them, the server has a
# fifth less code. Its injector of requests is for tests.
#
# The threads' files lie beside those that start them. Some libraries are CommonJS, and call `require`.
esbuild src/main.ts src/layer/worker.ts src/source/reader-module.ts src/http/check/reading-worker.ts src/access/credentials/password-worker.ts --outdir="$1" --entry-names='[name]' \
  --bundle --splitting --format=esm --platform=node --target=node24 --legal-comments=linked --log-level=warning \
  --external:@fastify/ajv-compiler --external:@fastify/fast-json-stringify-compiler --external:light-my-request \
  --banner:js="import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url)"
