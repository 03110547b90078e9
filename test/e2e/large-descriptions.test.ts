/** Descriptions in JSON that are too large to be one, or would be when they are read. */
import { open, readFile, writeFile } from 'node:fs/promises'
import t from 'tap'
import { pullManifest, refusal, repositoryUrl } from './client.ts'
import { exampleImage } from './example.ts'
import { makeStorePath } from '../nix/real-store.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const skip = missing('nix')
const GB = 2 ** 30
/** What a description may have. */
const LIMIT = 16 * 2 ** 20
/** The files themselves are 16 MB, and their text is as much again: a parser would add a gigabyte. */
const MAX_GROWTH_MB = 120

const filled = (start: string, part: string, end: string) => {
  const times = Math.floor((LIMIT - start.length - end.length) / part.length)
  return start + part.repeat(times) + end
}
const OURS = '{"pushless":1,"name":"x","config":'

void t.test('JSON of brackets', { skip }, async (t) => {
  const rows: readonly (readonly [what: string, text: string, says: RegExp])[] = [
    ['lists in lists', filled(OURS, '[', ''), /nested too deep/],
    [
      'lists in lists, closed',
      `${filled(OURS, '[', '').slice(0, LIMIT / 2)}${']'.repeat(LIMIT / 2 - 40)}}`,
      /too deep/,
    ],
    ['objects in objects', filled(OURS, '{"":', ''), /nested too deep/],
    ['lists', filled(`${OURS}[`, '[],', '0]}'), /more than 500000 values/],
    ['objects', filled(`${OURS}[`, '{},', '0]}'), /more than 500000 values/],
    ['platforms', filled('{"pushless":1,"name":"x","platforms":[', '{},', '0]}'), /more than 500000 values/],
    ['layers of nix2container', filled('{"version":1,"layers":[', '{},', '0]}'), /more than 500000 values/],
    ['layers of a streamed image', filled('{"store_layers":[', '[],', '0]}'), /more than 500000 values/],
  ]
  for (const [what, text, says] of rows) {
    const path = await makeStorePath('brackets.json', (file) => writeFile(file, text))
    // One server each, since memory is told at its highest.
    const server = await startPushless(t)
    await pullManifest(server.url, await exampleImage())
    const before = await residentMegabytes(server.pid)
    const got = await refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`))
    t.match(got, { status: 500, reason: 'not servable as an image', message: says }, what)
    t.ok(got.message.includes(path), what)
    const growth = (await residentMegabytes(server.pid)) - before
    t.ok(growth < MAX_GROWTH_MB, `${what}: ${Math.round(growth)} MB more`)
    await server.stop()
  }
})

void t.test('a file of a gigabyte that begins like an image', { skip }, async (t) => {
  const path = await makeStorePath('gigabyte.json', async (name) => {
    const file = await open(name, 'w')
    await file.writeFile('{"pushless":1,"name":"x","platforms":"')
    await file.truncate(GB)
    await file.close()
  })
  const server = await startPushless(t)
  const good = await exampleImage()
  await pullManifest(server.url, good)
  const before = await residentMegabytes(server.pid)
  const read = await readBytes(server.pid)
  const got = await refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`))
  t.match(got, { status: 404, code: 'NAME_UNKNOWN' }, 'no image')
  t.ok((await readBytes(server.pid)) - read < GB / 20, 'without reading it')
  const growth = (await residentMegabytes(server.pid)) - before
  t.ok(growth < MAX_GROWTH_MB, `${Math.round(growth)} MB more`)
  t.equal((await fetch(`${repositoryUrl(server.url, good)}/manifests/nix`)).status, 200)
})

/** At its highest. */
async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Infinity) / 1024
}

/** How much the process has read by its system calls. */
async function readBytes(pid: number): Promise<number> {
  return Number(/^rchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1] ?? Infinity)
}
