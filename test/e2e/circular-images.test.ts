/**
 * Images that name each other. Nix refuses that of references, but sees none in a path that is written with an escape of
 * JSON; so one derivation with several outputs can make any circle.
 */
import t from 'tap'
import { pullManifest, refusal, repositoryUrl } from './client.ts'
import { exampleImage } from './example.ts'
import { refusedAll } from './refusals.ts'
import { instantiate, nixStoreQuery, realise, shellDerivation } from '../nix/real-store.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'

const skip = missing('nix')
const CIRCLE = /images that have each other in their lists of platforms: /
/** Nix sees the reference all the same where the hash begins with a digit, which ends its own escape. */
const STACK = /more than 20 images, each upon another|which is not in its closure/
/** The holds of the server are 20 s: what waits for ever is 429 after that. */
const SECONDS = 20

const image = (fromImage: string) =>
  `{"pushless":1,"name":"x","os":"linux","architecture":"amd64","config":{},"contents":[],"maxLayers":60,"fromImage":"${fromImage}"}`
const list = (...images: readonly string[]) => {
  const entries = images.map((path, i) => {
    const platform = `{"os":"linux","architecture":"${i === 0 ? 'amd64' : 'arm64'}"}`
    return `{"platform":${platform},"image":"${path}"}`
  })
  return `{"pushless":1,"name":"x","platforms":[${entries.join()}]}`
}

/**
 * Files that may name each other.
 * @param texts by output; with `@b@` for the path of the output `b`.
 */
async function circle(texts: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> {
  const names = Object.keys(texts)
  const escaped = `escaped() { p=\${1#/nix/store/}; printf '/nix/store/\\\\u%04x%s' "'$p" "\${p#?}"; }`
  const lines = Object.entries(texts).map(([name, text]) => {
    const parts = text
      .split(/@(\w+)@/)
      .map((part, i) => (i % 2 === 0 ? `'${part}'` : `"$(escaped $${part})"`))
    return `printf %s ${parts.join('')} > $${name}`
  })
  const outputs = `outputs = [ ${names.map((name) => `"${name}"`).join(' ')} ];`
  const derivation = await instantiate(
    shellDerivation('circle.json', [escaped, ...lines].join('\n'), outputs),
  )
  await realise(derivation)
  const paths = await Promise.all(
    names.map(async (name) => [name, ...(await nixStoreQuery('--binding', name, derivation))] as const),
  )
  return Object.fromEntries(paths)
}

void t.test('circles are refused', { skip }, async (t) => {
  const rows: readonly (readonly [what: string, texts: Record<string, string>, says: RegExp])[] = [
    ['two lists', { a: list('@b@'), b: list('@a@') }, CIRCLE],
    ['a list that names itself with an escape', { a: list('@a@') }, /has itself in its list/],
    ['four lists', { a: list('@b@'), b: list('@c@', '@d@'), c: list('@d@'), d: list('@b@') }, CIRCLE],
    ['two images', { a: image('@b@'), b: image('@a@') }, STACK],
    ['an image upon itself', { a: image('@a@') }, STACK],
    ['an image upon a list with it', { a: image('@b@'), b: list('@a@') }, STACK],
    ['a list with an image upon it', { a: list('@b@'), b: image('@a@') }, STACK],
    ['lists below an image', { a: image('@b@'), b: list('@c@'), c: list('@b@') }, STACK],
  ]
  const images = []
  for (const [what, texts, says] of rows) images.push({ what, says, path: (await circle(texts))['a'] ?? '' })
  await refusedAll(t, images)
})

void t.test('also when each is asked for at the same time', { skip }, async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e']
  const texts = names.map((name, i) => [name, list(`@${names[(i + 1) % names.length]}@`)] as const)
  const paths = Object.values(await circle(Object.fromEntries(texts)))
  const { url } = await sharedPushless()
  const good = await exampleImage()
  const { digest } = await pullManifest(url, good)
  for (let round = 0; round < 5; round++) {
    const start = performance.now()
    const answers = await Promise.all(
      [...paths, ...paths.toReversed()].flatMap((path) =>
        ['nix', 'latest'].map((tag) => fetch(`${repositoryUrl(url, path)}/manifests/${tag}`)),
      ),
    )
    for (const answer of answers) t.match(await refusal(answer), { status: 500, message: CIRCLE })
    t.ok(performance.now() - start < SECONDS * 1000, 'within seconds')
    t.equal((await pullManifest(url, good)).digest, digest)
  }
})
