/** Many who want much at once: each thing is built once, everybody gets all of it, and the server stays small. */
import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { execa } from 'execa'
import t from 'tap'
import { repositoryUrl, sha256, type Manifest } from './client.ts'
import { fixture, nixEnv, nixStore } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const CLIENTS = 200
const IMAGES = 20
const BUILDS_AT_ONCE = 2
const BUILD_S = 1
/** containerd 2.3 leaves after 30 s without a response header. */
const HEADER_LIMIT_MS = 25_000
const MEMORY_LIMIT_MB = 250
/** A client that is put off longer than the whole takes is not served. */
const CLIENT_LIMIT_MS = 150_000

type Figures = { requests: number; refusals: number; slowestHeaderMs: number }

void t.test(
  `${CLIENTS} clients, ${IMAGES} images that were never built`,
  { skip: missing('nix') },
  async (t) => {
    const salt = `stress-\${toString n}-${process.pid}`
    const { stdout: derivations } = await execa(
      'nix-instantiate',
      [
        '--expr',
        `builtins.genList (n: (import ${fixture('shapes.nix')} { seconds = ${BUILD_S}; salt = "${salt}"; }).slow) ${IMAGES}`,
      ],
      { env: nixEnv, lines: true },
    )
    const outputs = await nixStore('--query', '--outputs', ...derivations)
    t.equal(outputs.length, IMAGES)
    // A hold shorter than the whole takes, so that clients are put off and come back.
    const server = await startPushless(t, {
      args: ['--serve-packages', '--builds', String(BUILDS_AT_ONCE), '--hold', '5'],
    })
    const figures: Figures = { requests: 0, refusals: 0, slowestHeaderMs: 0 }
    const start = performance.now()
    const digests = await Promise.all(
      Array.from({ length: CLIENTS }, async (_, i) => pull(server.url, outputs[i % IMAGES] ?? '', figures)),
    )
    const seconds = (performance.now() - start) / 1000
    const megabytes = await peakMegabytes(server.pid)

    t.equal(digests.length, CLIENTS, 'every client pulled, and every blob was right')
    t.equal(new Set(digests).size, IMAGES, 'all who asked for one got the same')
    t.equal(server.logs.filter(({ kind }) => kind === 'building').length, IMAGES, 'each was built once')
    t.ok(figures.refusals > 0, 'some were put off')
    t.ok(figures.slowestHeaderMs <= HEADER_LIMIT_MS, 'and none was kept waiting')
    t.ok(megabytes <= MEMORY_LIMIT_MB, `${megabytes} MB`)
    t.same(
      server.logs.filter(({ level }) => Number(level) >= 50),
      [],
      'nothing went wrong on the way',
    )
    t.comment(
      `${CLIENTS} pulls of ${IMAGES} images in ${seconds.toFixed(1)} s: ${figures.requests} requests, ` +
        `${figures.refusals} put off, slowest response header ${(figures.slowestHeaderMs / 1000).toFixed(1)} s, ` +
        `${megabytes} MB at most`,
    )
  },
)

/** One client: HEAD and GET of the manifest, then every blob. @returns the manifest's digest. */
async function pull(url: string, path: string, figures: Figures): Promise<string> {
  const base = repositoryUrl(url, path)
  await ask(`${base}/manifests/nix`, figures, 'HEAD')
  const response = await ask(`${base}/manifests/nix`, figures)
  const text = await response.text()
  const digest = response.headers.get('docker-content-digest') ?? ''
  if (sha256(text) !== digest) throw new Error(`manifest of ${path} isn't ${digest}`)
  const manifest = JSON.parse(text) as Manifest
  for (const blob of [manifest.config, ...manifest.layers]) {
    const bytes = Buffer.from(await (await ask(`${base}/blobs/${blob.digest}`, figures)).arrayBuffer())
    if (sha256(bytes) !== blob.digest) throw new Error(`blob of ${path} isn't ${blob.digest}`)
  }
  return digest
}

/** Asks again as long as it is told to, when it is told to. */
async function ask(url: string, figures: Figures, method = 'GET'): Promise<Response> {
  for (const end = performance.now() + CLIENT_LIMIT_MS; performance.now() < end;) {
    const start = performance.now()
    const response = await fetch(url, { method })
    figures.requests += 1
    figures.slowestHeaderMs = Math.max(figures.slowestHeaderMs, performance.now() - start)
    if (response.status === 200) return response
    if (response.status !== 429) throw new Error(`${response.status} ${response.statusText} for ${url}`)
    figures.refusals += 1
    await response.arrayBuffer()
    const seconds = Number(response.headers.get('retry-after'))
    if (!(seconds > 0)) throw new Error('429 without Retry-After')
    await setTimeout(seconds * 1000)
  }
  throw new Error(`put off for ${CLIENT_LIMIT_MS} ms: ${url}`)
}

/** The most memory that the process ever had resident. */
async function peakMegabytes(pid: number): Promise<number> {
  const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Math.round(Number(kilobytes) / 1024)
}
