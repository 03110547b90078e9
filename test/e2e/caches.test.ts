/** Binary caches in trouble: what each kind of trouble is answered with, and that nothing of it stays behind. */
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { pullAll, refusal, repositoryUrl } from './client.ts'
import { childrenOf } from './processes.ts'
import { until } from './until.ts'
import { serveCache, type BinaryCache, type CachedFile, type Fault } from '../support/binary-cache.ts'
import { privateNix, type PrivateNix } from '../support/private-nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const SILENT_S = 4
const PASSWORD = 'hunter2'
const ROUNDS = 10
/** Paths that each need one of their own: as many as this file asks for. */
const IMAGES = 24

const isNar = ({ url }: CachedFile) => url.startsWith('/nar/')
const isNarinfo = ({ url }: CachedFile) => url.endsWith('.narinfo')
const when =
  (matches: (file: CachedFile) => boolean, fault: Fault): Fault =>
  (file, response) =>
    matches(file) ? fault(file, response) : 'as usual'
const status =
  (code: number): Fault =>
  (_, response) =>
    void response.writeHead(code).end('no luck')
const half: Fault = ({ bytes }, response) => {
  response.writeHead(200, { 'content-length': bytes.length })
  response.write(bytes.subarray(0, bytes.length / 2))
}

type Row = { readonly fault: Fault; readonly reason: string; readonly says: RegExp }

const FAULTS: Readonly<Record<string, Row>> = {
  'sends other bytes': {
    fault: when(isNar, ({ bytes }, response) => void response.end(bytes.toReversed())),
    reason: 'nix fetch failed',
    says: /compression|hash mismatch|corrupt/,
  },
  'states another hash': {
    fault: when(
      isNarinfo,
      ({ bytes }, response) =>
        void response.end(
          bytes
            .toString()
            .replace(/(NarHash: sha256:)(.)/, (_, key, first) => `${key}${first === '0' ? 1 : 0}`),
        ),
    ),
    reason: 'nix fetch failed',
    says: /hash mismatch/,
  },
  'cuts the connection in the middle of an archive': {
    fault: when(isNar, (file, response) => {
      void half(file, response)
      setTimeout(() => response.destroy(), 50)
    }),
    reason: 'nix fetch failed',
    says: /unable to download .*partial/,
  },
  'lost an archive': {
    fault: when(isNar, status(404)),
    reason: 'nix fetch failed',
    says: /does not exist in binary cache/,
  },
  'lost what the path needs': {
    fault: when(
      ({ url, bytes }) =>
        isNarinfo({ url, bytes }) && /-needed-/.test(bytes.toString()) && !/-image-/.test(bytes.toString()),
      status(404),
    ),
    reason: 'nix fetch failed',
    says: /no binary cache has \/nix\/store\/[^ ]*-needed-/,
  },
  'fails at archives': {
    fault: when(isNar, status(500)),
    reason: 'nix fetch failed',
    says: /HTTP error 500/,
  },
  'stalls in the middle of an archive': {
    fault: when(isNar, half),
    reason: 'nix fetch failed',
    says: new RegExp(`said nothing for ${SILENT_S} s`),
  },
}

const LOOK_UP_FAULTS: Readonly<Record<string, Row>> = {
  'fails at questions': {
    fault: when(isNarinfo, status(500)),
    reason: 'nix cache lookup failed',
    says: /HTTP error 500/,
  },
  'says nothing to questions': {
    fault: when(isNarinfo, () => undefined),
    reason: 'nix cache lookup failed',
    says: new RegExp(`no answer for ${SILENT_S} s`),
  },
}

void t.test('a binary cache that', { skip: missing('nix', 'root') }, async (t) => {
  const { nix, cache, images } = await filledCache(t)
  const server = await startServer(t, nix, cache.url)
  t.ok((await pullAll(server.url, next(images))).size > 1, 'all is well at first')
  const before = await holdings(server, nix, cache)

  for (const [name, { fault, reason, says }] of Object.entries(FAULTS)) {
    await t.test(name, async (t) => {
      cache.misbehave(fault)
      const path = next(images)
      const response = await fetch(manifestUrl(server, path))
      t.match(await refusalText(response), says)
      t.match({ status: response.status, reason: response.statusText }, { status: 500, reason })
    })
  }
  for (const [name, { fault, reason, says }] of Object.entries(LOOK_UP_FAULTS)) {
    await t.test(name, async (t) => {
      cache.misbehave(fault)
      const path = next(images)
      const response = await fetch(manifestUrl(server, path))
      t.match(response.headers.get('retry-after'), /^[1-9]/, 'it may pass')
      t.match(await refusalText(response), says)
      t.match({ status: response.status, reason: response.statusText }, { status: 503, reason })
      cache.misbehave()
      t.ok((await pullAll(server.url, path)).size > 1, 'and once it has passed the path is there')
    })
  }

  await t.test('fails ten times leaves nothing behind', async (t) => {
    const faults = Object.values(FAULTS).filter(({ says }) => !says.source.includes('said nothing'))
    for (let round = 0; round < ROUNDS; round++) {
      cache.misbehave(faults[round % faults.length]?.fault)
      t.equal((await fetch(manifestUrl(server, next(images)))).status, 500)
    }
    // One of Nix's processes now and then leaves without its file of temporary roots; a collection sweeps that away.
    await nix.run(['nix-store', '--gc'])
    const now = await settled(async () => holdings(server, nix, cache), before)
    t.same(now, before, 'processes, open files, connections and files of temporary roots')
    cache.misbehave()
    t.ok((await pullAll(server.url, next(images))).size > 1, 'and all is well again')
  })
})

