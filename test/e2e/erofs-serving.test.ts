/** EROFS layers over HTTP: by tag, by the header of a node, and what is answered where an image has none. */
import t from 'tap'
import { pullBlob as blobResponse, refusal, repositoryUrl, sha256 } from './client.ts'
import { multiPlatform } from './multi-platform.ts'
import { archiveFixture, shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'

const EROFS = 'application/vnd.erofs.layer.v1'
const TAR = 'application/vnd.oci.image.layer.v1.tar'

type Answer = {
  readonly digest: string
  readonly vary: string | null
  readonly layers?: readonly { readonly mediaType: string; readonly digest: string }[]
  readonly manifests?: readonly { readonly digest: string; readonly artifactType?: string }[]
}

async function pullBlob(url: string, path: string, digest: string): Promise<Buffer> {
  return Buffer.from(await (await blobResponse(url, path, digest)).arrayBuffer())
}

/** @param node whether the client is a node that mounts EROFS. */
async function manifestOf(url: string, path: string, tag: string, node = false): Promise<Answer> {
  const headers = node ? { 'x-pushless-layers': 'erofs' } : {}
  const response = await fetch(`${repositoryUrl(url, path)}/manifests/${tag}`, { headers })
  const text = await response.text()
  if (response.status !== 200) throw new Error(`${response.status}: ${text}`)
  return { ...(JSON.parse(text) as Answer), digest: sha256(text), vary: response.headers.get('vary') }
}

const typesOf = ({ layers = [] }: Answer) => [...new Set(layers.map(({ mediaType }) => mediaType))]

void t.test('the tag and the header', { skip: missing('nix') }, async (t) => {
  const { url } = await sharedPushless('--serve-packages')
  const many = await shape('many')
  const tar = await manifestOf(url, many, 'nix')
  const erofs = await manifestOf(url, many, 'erofs')
  t.same([typesOf(tar), typesOf(erofs)], [[TAR], [EROFS]])
  t.ok((erofs.layers?.length ?? 0) <= 8, 'each layer is a mount')
  const asked = await manifestOf(url, many, 'nix', true)
  t.same(asked, erofs)
  t.equal(asked.vary, 'accept, x-pushless-layers')
  t.same(await manifestOf(url, many, erofs.digest), { ...erofs, vary: 'accept' }, 'by digest for all')
  for (const { digest } of erofs.layers ?? []) t.equal(sha256(await pullBlob(url, many, digest)), digest)

  await t.test('each manifest has an SBOM of its own layers', async (t) => {
    for (const { digest, layers = [] } of [tar, erofs]) {
      const index = await fetch(`${repositoryUrl(url, many)}/referrers/${digest}`)
      const { manifests } = (await index.json()) as Answer
      const sbom = manifests?.find(({ artifactType }) => artifactType === 'application/vnd.cyclonedx+json')
      const { layers: documents = [] } = await manifestOf(url, many, sbom?.digest ?? '')
      const text = (await pullBlob(url, many, documents[0]?.digest ?? '')).toString()
      t.ok(text.includes(layers[0]?.digest ?? 'none'))
    }
  })
})

void t.test('a name that no tar layer can hold', { skip: missing('nix') }, async (t) => {
  const { url } = await sharedPushless('--serve-packages')
  const path = await shape('whiteout')
  const { digest, layers = [] } = await manifestOf(url, path, 'erofs')
  const { url: other } = await startPushless(t, { args: ['--serve-packages'] })
  t.equal((await manifestOf(other, path, digest)).digest, digest, 'on another registry')
  t.ok((await pullBlob(other, path, layers[0]?.digest ?? '')).length > 0)
})

void t.test('layers that were made elsewhere stay tar', { skip: missing('nix') }, async (t) => {
  const { url } = await sharedPushless()
  const path = await archiveFixture('buildLayeredImage', 'gz')
  const refused = await refusal(await fetch(`${repositoryUrl(url, path)}/manifests/erofs`))
  t.match(refused, { status: 500, message: /made elsewhere as tar.*tag nix has them/ })
  const tar = await manifestOf(url, path, 'nix')
  t.equal((await manifestOf(url, path, 'nix', true)).digest, tar.digest)
  const tags = await (await fetch(`${repositoryUrl(url, path)}/tags/list`)).json()
  t.notOk(JSON.stringify(tags).includes('erofs'))
})

void t.test('the images of an index follow the header', { skip: missing('nix') }, async (t) => {
  const { url } = await sharedPushless()
  const { path } = await multiPlatform(t, 'erofs', [{ architecture: 'arm64' }, { architecture: 'amd64' }])
  const tar = await manifestOf(url, path, 'nix')
  const erofs = await manifestOf(url, path, 'nix', true)
  t.equal((await manifestOf(url, path, 'erofs')).digest, erofs.digest)
  for (const [index, type] of [
    [tar, TAR],
    [erofs, EROFS],
  ] as const) {
    t.equal(index.manifests?.length, 2)
    for (const { digest } of index.manifests ?? [])
      t.same(typesOf(await manifestOf(url, path, digest)), [type])
  }
})
