import t from 'tap'
import { parseLicences } from '../../../src/insight/inventory/package-meta.ts'
import { isDenied, licencePattern } from '../../../src/insight/licences/denied-licence.ts'
import { licencesOf } from '../../../src/insight/licences/licences.ts'
import { inventory } from '../image.ts'

void t.test('patterns', (t) => {
  for (const [pattern, name, expected] of [
    ['MIT', 'MIT', true],
    ['mit', 'MIT', true],
    ['MIT', 'MIT-0', false],
    ['GPL-3.0*', 'GPL-3.0-only', true],
    ['GPL-3.0*', 'LGPL-3.0-only', false],
    ['*GPL*', 'AGPL-3.0-only', true],
    ['GPL.3*', 'GPL-3.0-only', false],
    ['*', '', true],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*b', 'ab', false],
    ['ab*ba', 'aba', false],
    [`${'a*'.repeat(100)}b`, 'a'.repeat(5000), false],
  ] as const)
    t.equal(licencePattern(pattern)(name), expected, `${pattern}, ${name}`)
  t.end()
})

void t.test('an alternative allows, an addition denies', (t) => {
  for (const [licences, expected] of [
    [['MIT'], false],
    [['GPL-3.0-only'], true],
    [['GPL-3.0-only OR MIT'], false],
    [['GPL-3.0-only OR AGPL-3.0-only'], true],
    [['GPL-3.0-only AND MIT'], true],
    [['MIT AND (ISC OR GPL-3.0-or-later)'], false],
    [['(MIT AND GPL-3.0-only) OR (ISC AND AGPL-3.0-only)'], true],
    [['MIT', 'GPL-3.0-only'], true],
    [['GPL-3.0-only WITH GCC-exception-3.1'], true],
    [['GPL-2.0+'], false],
    [['unfree'], true],
    [['MIT', 'Unfree'], true],
    [['LicenseRef-secret'], true],
    [[], false],
  ] as const) {
    const patterns = ['GPL-3.0*', 'AGPL*', 'unfree', 'LicenseRef-*'].map(licencePattern)
    t.equal(isDenied(parseLicences(licences), patterns), expected, licences.join(', '))
  }
  t.equal(isDenied(parseLicences(['GPL-3.0-only WITH GCC-exception-3.1']), [licencePattern('*WITH*')]), true)
  t.equal(isDenied(parseLicences(['GPL-2.0+']), [licencePattern('GPL-2.0+')]), true)
  t.equal(isDenied(parseLicences(['GPL-2.0-only']), []), false)
  t.throws(() => isDenied(parseLicences([`MIT${' AND MIT'.repeat(2000)}`]), []), {
    kind: 'malformed',
    message: /too long|characters/,
  })
  t.end()
})

void t.test('the packages of an image', (t) => {
  const image = inventory(['web'], {
    'tool#out': { version: '1', licences: ['GPL-3.0-only'] },
    'tool#dev': { version: '1', licences: ['GPL-3.0-only'], output: 'dev' },
    lib: { licences: ['MIT OR GPL-3.0-only'] },
    shim: {},
  })
  t.strictSame(
    licencesOf(image, [licencePattern('GPL*')]).map(({ name, licence, verdict, paths }) => [
      name,
      licence,
      verdict,
      paths.length,
    ]),
    [
      ['lib', 'MIT OR GPL-3.0-only', 'allowed', 1],
      ['shim', undefined, 'unknown', 1],
      ['tool', 'GPL-3.0-only', 'denied', 2],
    ],
  )
  t.end()
})