void t.test('a binary cache that is not there', { skip: missing('nix', 'root') }, async (t) => {
  const { nix, cache, images } = await filledCache(t)
  const nowhere = await serveCache(t, '/nonexistent')
  nowhere.close()
  const server = await startServer(t, nix, nowhere.url)
  const response = await fetch(manifestUrl(server, next(images)))
  t.match(
    { status: response.status, reason: response.statusText },
    { status: 503, reason: 'nix cache lookup failed' },
  )
  t.match(
    await refusalText(response),
    /unable to download .*(?:connect|refused)/i,
    'not "no such path", which nobody knows',
  )
  await t.test('is no hindrance to building', async (t) => {
    const [drv = ''] = await nix.run(['nix-instantiate', '-E', expression('built', 1)])
    const [built = ''] = await nix.run(['nix-store', '--query', '--outputs', drv])
    t.ok((await pullAll(server.url, built)).size > 1)
  })
  t.equal(await cache.connections(), 0)
})

type Filled = { readonly nix: PrivateNix; readonly cache: BinaryCache; readonly images: string[] }

/** A cache that alone has some images, and a store that knows nothing of them. */
async function filledCache(t: Scope): Promise<Filled> {
  const directory = await temporaryDirectory(t, 'cache')
  const elsewhere = await privateNix(t)
  const images = await elsewhere.run(['nix-build', '--no-out-link', '-E', expression('image', IMAGES)])
  await elsewhere.run(['nix', 'copy', '--to', `file://${directory}`, ...images])
  return { nix: await privateNix(t), cache: await serveCache(t, directory), images }
}

/** Images of a directory each, and each needs a path of its own. */
function expression(name: string, count: number): string {
  return `builtins.genList (n: let
      run = name: needs: derivation {
        inherit name needs; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
        args = [ "-euc" "mkdir $out; echo $needs > $out/needs; seq 10000 > $out/numbers" ];
      };
    in run "${name}-\${toString n}-${process.pid}" [ (run "needed-\${toString n}-${process.pid}" [ ]) ]) ${count}`
}

async function startServer(t: Scope, nix: PrivateNix, url: string): Promise<Pushless> {
  const directory = await temporaryDirectory(t, 'nix-conf')
  const settings = [
    `substituters = ${url.replace('//', `//somebody:${PASSWORD}@`)}`,
    'require-sigs = false',
    'sandbox = false',
    'build-users-group =',
    'download-attempts = 2',
  ]
  await writeFile(join(directory, 'nix.conf'), `${settings.join('\n')}\n`)
  return startPushless(t, {
    prefix: nix.prefix,
    args: ['--serve-packages', '--silent-time', String(SILENT_S)],
    env: { NIX_CONF_DIR: directory, XDG_CACHE_HOME: directory, HOME: directory },
  })
}

/** What a failure could leave behind. */
async function holdings(
  server: Pushless,
  nix: PrivateNix,
  cache: BinaryCache,
): Promise<Record<string, number>> {
  return {
    processes: (await childrenOf(server.pid)).length,
    files: (await readdir(`/proc/${server.pid}/fd`)).length,
    connections: await cache.connections(),
    roots: (await readdir(join(nix.directory, 'var/nix/temproots'))).length,
  }
}

/** What `look` finds once it finds as little as `wanted`, or at the end of its patience. */
async function settled<T extends Record<string, number>>(look: () => Promise<T>, wanted: T): Promise<T> {
  let found = await look()
  await until(async () => {
    found = await look()
    return Object.entries(found).every(([what, count]) => count <= (wanted[what] ?? 0)) ? true : undefined
  }).catch(() => undefined)
  return found
}

/** Message and detail of a refusal, for people: no longer than people read, and without the cache's password. */
async function refusalText(response: Response): Promise<string> {
  const { message, detail } = await refusal(response)
  const text = `${message}\n${JSON.stringify(detail)}`
  if (message.length > 400 || message.includes('\n')) throw new Error(`not short: ${message}`)
  if (text.includes(PASSWORD)) throw new Error(`tells a password: ${text}`)
  return text
}

function manifestUrl(server: Pushless, path: string): string {
  return `${repositoryUrl(server.url, path)}/manifests/nix`
}

function next(images: string[]): string {
  const image = images.pop()
  if (image === undefined) throw new Error('IMAGES is too small')
  return image
}
