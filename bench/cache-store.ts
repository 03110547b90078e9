/**
 * The cache store: the first manifest of an image that a binary cache has, beside `nix copy --from` of the same; warm
 * pulls beside those from a Nix daemon; and the memory while many closures are fetched at once.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { pullManifest, repositoryUrl } from '../test/e2e/client.ts'
import { nixEnv } from '../test/support/nix.ts'
import { startNginx } from '../test/support/nginx.ts'
import { startPushless, type Pushless } from '../test/support/registry-process.ts'
import { temporaryDirectory, type Scope } from '../test/support/scope.ts'
import { downloadSpeed } from './download-speed.ts'
import { median, timed, type Figure } from './figure.ts'
import { memoryOf } from '../test/support/memory-of.ts'
import { requestRate } from './request-rate.ts'

const ROUNDS = 3
const TARGET_RATIO = 1.5
const TARGET_MS = 2500
/** Equal within noise. */
const TARGET_WARM = 0.9
const CLOSURES = 20
const TARGET_MEGABYTES = 300
const NIX = ['--extra-experimental-features', 'nix-command']

export async function measureCacheStore(scope: Scope, image: string): Promise<readonly Figure[]> {
  const base = await temporaryDirectory(scope, 'cache-store')
  const cache = join(base, 'cache')
  await copyTo(cache, [image])
  const { url } = await startNginx(scope, `root ${cache};`)
  return [
    await measureCold(scope, `file://${cache}`, image, 'a file cache'),
    await measureCold(scope, url, image, 'a loopback HTTP cache'),
    ...(await measureWarm(scope, `file://${cache}`, image)),
    await measureFetches(scope, base),
  ]
}

async function measureCold(scope: Scope, cache: string, image: string, name: string): Promise<Figure> {
  const ours: number[] = []
  const nix: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const server = await startCacheStore(scope, cache)
    ours.push((await timed(() => pullManifest(server.url, image))).ms)
    await server.stop()
    await rm(server.state, { recursive: true })
    const store = await temporaryDirectory(scope, 'store')
    const args = ['copy', '--no-check-sigs', '--from', cache, '--to', store, image]
    nix.push((await timed(() => execa('nix', [...NIX, ...args], { env: nixEnv }))).ms)
    await execa('chmod', ['-R', 'u+w', store])
    await rm(store, { recursive: true })
  }
  const [own, theirs] = [median(ours), median(nix)]
  return {
    name: `first manifest from ${name} (zstd), against nix copy --from`,
    value: `${(own / theirs).toFixed(2)} x`,
    number: own / theirs,
    target: `<= ${TARGET_RATIO} x, ${TARGET_MS} ms`,
    isMet: own / theirs <= TARGET_RATIO && own <= TARGET_MS,
    note: `${own.toFixed(0)} ms against ${theirs.toFixed(0)} ms`,
  }
}

async function measureWarm(scope: Scope, cache: string, image: string): Promise<readonly Figure[]> {
  const cached = await startCacheStore(scope, cache)
  const daemon = await startPushless(scope)
  const { manifest } = await pullManifest(cached.url, image)
  await pullManifest(daemon.url, image)
  const layer = manifest.layers.toSorted((a, b) => b.size - a.size)[0]
  if (layer === undefined) throw new Error('no layer')
  const rates: number[] = []
  const speeds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [own, theirs] = [repositoryUrl(cached.url, image), repositoryUrl(daemon.url, image)]
    rates.push((await requestRate(`${own}/manifests/nix`)) / (await requestRate(`${theirs}/manifests/nix`)))
    speeds.push(
      (await downloadSpeed(`${own}/blobs/${layer.digest}`)) /
        (await downloadSpeed(`${theirs}/blobs/${layer.digest}`)),
    )
  }
  await cached.stop()
  await daemon.stop()
  return [warmFigure('manifests a second', rates), warmFigure('layer, bytes a second', speeds)]
}

function warmFigure(name: string, ratios: readonly number[]): Figure {
  return {
    name: `warm ${name}, cache store against daemon store`,
    value: `${median(ratios).toFixed(2)} x`,
    number: median(ratios),
    target: `>= ${TARGET_WARM} x`,
    isMet: median(ratios) >= TARGET_WARM,
    note: ratios.map((ratio) => ratio.toFixed(2)).join(', '),
  }
}

/** Closures that share nothing, of six paths each. */
async function measureFetches(scope: Scope, base: string): Promise<Figure> {
  const expression = `
    let
      blob = name: references: derivation {
        inherit name references;
        system = builtins.currentSystem;
        builder = "/bin/sh";
        args = [ "-c" "mkdir $out; echo $references > $out/references; head -c 4000000 /dev/urandom > $out/data" ];
        PATH = "/bin:/usr/bin";
      };
    in
    builtins.genList (n: blob "root-\${toString n}" (builtins.genList (i: blob "part-\${toString n}-\${toString i}" [ ]) 5)) ${CLOSURES}`
  const { stdout } = await execa('nix-build', ['--no-out-link', '-E', expression], { env: nixEnv })
  const roots = stdout.trim().split('\n')
  const cache = join(base, 'many')
  await copyTo(cache, roots)
  const server = await startCacheStore(scope, `file://${cache}`)
  const idle = await memoryOf(server.pid, 'VmRSS')
  const { ms } = await timed(() => Promise.all(roots.map((root) => pullManifest(server.url, root))))
  const peak = await memoryOf(server.pid, 'VmHWM')
  await server.stop()
  return {
    name: `resident memory at its highest, ${CLOSURES} closures fetched at once`,
    value: `${peak.toFixed(0)} MB`,
    number: peak,
    target: `<= ${TARGET_MEGABYTES} MB`,
    isMet: peak <= TARGET_MEGABYTES,
    note: `${idle.toFixed(0)} MB before; 480 MB in ${(ms / 1000).toFixed(1)} s`,
  }
}

function startCacheStore(scope: Scope, cache: string): Promise<Pushless> {
  return startPushless(scope, {
    args: ['--store', 'cache', '--caches', cache, '--no-require-signature', '--serve-packages'],
    env: { PUSHLESS_NIX: 'unix:/nonexistent' },
  })
}

async function copyTo(directory: string, paths: readonly string[]): Promise<void> {
  const args = ['copy', '--to', `file://${directory}?compression=zstd`, ...paths]
  await execa('nix', [...NIX, ...args], { env: nixEnv })
}
