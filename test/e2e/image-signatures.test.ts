/** Images that must be signed: by `pushless sign`, by keys that cosign makes, and what doesn't count. */
import { createHash, generateKeyPairSync, sign as signBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { busybox, nixEnv } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const MAIN = new URL('../../dist/main.js', import.meta.url).pathname
const TYPE = 'application/vnd.in-toto+json'

void t.test('images must be signed', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'signatures')
  const at = (name: string) => join(directory, name)
  const run = async (...args: readonly string[]) =>
    execa(process.execPath, [MAIN, ...args], {
      env: { ...nixEnv, PUSHLESS_STATE: at('cli'), PUSHLESS_SERVE_PACKAGES: 'true' },
      timeout: 60_000,
    })
  await mkdir(at('bundles'))
  const path = await busybox()
  await writeFile(at('key.pub'), (await run('key', at('key'))).stdout)
  const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await writeFile(at('cosign.pub'), ecdsa.publicKey.export({ format: 'pem', type: 'spki' }))
  const args = [
    '--serve-packages',
    '--require-image-signature',
    '--image-signatures',
    at('bundles'),
    '--image-keys',
    `${at('key.pub')} ${at('cosign.pub')}`,
  ]
  const server = await startPushless(t, { args })
  const status = async () => (await fetch(`${repositoryUrl(server.url, path)}/manifests/nix`)).status
  t.equal(await status(), 404, 'without a signature')
  t.match(await until(() => server.logs.find(({ kind }) => kind === 'denied')), {
    reason: /is not signed: no sha256-[0-9a-f]{64}\.json in /,
  })

  const { stdout: file } = await run('sign', '--signing-key', at('key'), '-o', at('made'), path)
  const text = await readFile(file, 'utf8')
  const name = file.slice(file.lastIndexOf('/') + 1)
  const bundle = JSON.parse(text) as {
    dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] }
  }
  const statement = JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, 'base64').toString()) as {
    subject: { digest: { sha256: string } }[]
    predicateType: string
  }
  const made = (change: (value: typeof statement) => object, key = ecdsa.privateKey) => {
    const payload = Buffer.from(JSON.stringify(change(structuredClone(statement))))
    const signed = Buffer.concat([Buffer.from(`DSSEv1 ${TYPE.length} ${TYPE} ${payload.length} `), payload])
    return JSON.stringify({
      dsseEnvelope: {
        payloadType: TYPE,
        payload: payload.toString('base64'),
        signatures: [{ sig: signBytes('sha256', signed, key).toString('base64') }],
      },
    })
  }
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  const wrong = {
    'that is none': '{}',
    'that is no JSON': '{',
    'that was changed': text.replace(
      /"payload":"(.)/,
      (_, first) => `"payload":"${first === 'e' ? 'f' : 'e'}`,
    ),
    'by another key': made((value) => value, other),
    'of another image': made((value) => ({ ...value, subject: [{ digest: { sha256: '0'.repeat(64) } }] })),
    'that states something else': made((value) => ({
      ...value,
      predicateType: 'https://slsa.dev/provenance/v1',
    })),
    'over other bytes': JSON.stringify({
      messageSignature: {
        signature: signBytes('sha256', Buffer.from('x'), ecdsa.privateKey).toString('base64'),
      },
    }),
  }
  for (const [what, content] of Object.entries(wrong)) {
    await writeFile(join(at('bundles'), name), content)
    t.equal(await status(), 404, `a signature ${what}`)
  }
  await writeFile(
    join(at('bundles'), name.replace('.json', '.cosign.json')),
    made((value) => value),
  )
  t.equal(await status(), 200, 'beside a wrong one, a right one by the other key')

  const again = await startPushless(t, { args })
  await writeFile(join(at('bundles'), name.replace('.json', '.cosign.json')), '{}')
  const refused = await fetch(`${repositoryUrl(again.url, path)}/manifests/nix`)
  const absent = await fetch(`${again.url}/v2/nix/store/${'0'.repeat(32)}-busybox/manifests/nix`)
  t.same([refused.status, await refused.text()], [absent.status, await absent.text()], 'looks absent')
  await writeFile(join(at('bundles'), name), text)
  const manifest = await fetch(`${repositoryUrl(again.url, path)}/manifests/nix`)
  t.equal(manifest.status, 200, 'by pushless sign')
  const bytes = Buffer.from(await manifest.arrayBuffer())
  t.equal(`sha256-${createHash('sha256').update(bytes).digest('hex')}.json`, name)
})
