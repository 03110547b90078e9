/** The referrers of an image: listed, pulled in parts, the same from another server, and none of what may not be pulled. */
import { execa } from 'execa'
import { join } from 'node:path'
import t from 'tap'
import { pullManifest, repositoryUrl, sha256 } from './client.ts'
import { insightImage } from './insight-image.ts'
import { build, root } from '../nix/nix-command.ts'
import { busybox, nixEnv } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

type Descriptor = {
  readonly digest: string
  readonly size: number
  readonly mediaType: string
  readonly artifactType?: string
  readonly annotations?: Readonly<Record<string, string>>
}
type Index = { readonly manifests: readonly Descriptor[] }
type Manifest = {
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
  readonly subject?: Descriptor
}

const CYCLONEDX = 'application/vnd.cyclonedx+json'
const UNSIGNED = [CYCLONEDX, 'application/spdx+json', 'application/vnd.in-toto+json']
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json'

const json = async <T>(url: string): Promise<T> => {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
  return (await response.json()) as T
}

void t.test('referrers', { skip: missing('nix') }, async (t) => {
  const image = await insightImage()
  const key = join(await temporaryDirectory(t, 'key'), 'key')
  await execa(process.execPath, [`${root}dist/main.js`, 'key', key])
  const server = await startPushless(t, { args: ['--signing-key', key] })
  const base = repositoryUrl(server.url, image)
  const { digest } = await pullManifest(server.url, image)
  const { manifests } = await json<Index>(`${base}/referrers/${digest}`)

  await t.test('are listed: the SBOM first, then what is signed', async (t) => {
    t.strictSame(
      manifests.map(({ artifactType }) => artifactType),
      [...UNSIGNED, BUNDLE, BUNDLE, BUNDLE, BUNDLE],
    )
    const head = await fetch(`${base}/referrers/${digest}`, { method: 'HEAD' })
    t.equal(head.status, 200)
    t.equal(head.headers.get('oci-filters-applied'), null)
  })

  await t.test('of one type', async (t) => {
    const response = await fetch(`${base}/referrers/${digest}?artifactType=${encodeURIComponent(CYCLONEDX)}`)
    t.equal(response.headers.get('oci-filters-applied'), 'artifactType')
    t.strictSame(((await response.json()) as Index).manifests, manifests.slice(0, 1))
    t.strictSame((await json<Index>(`${base}/referrers/${digest}?artifactType=none`)).manifests, [])
  })

  await t.test('each is a manifest of one blob, about the image, and has no referrers itself', async (t) => {
    for (const { digest: own, size, artifactType } of manifests) {
      const text = await (await fetch(`${base}/manifests/${own}`)).text()
      t.equal(sha256(text), own)
      t.equal(Buffer.byteLength(text), size)
      const manifest = JSON.parse(text) as Manifest
      t.equal(manifest.subject?.digest, digest)
      const [layer, ...others] = manifest.layers
      t.strictSame(others, [])
      t.equal(layer?.mediaType, artifactType)
      t.ok(layer?.annotations?.['org.opencontainers.image.title'])
      const blob = await fetch(`${base}/blobs/${layer?.digest}`)
      const bytes = Buffer.from(await blob.arrayBuffer())
      t.equal(sha256(bytes), layer?.digest)
      t.equal(bytes.length, layer?.size)
      t.notMatch(bytes.toString(), /secret/)
      const part = await fetch(`${base}/blobs/${layer?.digest}`, { headers: { range: 'bytes=1-3' } })
      t.equal(part.status, 206)
      t.strictSame(Buffer.from(await part.arrayBuffer()), bytes.subarray(1, 4))
      t.equal(await (await fetch(`${base}/blobs/${manifest.config.digest}`)).text(), '{}')
      t.strictSame((await json<Index>(`${base}/referrers/${own}`)).manifests, [])
    }
  })

  await t.test('tags of tools that know no referrers', async (t) => {
    const tag = digest.replace(':', '-')
    t.strictSame((await json<Index>(`${base}/manifests/${tag}`)).manifests, manifests)
    const sbom = await json<Manifest>(`${base}/manifests/${tag}.sbom`)
    t.equal(sbom.layers[0]?.mediaType, CYCLONEDX)
    const attestations = await json<Manifest>(`${base}/manifests/${tag}.att`)
    t.equal(attestations.layers.length, 3)
    for (const { digest: own } of attestations.layers)
      t.match(await json(`${base}/blobs/${own}`), { payloadType: 'application/vnd.in-toto+json' })
    t.equal((await fetch(`${base}/manifests/sha256-${'0'.repeat(64)}`)).status, 404)
  })

  await t.test('another server has the same bytes, also for digests that it has not listed', async (t) => {
    const other = await startPushless(t, { args: ['--signing-key', key] })
    const elsewhere = repositoryUrl(other.url, image)
    for (const { digest: own } of manifests) {
      const manifest = await json<Manifest>(`${elsewhere}/manifests/${own}`)
      t.equal((await fetch(`${elsewhere}/blobs/${manifest.layers[0]?.digest}`)).status, 200)
    }
    t.strictSame((await json<Index>(`${elsewhere}/referrers/${digest}`)).manifests, manifests)
  })

  await t.test('the command prints the same bytes', async (t) => {
    const manifest = await json<Manifest>(`${base}/manifests/${manifests[0]?.digest}`)
    const state = await temporaryDirectory(t, 'state')
    const command = ['--disable-warning=ExperimentalWarning', `${root}dist/main.js`, 'sbom', '--state', state]
    const { stdout } = await execa(process.execPath, [...command, image], {
      env: nixEnv,
      stripFinalNewline: false,
    })
    t.equal(sha256(stdout), manifest.layers[0]?.digest)
  })

  await t.test('without a key nothing is signed', async (t) => {
    const unsigned = await startPushless(t)
    const there = repositoryUrl(unsigned.url, image)
    const found = await json<Index>(`${there}/referrers/${digest}`)
    t.strictSame(
      found.manifests.map(({ artifactType }) => artifactType),
      UNSIGNED,
    )
    t.equal((await fetch(`${there}/manifests/${digest.replace(':', '-')}.att`)).status, 404)
  })

  await t.test('an unknown digest is unknown, and so is what may not be pulled', async (t) => {
    const zeros = `sha256:${'0'.repeat(64)}`
    t.equal((await fetch(`${base}/manifests/${zeros}`)).status, 404)
    t.equal((await fetch(`${base}/blobs/${zeros}`)).status, 404)
    t.strictSame((await json<Index>(`${base}/referrers/${zeros}`)).manifests, [])
    const refused = await fetch(`${repositoryUrl(server.url, await busybox())}/referrers/${digest}`)
    const absent = await fetch(`${server.url}/v2/nix/store/${'0'.repeat(32)}-x/referrers/${digest}`)
    t.equal(refused.status, 404)
    t.equal(absent.status, 404)
    t.equal(await refused.text(), await absent.text(), 'nobody learns what the store has')
  })
})

