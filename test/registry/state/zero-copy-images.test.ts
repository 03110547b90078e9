import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import t from 'tap'
import { parseDigest } from '../../../src/core/oci/digest.ts'
import type { Document } from '../../../src/core/oci/image.ts'
import { StateTrouble } from '../../../src/registry/state/state-trouble.ts'
import { ZeroCopyImages } from '../../../src/registry/state/zero-copy-images.ts'
import { storePath } from '../../store-path.ts'

const DAY = 24 * 3_600_000
const NOW = Date.UTC(2030, 0, 1)

const document = (letter: string): Document => ({
  mediaType: '',
  bytes: new Uint8Array(),
  digest: parseDigest(`sha256:${letter.repeat(64)}`),
})
const imageOf = (root: string, config: string, manifest: string, hasPlaces: boolean) => ({
  hasPlaces,
  root: storePath(root),
  mounts: [storePath('program'), storePath('library')].sort(),
  config: document(config),
  manifest: document(manifest),
})
const A = imageOf('a', 'a', 'b', true)
const B = imageOf('b', 'c', 'd', false)
const namesOf = ({ root, config, manifest }: typeof A) => [root, config.digest, manifest.digest]

function imagesIn(directory: string, clock: { now: number }) {
  return new ZeroCopyImages(directory, undefined, () => clock.now)
}

/** Rows of both tables. */
function rowsIn(directory: string): number {
  const database = new DatabaseSync(join(directory, 'zero-copy.sqlite'))
  const count = database
    .prepare('SELECT (SELECT count(*) FROM images) + (SELECT count(*) FROM names) AS count')
    .get()
  database.close()
  return Number(count?.['count'])
}

void t.test('an image is found by all its names, also after a restart', async (t) => {
  const directory = t.testdir()
  const clock = { now: NOW }
  for (const isFirst of [true, false]) {
    const images = imagesIn(directory, clock)
    for (const image of [A, B]) {
      const { root, mounts, hasPlaces } = image
      if (isFirst) images.put(image)
      for (const name of namesOf(image)) t.match(images.find(name), { root, mounts, hasPlaces })
    }
    t.equal(images.find(storePath('c')), undefined)
    images.close()
  }
})

void t.test('a damaged row is said', async (t) => {
  const directory = t.testdir()
  const images = imagesIn(directory, { now: NOW })
  images.put(A)
  images.close()
  const database = new DatabaseSync(join(directory, 'zero-copy.sqlite'))
  database.exec('UPDATE images SET day = day + 1')
  database.close()
  const troubles: unknown[] = []
  const damaged = new ZeroCopyImages(directory, new StateTrouble((error) => troubles.push(error)))
  t.equal(damaged.find(A.root), undefined)
  t.match(troubles, [{ message: /a row is damaged/ }])
  damaged.close()
})

void t.test('an image that nobody used for 90 days is forgotten, unless a container has it', async (t) => {
  const rows: [what: string, use: (images: ZeroCopyImages) => void, held: string[], isKept: boolean][] = [
    ['unused', () => undefined, [], false],
    ['unused, held', () => undefined, [A.root], true],
    ['another is held', () => undefined, [B.root], false],
    ['a container was made by its digest', (images) => void images.find(A.config.digest), [], true],
    ['a container was made by its label', (images) => void images.find(A.root), [], true],
    ['pulled again', (images) => images.put(A), [], true],
  ]
  for (const isRestarted of [false, true]) {
    for (const [what, use, held, isKept] of rows) {
      const clock = { now: NOW }
      const directory = t.testdir({ [`${isRestarted}-${what}`]: {} })
      let images = imagesIn(directory, clock)
      const restart = () => {
        if (!isRestarted) return
        images.close()
        images = imagesIn(directory, clock)
      }
      images.put(A)
      restart()
      clock.now += 89 * DAY
      use(images)
      restart()
      clock.now += 2 * DAY
      images.put(B)
      images.prune(new Set(held))
      t.equal(rowsIn(directory), isKept ? 8 : 4, what)
      for (const name of namesOf(A)) t.equal(images.find(name) !== undefined, isKept, `${what}: ${name}`)
      for (const name of namesOf(B)) t.ok(images.find(name), 'the new one')
      images.close()
    }
  }
})
