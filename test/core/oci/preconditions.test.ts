import t from 'tap'
import { entityTagText, evaluatePreconditions, isRangeWanted } from '../../../src/core/oci/preconditions.ts'
import { processorMs } from '../../support/processor-time.ts'

const STRONG = { opaque: 'sha256:a', isWeak: false }
const WEAK = { opaque: 'sha256:a', isWeak: true }
const DATE = 'Sat, 29 Oct 1994 19:43:31 GMT'

void t.test('If-Match and If-None-Match, in their order', async (t) => {
  for (const [ifMatch, ifNoneMatch, strong, weak] of [
    [undefined, undefined, 'perform', 'perform'],
    // 13.1.2: the weak comparison.
    [undefined, '"sha256:a"', 'not-modified', 'not-modified'],
    [undefined, 'W/"sha256:a"', 'not-modified', 'not-modified'],
    [undefined, '"sha256:b"', 'perform', 'perform'],
    [undefined, '*', 'not-modified', 'not-modified'],
    [undefined, ' * ', 'not-modified', 'not-modified'],
    [undefined, '"x", W/"y",, "sha256:a"', 'not-modified', 'not-modified'],
    [undefined, '"x","sha256:a"', 'not-modified', 'not-modified'],
    [undefined, '"x,y" , "sha256:a"', 'not-modified', 'not-modified'],
    [undefined, '"sha256:a', 'perform', 'perform'],
    [undefined, '"SHA256:A"', 'perform', 'perform'],
    [undefined, 'w/"sha256:a"', 'perform', 'perform'],
    [undefined, '"*"', 'perform', 'perform'],
    [undefined, '', 'perform', 'perform'],
    // Docker's registry library sends digests without quotes.
    [undefined, 'sha256:a', 'not-modified', 'not-modified'],
    [undefined, 'sha256:b, sha256:a', 'not-modified', 'not-modified'],
    // 13.1.1: the strong comparison.
    ['"sha256:a"', undefined, 'perform', 'failed'],
    ['W/"sha256:a"', undefined, 'failed', 'failed'],
    ['"x", "sha256:a"', undefined, 'perform', 'failed'],
    ['"sha256:b"', undefined, 'failed', 'failed'],
    ['*', undefined, 'perform', 'perform'],
    ['', undefined, 'failed', 'failed'],
    // 13.2.2: If-Match first.
    ['"sha256:b"', '"sha256:a"', 'failed', 'failed'],
    ['"sha256:a"', '"sha256:a"', 'not-modified', 'failed'],
    ['*', '"sha256:b"', 'perform', 'perform'],
  ] as const) {
    const name = `If-Match: ${ifMatch}, If-None-Match: ${ifNoneMatch}`
    t.equal(evaluatePreconditions({ ifMatch, ifNoneMatch }, STRONG), strong, name)
    t.equal(evaluatePreconditions({ ifMatch, ifNoneMatch }, WEAK), weak, `${name}, weak`)
  }
})

void t.test('If-Range: nothing but the same strong tag', async (t) => {
  for (const [ifRange, expected] of [
    [undefined, true],
    ['"sha256:a"', true],
    ['W/"sha256:a"', false],
    ['"sha256:b"', false],
    ['"sha256:b", "sha256:a"', false],
    ['*', false],
    ['', false],
    [DATE, false],
  ] as const)
    t.equal(isRangeWanted({ ifRange }, STRONG), expected, String(ifRange))
  t.equal(isRangeWanted({ ifRange: '"sha256:a"' }, WEAK), false)
})

void t.test('entity tags as text', async (t) => {
  t.equal(entityTagText(STRONG), '"sha256:a"')
  t.equal(entityTagText(WEAK), 'W/"sha256:a"')
})

void t.test('a long header is read in linear time', async (t) => {
  const taken = processorMs(() => {
    for (const part of ['"', ',', 'W/', '"a', ' ', 'a'])
      evaluatePreconditions({ ifNoneMatch: part.repeat(1_000_000) }, STRONG)
  })
  t.ok(taken < 3_000, `${taken} ms`)
})
