/** Docker archives that are broken in every way that can be thought of, and some that can't: refused, with the reason. */
import { randomBytes } from 'node:crypto'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import t from 'tap'
import { execa } from 'execa'
import {
  archiveFiles,
  imageConfig,
  layerTar,
  readArchive as read,
  sha256Hex,
  storedLayers,
  withSum,
  writeArchive,
} from '../support/docker-archive.ts'
import { temporaryDirectory } from '../support/scope.ts'

type Files = Readonly<Record<string, Uint8Array>>

void t.test('broken archives', async (t) => {
  const layer = await layerTar(t, 'one')
  const good = archiveFiles([layer])
  const [layerName = '', configName = '', manifestName = ''] = Object.keys(good)
  const withManifest = (value: unknown): Files => ({ ...good, [manifestName]: json(value) })
  const image = { Config: configName, RepoTags: ['a:b'], Layers: [layerName] }
  const { [manifestName]: _manifest, ...withoutManifest } = good

  const contents: [name: string, files: Files, says: RegExp][] = [
    ['no manifest', withoutManifest, /without manifest.json/],
    [
      'a manifest that is no JSON',
      { ...good, [manifestName]: Buffer.from('[{') },
      /manifest.json is no JSON/,
    ],
    ['no images', withManifest([]), /manifest.json is invalid/],
    ['an object', withManifest(image), /manifest.json is invalid/],
    [
      'a config that is not there',
      withManifest([{ ...image, Config: 'x.json' }]),
      /names "x.json", which is not in the archive/,
    ],
    [
      'a layer that is not there',
      withManifest([{ ...image, Layers: ['x.tar'] }]),
      /names "x.tar", which is not in the archive/,
    ],
    [
      'a layer outside',
      withManifest([{ ...image, Layers: ['../x.tar'] }]),
      /names "..\/x.tar", which is not in/,
    ],
    ['a config that is no JSON', { ...good, [configName]: Buffer.from('{') }, /image config is no JSON/],
    ['a config that is none', { ...good, [configName]: json({ os: 'linux' }) }, /not an image config/],
    [
      'more diff_ids than layers',
      { ...good, [configName]: imageConfig(Array(2).fill(`sha256:${'0'.repeat(64)}`)) },
      /2 diff_ids for 1 layers/,
    ],
    [
      'a diff_id that is none',
      { ...good, [configName]: imageConfig(['sha256:x']) },
      /not a diff_id: sha256:x/,
    ],
    [
      'a layer that is elsewhere',
      withManifest([
        {
          ...image,
          Layers: ['x.tar'],
          LayerSources: { [`sha256:${sha256Hex(layer)}`]: { urls: ['https://example.org/x'] } },
        },
      ]),
      /"x.tar" is elsewhere \("https:\/\/example.org\/x"\)/,
    ],
    [
      'a document of many megabytes',
      { ...good, [manifestName]: Buffer.alloc(9e6, ' ') },
      /"manifest.json" has 9000000 bytes/,
    ],
  ]
  for (const [name, files, says] of contents) await refused(name, await writeArchive(t, files), says)

  const made: [name: string, change: (path: string) => Promise<unknown>, says: RegExp][] = [
    ['cut within a layer', (path) => truncate(path, 2000), /a truncated tar: it ends within ".*layer.tar"/],
    [
      'cut within a header',
      (path) => truncate(path, 512 + layer.length + 100),
      /a truncated tar: it ends within a header/,
    ],
    ['cut between entries', (path) => truncate(path, 512 + layer.length), /without manifest.json/],
    [
      'a damaged header',
      (path) => patch(path, 512 + layer.length, (block) => block.fill(0x41, 20, 30)),
      /a damaged tar header \(at byte/,
    ],
    [
      'a lying size',
      (path) => patch(path, 0, (block) => withSum(sized(block, '77777777777'))),
      /a truncated tar: it ends within/,
    ],
    [
      'a size below nothing',
      (path) => patch(path, 512 + layer.length, (block) => withSum(binarySized(block, 0xff))),
      /a size that is not a number|not a tar header/,
    ],
    [
      'a size beyond numbers',
      (path) => patch(path, 512 + layer.length, (block) => withSum(binarySized(block, 0x80))),
      /a size that is not a number|not a tar header/,
    ],
    [
      'an entry twice, another',
      (path) => append(path, { [layerName]: Buffer.from('other') }),
      /is in the archive twice, and not the same/,
    ],
    [
      'the manifest twice',
      (path) => append(path, { [manifestName]: good[manifestName] ?? layer }),
      /"manifest.json" is in the archive twice/,
    ],
    [
      'an absolute name',
      (path) => append(path, { x: layer }, ['-P', '--transform=s,^,/,']),
      /a name that leads out of the archive: "\/x"/,
    ],
    [
      'a name that goes up',
      (path) => append(path, { x: layer }, ['-P', '--transform=s,^,a/../../,']),
      /a name that leads out of the archive/,
    ],
  ]
  for (const [name, change, says] of made) {
    const path = await writeArchive(t, good)
    await change(path)
    await refused(name, path, says)
  }
  const sparse = await temporaryDirectory(t, 'sparse')
  for (const format of ['gnu', 'pax']) {
    await execa(
      'sh',
      [
        '-c',
        'truncate -s 1M hole && echo x >> hole && mkdir -p blobs && tar -S --format="$0" -cf sparse.tar blobs hole',
        format,
      ],
      { cwd: sparse },
    )
    await refused(`sparse, ${format}`, `${sparse}/sparse.tar`, /a sparse file/)
  }
  const links = withManifest([{ ...image, Layers: ['a.tar'] }])
  for (const [target, says] of [
    ['b.tar', /"a.tar" is a link that leads nowhere/],
    ['/etc/passwd', /which is not in the archive/],
    ['../../etc/passwd', /which is not in the archive/],
    ['missing.tar', /which is not in the archive/],
  ] as const) {
    const path = await writeArchive(t, { ...links, 'a.tar': { link: target }, 'b.tar': { link: 'a.tar' } })
    await refused(`a link to ${target}`, path, says)
  }
  const filled = await writeArchive(t, good, { names: [layerName] })
  const linked = await readFile(await writeArchive(t, { 'a.tar': { link: 'b.tar' } }))
  await writeFile(filled, Buffer.concat([(await readFile(filled)).subarray(0, 512 + layer.length), linked]))
  await patch(filled, 512 + layer.length, (block) => withSum(sized(block, '00000000001')))
  await refused('a link with contents', filled, /a link with contents: "a.tar"/)
  const twice = await writeArchive(t, good, {
    names: [...Object.keys(good), layerName],
    args: ['--hard-dereference'],
  })
  t.equal(
    storedLayers(await read(twice)).length,
    1,
    'a layer twice, as nixpkgs writes those of its base image',
  )

  async function refused(name: string, path: string, says: RegExp): Promise<void> {
    const error: unknown = await read(path).catch((cause: unknown) => cause)
    t.match(error, { name: 'RegistryError', kind: 'unservable', message: says }, name)
    t.match(error, { message: path }, `${name}: says which path`)
    t.notMatch(error, { message: '\n' }, `${name}: in one line`)
  }
  async function append(path: string, files: Files, args: readonly string[] = []): Promise<void> {
    const more = await readFile(await writeArchive(t, files, { args }))
    const tar = await readFile(path)
    const end = tar.lastIndexOf(Buffer.from(']')) + 1
    await writeFile(path, Buffer.concat([tar.subarray(0, Math.ceil(end / 512) * 512), more]))
  }
})

void t.test('bytes by chance are never anything but refused', async (t) => {
  const good = await readFile(await writeArchive(t, archiveFiles([await layerTar(t, 'one')])))
  const path = await writeArchive(t, { x: good })
  for (let i = 0; i < 300; i++) {
    const bytes = Buffer.from(good)
    const [at = 0, value = 0, cut = 0] = randomBytes(12).reduce<number[]>((all, byte, j) => {
      all[j >> 2] = ((all[j >> 2] ?? 0) << 8) + byte
      return all
    }, [])
    bytes.writeUInt8(value & 0xff, Math.abs(at) % bytes.length)
    await writeFile(path, i % 2 === 0 ? bytes : bytes.subarray(0, Math.abs(cut) % bytes.length))
    const outcome: unknown = await read(path).catch((error: unknown) => error)
    const isFine =
      outcome === undefined ||
      !(outcome instanceof Error) ||
      (outcome.name === 'RegistryError' && 'kind' in outcome && outcome.kind === 'unservable')
    if (!isFine) t.fail(`round ${i}: ${String(outcome)}`)
  }
  t.pass('300 rounds')
})

async function patch(path: string, at: number, change: (block: Buffer) => unknown): Promise<void> {
  const bytes = await readFile(path)
  change(bytes.subarray(at, at + 512))
  await writeFile(path, bytes)
}

function sized(block: Buffer, octal: string): Buffer {
  block.write(octal, 124, 'latin1')
  return block
}

function binarySized(block: Buffer, first: number): Buffer {
  return block.fill(0x7f, 124, 136).fill(first, 124, 125)
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
