/** Entries of tar files found by position, in archives as large as they come. */
import { open, readFile, rm } from 'node:fs/promises'
import t from 'tap'
import {
  headerFor,
  imageConfig,
  readArchive as read,
  storedLayers,
  writeArchive,
} from '../support/docker-archive.ts'

void t.test('a layer of more than 8 GiB, and what comes behind it, found at once', async (t) => {
  const size = 9 * 1024 ** 3
  for (const format of ['gnu', 'pax'] as const) {
    const config = imageConfig([`sha256:${'0'.repeat(64)}`])
    const rest = await writeArchive(t, {
      'config.json': config,
      'manifest.json': Buffer.from(
        JSON.stringify([{ Config: 'config.json', RepoTags: [], Layers: ['big.tar'] }]),
      ),
    })
    const header = await headerFor(t, 'big.tar', size, format)
    const file = await open(rest, 'r+')
    const tail = await readFile(rest)
    await file.truncate(0)
    await file.write(header, 0, header.length, 0)
    // Nothing but a hole where the layer is.
    await file.write(tail, 0, tail.length, header.length + size)
    await file.close()
    const before = process.cpuUsage()
    const [layer] = storedLayers(await read(rest))
    t.match(layer?.place, { offset: header.length, length: size }, format)
    t.ok(process.cpuUsage(before).user < 1e6, 'its contents are stepped over')
    await rm(rest)
  }
})
