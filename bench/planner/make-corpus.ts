/**
 * Makes `corpus.json.br` from the archives of Debian, on a machine with apt and the network:
 *
 *     node bench/planner/make-corpus.ts <directory> <mirror>/debian <mirror>/debian-security
 *
 * What it reads is real: the names, sizes and dependencies of packages in the newest point releases of bookworm and
 * trixie, and from the changelogs which source package was changed when, and where the change was published. What it
 * models: between two point releases a package keeps its size and its dependencies.
 */
import { writeFile } from 'node:fs/promises'
import { brotliCompressSync } from 'node:zlib'
import { parseChangelog, type Upload } from './debian/changelog.ts'
import { openApt, type Apt } from './debian/apt.ts'
import { closureOf, packageGraph, withoutCircles, type PackageGraph } from './debian/package-graph.ts'
import type { Package } from './debian/packages-file.ts'
import { IMAGES } from './images.ts'
import { CORPUS_FILE, type CorpusFile, type ReleaseFile } from './corpus.ts'

/** Each with the first day of each month on which a node updates: from its release until the next one. */
const RELEASES = [
  { name: 'bookworm', mark: /deb12/, from: [2023, 7], months: 26 },
  { name: 'trixie', mark: /deb13/, from: [2025, 9], months: 15 },
] as const

const [directory, mirror, security] = process.argv.slice(2)
if (directory === undefined || mirror === undefined || security === undefined)
  throw new Error('usage: make-corpus.ts <directory> <mirror>/debian <mirror>/debian-security')
const apt = await openApt(directory, { mirror, security })
const steps: { readonly at: string; readonly release: number }[] = []
const releases: ReleaseFile[] = []
for (const [release, { name, mark, from, months }] of RELEASES.entries()) {
  const days = Array.from({ length: months }, (_, i) => new Date(Date.UTC(from[0], from[1] - 1 + i, 1)))
  const first = steps.length
  steps.push(...days.map((day) => ({ at: day.toISOString().slice(0, 10), release })))
  releases.push(await releaseOf(apt, { name, mark, days, first }))
}
const text = JSON.stringify({ steps, releases } satisfies CorpusFile)
await writeFile(CORPUS_FILE, brotliCompressSync(text))
console.log(
  `${steps.length} steps, ${releases.map(({ packages }) => packages.length).join(' and ')} packages`,
)

type Wanted = {
  readonly name: string
  readonly mark: RegExp
  readonly days: readonly Date[]
  /** The number of the first of these days among all steps. */
  readonly first: number
}

async function releaseOf(apt: Apt, wanted: Wanted): Promise<ReleaseFile> {
  const { name } = wanted
  const graph = packageGraph(await apt.packages(name))
  const later = [...(await apt.packages(`${name}-updates`)), ...(await apt.packages(`${name}-security`))]
  const images = IMAGES.map((image) => ({
    name: image.name,
    roots: image.roots.map((root) => rootOf(graph, root)),
  }))
  const names = [
    ...closureOf(
      graph,
      images.flatMap(({ roots }) => roots),
    ),
  ].sort()
  const needs = withoutCircles(graph, new Set(names))
  const number = new Map(names.map((one, i) => [one, i]))
  const numbersOf = (some: Iterable<string>) =>
    [...some].flatMap((one) => number.get(one) ?? []).sort((a, b) => a - b)
  const used = names.flatMap((one) => graph.packages.get(one) ?? [])
  const sources = [...new Set(used.map(({ source }) => source))].sort()
  const changes = await changesOf(
    { ...wanted, sources },
    { apt, all: [...graph.packages.values()], used, later },
  )
  return {
    name,
    sources,
    packages: used.map((entry) => [
      entry.name,
      entry.version,
      entry.bytes,
      graph.popularity.get(entry.name) ?? 0,
      sources.indexOf(entry.source),
      numbersOf(needs.get(entry.name) ?? []),
    ]),
    changes,
    images: images.map(({ name, roots }) => [name, numbersOf(closureOf(graph, roots)), numbersOf(roots)]),
  }
}

type Found = {
  readonly apt: Apt
  /** The packages of the release, those of them that the images have, and newer ones from other archives. */
  readonly all: readonly Package[]
  readonly used: readonly Package[]
  readonly later: readonly Package[]
}

/** Returns for each source that was changed after the release from which step on it had which version. */
async function changesOf(
  { name, mark, days, first, sources }: Wanted & { readonly sources: readonly string[] },
  { apt, all, used, later }: Found,
): Promise<ReleaseFile['changes']> {
  const touched = sources.filter(
    (source) =>
      bySource(later, source).length > 0 || bySource(used, source).some(({ version }) => mark.test(version)),
  )
  const inRelease = await uploadsOf(apt, all, [...touched, 'base-files'])
  const after = await uploadsOf(apt, later, touched)
  const releaseDay = days[0]?.getTime() ?? 0
  const pointReleases = (inRelease.get('base-files') ?? [])
    .map(({ at }) => at)
    .filter((at) => at > releaseDay)
    .sort((a, b) => a - b)
  return touched.map((source): ReleaseFile['changes'][number] => {
    const uploads = [...(inRelease.get(source) ?? []), ...(after.get(source) ?? [])]
    const known = [...new Map(uploads.map((upload) => [upload.version, upload])).values()]
    const found = days.flatMap((day, i) =>
      versionAt(known, day.getTime(), { pointReleases, releaseDay }).map(
        (version) => [first + i, version] as const,
      ),
    )
    const changed = found.filter(([, version], i) => version !== found[i - 1]?.[1])
    console.log(`${name} ${source}: ${changed.length} of ${known.length} versions`)
    return [sources.indexOf(source), changed]
  })
}

/** A change for the security archive is there at once, another one with the next point release. */
function versionAt(
  uploads: readonly Upload[],
  at: number,
  { pointReleases, releaseDay }: { readonly pointReleases: readonly number[]; readonly releaseDay: number },
): readonly string[] {
  const visible = uploads.map((upload) => ({
    version: upload.version,
    at:
      upload.at <= releaseDay || /security/.test(upload.distribution)
        ? upload.at
        : (pointReleases.find((day) => day >= upload.at) ?? Number.POSITIVE_INFINITY),
    uploaded: upload.at,
  }))
  const [newest] = visible.filter((upload) => upload.at <= at).sort((a, b) => b.uploaded - a.uploaded)
  return newest === undefined ? [] : [newest.version]
}

async function uploadsOf(
  apt: Apt,
  packages: readonly Package[],
  sources: readonly string[],
): Promise<ReadonlyMap<string, readonly Upload[]>> {
  const bySource = new Map(
    sources.map((source) => [source, packages.filter((entry) => entry.source === source)]),
  )
  const texts = await apt.changelogs(bySource)
  return new Map([...texts].map(([source, text]) => [source, parseChangelog(text)]))
}

function rootOf({ packages }: PackageGraph, name: string): string {
  if (!packages.has(name)) throw new Error(`no package ${name}`)
  return name
}

const bySource = (list: readonly Package[], source: string) => list.filter((entry) => entry.source === source)
