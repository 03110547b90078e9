import { queryOf } from '../../../src/http/request-target.ts'
import t from 'tap'
import { pageOf, parsePageQuery } from '../../../src/http/pull/tag-page.ts'

const TAGS = ['dev', 'latest', 'nix', 'out']

void t.test('a query names a page of tags', async (t) => {
  for (const [url, expected] of [
    ['/v2/x/tags/list', { n: undefined, last: undefined }],
    ['/v2/x/tags/list?', { n: undefined, last: undefined }],
    ['/v2/x/tags/list?n=2', { n: 2, last: undefined }],
    ['/v2/x/tags/list?n=2&last=a', { n: 2, last: 'a' }],
    ['/v2/x/tags/list?last=a%2Bb', { n: undefined, last: 'a+b' }],
    ['/v2/x/tags/list?ns=docker.io&n=0', { n: 0, last: undefined }],
    // No numbers: ignored.
    ['/v2/x/tags/list?n=-1', { n: undefined, last: undefined }],
    ['/v2/x/tags/list?n=', { n: undefined, last: undefined }],
    ['/v2/x/tags/list?n=1e3', { n: undefined, last: undefined }],
    ['/v2/x/tags/list?n=1.5', { n: undefined, last: undefined }],
  ] as const) {
    t.strictSame(parsePageQuery(queryOf(url)), expected, url)
  }
})

void t.test('pages', async (t) => {
  for (const [n, last, tags, next] of [
    [undefined, undefined, TAGS, undefined],
    [2, undefined, ['dev', 'latest'], 'n=2&last=latest'],
    [2, 'latest', ['nix', 'out'], undefined],
    [3, 'dev', ['latest', 'nix', 'out'], undefined],
    [1, 'nix', ['out'], undefined],
    [1, 'out', [], undefined],
    // A name that isn't there: what comes behind where it would be.
    [1, 'm', ['nix'], 'n=1&last=nix'],
    [undefined, 'm', ['nix', 'out'], undefined],
    [0, undefined, [], undefined],
    [4, undefined, TAGS, undefined],
    [5, undefined, TAGS, undefined],
    [1e20, undefined, TAGS, undefined],
  ] as const) {
    t.strictSame(pageOf(TAGS, { n, last }), { tags, next }, `n=${n}, last=${last}`)
  }
  t.strictSame(pageOf([], { n: 1, last: undefined }), { tags: [], next: undefined })
})
