/**
 * Settings of V8 and of Node, made before anything else is loaded (so it is the first import of main.ts).
 *
 * A server of streams has little use for a large heap. 64 pulls at once take 230 MB without `--optimize-for-size`, 175 MB
 * with it, for a tenth less of one large layer's bytes a second, which are still those of docker-registry.
 *
 * The compilers allocate on the thread that owns the heap, and not in the background: where a background compiler needs
 * garbage collected while its thread is ending, each waits for the other (nodejs/node#54918), and a server that was told
 * to stop stays for ever. That happened in one of about 200 stops of the tests.
 */
import { setFlagsFromString } from 'node:v8'

for (const flag of [
  '--optimize-for-size',
  '--no-concurrent-sparkplug',
  '--no-maglev-build-code-on-background',
  '--no-maglev-deopt-data-on-background',
])
  setFlagsFromString(flag)

/**
 * Node cuts small buffers out of pieces of this size, 64 KiB by default, and a piece stays as long as one of them does.
 * What is kept of an image is a few small buffers: 300 images kept 12 MB of pieces.
 */
Buffer.poolSize = 8 * 1024
