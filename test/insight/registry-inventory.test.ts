/** The client of a registry's CycloneDX documents, with a small HTTP server. */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import t, { type Test } from 'tap'
import { parseImageName } from '../../src/core/oci/image-name.ts'
import { digestOf } from '../../src/core/oci/digest.ts'
import { registryInventory } from '../../src/insight/registry-inventory.ts'
import { cyclonedx } from '../../src/insight/sbom/cyclonedx.ts'
import { inventory } from './image.ts'

const IMAGE = inventory(['hello'], { hello: { version: '2.12', size: 7 } }, { base: 3 })
const NAME = `${'0'.repeat(32)}-web`
const TYPE = 'application/vnd.cyclonedx+json'
const PLATFORM = { os: 'linux', architecture: 'amd64' }

type Answers = Readonly<Record<string, string | ((response: ServerResponse) => void)>>

const document = JSON.stringify(cyclonedx(IMAGE))
const manifest = JSON.stringify({ layers: [{ mediaType: TYPE, digest: digest(document) }] })
const image = JSON.stringify({ layers: [] })
const index = JSON.stringify({
  manifests: [
    { digest: digest('other'), platform: { os: 'linux', architecture: 'arm64' } },
    { digest: digest(image), platform: { os: 'linux', architecture: 'amd64' } },
  ],
})
const referrers = JSON.stringify({
  manifests: [
    { artifactType: 'application/spdx+json', digest: digest('spdx') },
    { artifactType: TYPE, digest: digest(manifest) },
  ],
})
const GOOD: Answers = {
  'manifests/nix': image,
  [`referrers/${digest(image)}`]: referrers,
  [`manifests/${digest(manifest)}`]: manifest,
  [`blobs/${digest(document)}`]: document,
}

void t.test('the document of an image, or of the one for a platform', async (t) => {
  for (const subject of [image, index])
    t.strictSame(await ask(t, { ...GOOD, 'manifests/nix': subject }), IMAGE)
})

void t.test('answers of registries that have no document', async (t) => {
  for (const [name, answers, expected] of [
    [
      'no image',
      { 'manifests/nix': error(404) },
      { kind: 'name-unknown', message: / answered 404: is being\? built$/ },
    ],
    [
      'an image that is built',
      { 'manifests/nix': error(429) },
      { kind: 'pending', message: / answered 429/ },
    ],
    ['no permission', { 'manifests/nix': error(403) }, { kind: 'denied', message: / answered 403/ }],
    [
      'a registry in trouble',
      { 'manifests/nix': error(500) },
      { kind: 'unavailable', message: / answered 500/ },
    ],
    ['no JSON', { 'manifests/nix': '<html>' }, { kind: 'malformed', message: /not JSON/ }],
    [
      'no referrers',
      { [`referrers/${digest(image)}`]: '{"manifests":[]}' },
      { kind: 'name-unknown', message: /no CycloneDX document/ },
    ],
    [
      'another list',
      { [`referrers/${digest(image)}`]: '[]' },
      { kind: 'name-unknown', message: /no CycloneDX document/ },
    ],
    [
      'other bytes',
      { [`blobs/${digest(document)}`]: '{}' },
      { kind: 'malformed', message: /does not have the digest/ },
    ],
    [
      'another platform',
      { 'manifests/nix': index.replaceAll('amd64', 's390x') },
      { kind: 'manifest-unknown', message: 'no image for linux/amd64' },
    ],
    [
      'a cut body',
      {
        'manifests/nix': (response: ServerResponse) =>
          response.writeHead(200, { 'content-length': 9 }).write('{', () => response.destroy()),
      },
      { kind: 'unavailable', message: /^cannot reach / },
    ],
    [
      'no answer',
      { 'manifests/nix': () => undefined },
      { kind: 'unavailable', message: /no answer in time/ },
    ],
  ] as const)
    await t.rejects(ask(t, { ...GOOD, ...answers }), expected, name)
})

void t.test('no registry', async (t) => {
  const question = { image: parseImageName(NAME), platform: PLATFORM, timeoutMs: 5000 }
  await t.rejects(registryInventory({ ...question, registry: new URL('http://127.0.0.1:1') }), {
    kind: 'unavailable',
    message: /^cannot reach /,
  })
})

async function ask(t: Test, answers: Answers) {
  const server = createServer(({ url = '' }, response) => {
    const { pathname } = new URL(url, 'http://localhost')
    const answer = answers[pathname.replace(`/below/v2/nix/store/${NAME}/`, '')]
    if (typeof answer === 'function') answer(response)
    else response.writeHead(answer === undefined ? 404 : 200).end(answer)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return registryInventory({
    registry: new URL(`http://127.0.0.1:${port}/below`),
    image: parseImageName(`${NAME}:nix`),
    platform: PLATFORM,
    timeoutMs: 500,
  })
}

function digest(text: string) {
  return digestOf(Buffer.from(text))
}

function error(status: number) {
  return (response: ServerResponse): void => {
    response.writeHead(status)
    response.end(JSON.stringify({ errors: [{ code: 'X', message: 'is being\n built' }] }))
  }
}
