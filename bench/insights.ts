/**
 * What is told about images: the time until an SBOM is there, the rate of listings of referrers against docker-registry's
 * manifests, and memory after a thousand SBOMs.
 */
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { pullManifest, repositoryUrl } from '../test/e2e/client.ts'
import { memoryOf } from '../test/support/memory-of.ts'
import { nixEnv } from '../test/support/nix.ts'
import { startDockerRegistry } from '../test/support/docker-registry.ts'
import { startPushless } from '../test/support/registry-process.ts'
import type { Scope } from '../test/support/scope.ts'
import { median, timed, type Figure } from './figure.ts'
import { copyImage } from './copy-image.ts'
import { requestRate } from './request-rate.ts'

const LIBRARY = fileURLToPath(new URL('../nix', import.meta.url))
const BUILD_LIMIT_MS = 600_000
const ROUNDS = 5
const IMAGES = 1_000
const TARGETS = { warmMs: 20, coldMs: 150, largeColdMs: 1_500, rate: 5, megabytes: 40 } as const

/**
 * Store paths that each refer to up to five others, with metadata, and images of them: one of 50 paths, one of 600, and a
 * thousand that differ in one label.
 */
const EXPRESSION = `
  let
    inherit (import ${LIBRARY} { }) image;
    system = builtins.currentSystem;
    paths = builtins.foldl' (done: i: done ++ [
      (derivation {
        name = "lib\${toString i}-1.\${toString i}";
        pname = "lib\${toString i}";
        version = "1.\${toString i}";
        inherit system;
        builder = "/bin/sh";
        uses = builtins.genList (k: builtins.elemAt done (i - 1 - k * 7)) (if i == 0 then 0 else if i < 40 then 1 else 5);
        args = [ "-c" "echo $uses > $out" ];
      } // { meta = { license.spdxId = "MIT"; description = "library \${toString i}"; homepage = "https://example.org/\${toString i}"; }; })
    ]) [ ] (builtins.genList (i: i) 600);
    of = name: count: more: image ({
      inherit name system;
      layers = [ [ (builtins.elemAt paths (count - 1)) ] ];
      metadata = builtins.genList (builtins.elemAt paths) count;
    } // more);
  in
  [ (of "small" 50 { }) (of "large" 600 { }) ]
  ++ builtins.genList (i: of "many" 50 { labels.number = toString i; }) ${IMAGES}
`

export async function measureInsights(scope: Scope): Promise<readonly Figure[]> {
  const { stdout } = await execa('nix-build', ['--no-out-link', '-E', EXPRESSION], {
    env: nixEnv,
    timeout: BUILD_LIMIT_MS,
  })
  const [small = '', large = '', ...many] = stdout.trim().split('\n')
  const cold: number[] = []
  const warm: number[] = []
  const largeCold: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const server = await startPushless(scope)
    cold.push(await sbomMs(server.url, small))
    warm.push(await sbomMs(server.url, small))
    largeCold.push(await sbomMs(server.url, large))
    await server.stop()
  }
  return [
    time('SBOM of 50 store paths, its image known, cold', cold, TARGETS.coldMs),
    time('the same, warm', warm, TARGETS.warmMs),
    time('SBOM of 600 store paths, its image known, cold', largeCold, TARGETS.largeColdMs),
    await listingRate(scope, small),
    await growth(scope, many),
  ]
}

/** The time from the question for referrers to the last byte of the SBOM, of an image that was pulled before. */
async function sbomMs(url: string, image: string): Promise<number> {
  const base = repositoryUrl(url, image)
  const { digest } = await pullManifest(url, image)
  const { ms } = await timed(async () => {
    const { manifests } = await json<{ manifests: { digest: string }[] }>(`${base}/referrers/${digest}`)
    const { layers } = await json<{ layers: { digest: string }[] }>(
      `${base}/manifests/${manifests[0]?.digest}`,
    )
    await json(`${base}/blobs/${layers[0]?.digest}`)
  })
  return ms
}

async function listingRate(scope: Scope, image: string): Promise<Figure> {
  const server = await startPushless(scope)
  const registry = await startDockerRegistry(scope)
  const theirs = await copyImage(server.url, image, registry.url)
  const { digest } = await pullManifest(server.url, image)
  const listing = `${repositoryUrl(server.url, image)}/referrers/${digest}`
  await json(listing)
  const rounds: { readonly ours: number; readonly theirs: number }[] = []
  for (let round = 0; round < ROUNDS; round++)
    rounds.push({ ours: await requestRate(listing), theirs: await requestRate(`${theirs}/manifests/nix`) })
  const rate = median(rounds.map((round) => round.ours / round.theirs))
  return {
    name: 'listings of referrers a second, against docker-registry’s manifests',
    value: `${rate.toFixed(1)} x`,
    number: rate,
    target: `>= ${TARGETS.rate} x`,
    isMet: rate >= TARGETS.rate,
    note: `${median(rounds.map((round) => round.ours)).toFixed(0)} against ${median(rounds.map((round) => round.theirs)).toFixed(0)} a second`,
  }
}

/** Images are pulled before, so that what they take isn't counted. */
async function growth(scope: Scope, images: readonly string[]): Promise<Figure> {
  const server = await startPushless(scope)
  for (const image of images) await pullManifest(server.url, image)
  for (const image of images.slice(0, 20)) await sbomMs(server.url, image)
  const before = await memoryOf(server.pid, 'VmRSS')
  for (const image of images) await sbomMs(server.url, image)
  const grown = (await memoryOf(server.pid, 'VmRSS')) - before
  return {
    name: `resident memory, grown by ${images.length} SBOMs of 50 store paths`,
    value: `${grown.toFixed(0)} MB`,
    number: grown,
    target: `<= ${TARGETS.megabytes} MB`,
    isMet: grown <= TARGETS.megabytes,
    note: `${before.toFixed(0)} MB before`,
  }
}

function time(name: string, rounds: readonly number[], target: number): Figure {
  const ms = median(rounds)
  return {
    name,
    value: `${ms.toFixed(0)} ms`,
    number: ms,
    target: `<= ${target} ms`,
    isMet: ms <= target,
    note: `${rounds.length} rounds, ${Math.min(...rounds).toFixed(0)} to ${Math.max(...rounds).toFixed(0)} ms`,
  }
}

async function json<T>(url: string): Promise<T> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status}`)
  return (await response.json()) as T
}
