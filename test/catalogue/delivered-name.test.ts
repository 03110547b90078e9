import t from 'tap'
import { deliveredName } from '../../src/catalogue/delivered-name.ts'
import { parseStorePath } from '../../src/core/nix/store-path.ts'

const HASH = '0k3xk9aqlv7bnr5w1yizsdpmfc2ghj46'
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/

const CASES: readonly (readonly [string, string, string])[] = [
  ['ingress-nginx', '3.15.2', 'ingress-nginx-3-15-2-0k3xk9aq'],
  ['web', '1.0.0-RC.1+build_5', 'web-1-0-0-rc-1-build-5-0k3xk9aq'],
  ['a', '1', 'a-1-0k3xk9aq'],
  ['a'.repeat(63), '3.15.2', `${'a'.repeat(47)}-3-15-2-0k3xk9aq`],
  [`${'a'.repeat(46)}-b`, '3.15.2', `${'a'.repeat(46)}-3-15-2-0k3xk9aq`],
  ['a'.repeat(63), '1'.repeat(63), `${'a'.repeat(22)}-${'1'.repeat(31)}-0k3xk9aq`],
]

void t.test('names are labels with name, version and hash', (t) => {
  const path = parseStorePath(`/nix/store/${HASH}-web.json`)
  if (path === undefined) throw new Error('no store path')
  for (const [name, version, expected] of CASES) {
    const given = deliveredName(name, version, path)
    t.equal(given, expected)
    t.match(given, LABEL)
    t.ok(given.length <= 63)
  }
  t.end()
})