void t.test('an index, and each of its images', { skip: missing('nix') }, async (t) => {
  const image = await build(`
    let
      one = architecture: image {
        inherit architecture;
        system = builtins.currentSystem;
        name = "one";
        files."/file".text = architecture;
      };
    in image {
      name = "several";
      system = builtins.currentSystem;
      platforms = { "linux/amd64" = one "amd64"; "linux/arm64" = one "arm64"; };
    }
  `)
  const server = await startPushless(t)
  const base = repositoryUrl(server.url, image)
  const response = await fetch(`${base}/manifests/nix`, {
    headers: { accept: 'application/vnd.oci.image.index.v1+json' },
  })
  const digest = response.headers.get('docker-content-digest')
  const { manifests } = (await response.json()) as Index
  t.strictSame(
    (await json<Index>(`${base}/referrers/${digest}`)).manifests.map(({ artifactType }) => artifactType),
    ['application/vnd.in-toto+json'],
    'an index is built, and has no contents of its own',
  )
  t.ok(manifests.length > 0)
  for (const { digest: own } of manifests) {
    const found = (await json<Index>(`${base}/referrers/${own}`)).manifests
    t.strictSame(
      found.map(({ artifactType }) => artifactType),
      UNSIGNED,
    )
    const { layers, subject } = await json<Manifest>(`${base}/manifests/${found[0]?.digest}`)
    t.equal(subject?.digest, own)
    t.match(await json(`${base}/blobs/${layers[0]?.digest}`), { metadata: { component: { version: own } } })
  }
})
