/** Memory while many images are used: the short form of `node bench/soak.ts`. */
import t from 'tap'
import { memoryOf } from '../support/memory-of.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { smallPaths, useImage } from '../support/soak.ts'

const IMAGES = 160
const WARM = 60
/** What is kept of an image, with its layers as tar and as EROFS, is 0.04 MB; while zlib's chunks were kept it was 0.3. */
const MAX_GROWTH_MB = 12
/** The same images again need nothing new. Buffers that wait for the garbage collector count, too. */
const MAX_AGAIN_MB = 6

void t.test('memory stays bounded', { skip: missing('nix'), timeout: 300_000 }, async (t) => {
  const server = await startPushless(t, { args: ['--serve-packages'] })
  const paths = await smallPaths(t, IMAGES)
  const use = async (some: readonly string[]) => {
    for (const path of some) await useImage(server.url, path)
    const figures = await (await fetch(`${server.url}/metrics`)).text()
    t.comment(`${Math.round(await memoryOf(server.pid, 'VmRSS'))} MB resident`)
    // Where buffers are. The heap goes up and down by tens of megabytes.
    return Math.round(Number(/^nodejs_external_memory_bytes (\S+)$/m.exec(figures)?.[1]) / 1e6)
  }
  const warm = await use(paths.slice(0, WARM))
  const all = await use(paths.slice(WARM))
  const again = await use(paths.slice(0, WARM))
  t.comment(`${WARM} images: ${warm} MB, ${IMAGES}: ${all} MB, ${WARM} again: ${again} MB`)
  t.ok(all - warm < MAX_GROWTH_MB, `${all - warm} MB for ${IMAGES - WARM} images`)
  t.ok(again - all < MAX_AGAIN_MB, `${again - all} MB for the same again`)
})
