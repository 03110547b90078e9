/**
 * Prepares Node for this program, before anything else is loaded (so it is the first import of main.ts): modules of Node
 * that a server needs, V8's flags, and the size of Node's small buffers.
 *
 * A server of streams has little use for a large heap. 64 pulls at once take 236 MB without `--optimize-for-size`, 172 to
 * 177 MB with it. A young generation that stays small (`--semi-space-growth-factor=1`) isn't enough: with that instead,
 * 3,000 refused writes took 145 MB instead of 57.
 *
 * The compilers allocate on the thread that owns the heap, and not in the background: where a background compiler needs
 * garbage collected while its thread is ending, each waits for the other (nodejs/node#54918), and a server that was told
 * to stop stays for ever. That happened in one of about 200 stops of the tests.
 *
 * Node has its own modules compiled ahead for V8's default flags alone. So a server loads those that it needs before the
 * flags are set: compiling them took a seventh of the processor time of its start.
 */
import { setFlagsFromString } from 'node:v8'

const SERVER_MODULES = [
  'assert',
  'cluster',
  'dns',
  'fs/promises',
  'http2',
  'https',
  'perf_hooks',
  'sqlite',
  'stream/promises',
  'timers/promises',
  'tty',
  'worker_threads',
  'zlib',
]

if (process.argv[2] === 'serve') for (const name of SERVER_MODULES) process.getBuiltinModule(`node:${name}`)

for (const flag of [
  '--optimize-for-size',
  '--no-concurrent-sparkplug',
  '--no-maglev-build-code-on-background',
  '--no-maglev-deopt-data-on-background',
])
  setFlagsFromString(flag)

/**
 * Node cuts small buffers out of pieces of this size, 64 KiB by default, and a piece stays as long as one of them does.
 * The registry keeps a few small buffers of each image: those of 300 images kept 12 MB of pieces, and those of 100 images
 * 5 MB of pieces of 8 KiB. Half a piece and more gets memory of its own.
 */
Buffer.poolSize = 1024
