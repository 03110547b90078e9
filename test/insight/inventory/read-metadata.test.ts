import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { SYSTEM_STORE } from '../../../src/core/nix/store-directory.ts'
import { readMetadata } from '../../../src/insight/inventory/read-metadata.ts'
import type { StorePath } from '../../../src/core/nix/store-path.ts'
import { TOOL } from '../web.ts'

/** A file outside of the store, read as one of it. */
const fileOf = (directory: string, content: unknown): StorePath => {
  const file = join(directory, `${Math.random()}.json`)
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content))
  return file as StorePath
}
const file = (directory: string, facts: object) =>
  fileOf(directory, { pushlessMetadata: 1, packages: { [TOOL]: facts } })

void t.test('facts are read, and what no document may have is left out', async (t) => {
  const directory = t.testdir({})
  for (const [given, expected] of [
    [
      { pname: 'tool', outputName: 'dev' },
      { pname: 'tool', output: 'dev', version: undefined },
    ],
    [
      { licences: ['MIT', 'GPL-2.0-only OR ISC', 'MIT'] },
      { meta: { licences: [{ kind: 'spdx', expression: 'MIT AND (GPL-2.0-only OR ISC)' }] } },
    ],
    [{ licences: ['Own licence', ''] }, { meta: { licences: [{ kind: 'named', name: 'Own licence' }] } }],
    [{ homepage: 'https://ann:secret@example.org/' }, { meta: { homepage: 'https://example.org/' } }],
    [{ homepage: 'javascript:alert(1)' }, { meta: { homepage: undefined } }],
    [{ cpe: 'cpe:2.3:a:x:y:1:*:*:*:*:*:*:*' }, { meta: { cpe: 'cpe:2.3:a:x:y:1:*:*:*:*:*:*:*' } }],
    [{ cpe: 'cpe:/a:x:y' }, { meta: { cpe: undefined } }],
    [{ purl: 'pypi/x' }, { meta: { purl: undefined } }],
    [{ description: ' a\n tool ' }, { meta: { description: 'a tool' } }],
    [{ description: 'x'.repeat(10_000) }, { meta: { description: 'x'.repeat(2_000) } }],
    [{ knownVulnerabilities: ['CVE-2024-1', ''] }, { meta: { knownVulnerabilities: ['CVE-2024-1'] } }],
    [{ unknown: true }, { pname: undefined }],
  ] as const)
    t.match(
      (await readMetadata([file(directory, given)], SYSTEM_STORE)).get(TOOL),
      expected,
      JSON.stringify(given).slice(0, 80),
    )
})

void t.test('of two files the later wins', async (t) => {
  const directory = t.testdir({})
  const files = [file(directory, { pname: 'a' }), file(directory, { pname: 'b' })]
  t.equal((await readMetadata(files, SYSTEM_STORE)).get(TOOL)?.pname, 'b')
  t.equal((await readMetadata([], SYSTEM_STORE)).size, 0)
})

void t.test('a broken file is named', async (t) => {
  const directory = t.testdir({})
  for (const content of [
    '',
    '{',
    '[]',
    '{"pushlessMetadata":2,"packages":{}}',
    '{"pushlessMetadata":1,"packages":{"x":{"pname":1}}}',
  ])
    await t.rejects(
      readMetadata([fileOf(directory, content)], SYSTEM_STORE),
      { kind: 'unservable', message: /\.json: not / },
      content,
    )
  await t.rejects(readMetadata([join(directory, 'absent') as StorePath], SYSTEM_STORE), { message: /absent/ })
})
