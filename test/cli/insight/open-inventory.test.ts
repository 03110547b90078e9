import { join } from 'node:path'
import t from 'tap'
import { openInventory } from '../../../src/cli/insight/open-inventory.ts'
import { cyclonedx } from '../../../src/insight/sbom/cyclonedx.ts'
import { readSettings } from '../../../src/settings/read-settings.ts'
import { inventory } from '../../insight/image.ts'

const settings = readSettings({}, { PUSHLESS_STATE: '/dev/null/state' }, true)
const IMAGE = inventory(['hello'], { hello: { version: '2.12', size: 7 } })

void t.test('a document is read, without a store', async (t) => {
  const directory = t.testdir({ 'web.json': JSON.stringify(cyclonedx(IMAGE)) })
  t.strictSame(await openInventory(join(directory, 'web.json'), settings, {}), IMAGE)
})

void t.test('other files and names are refused', async (t) => {
  const directory = t.testdir({ text: 'hello', object: '{}' })
  for (const [name, registry, expected] of [
    [
      join(directory, 'text'),
      undefined,
      { kind: 'malformed', message: /neither an image nor a CycloneDX document/ },
    ],
    [join(directory, 'object'), undefined, { kind: 'malformed', message: /not a CycloneDX document/ }],
    [directory, undefined, { kind: 'name-invalid', message: /not an image/ }],
    ['0'.repeat(32), 'ftp://example.org', { kind: undefined, message: /expected a URL/ }],
    ['0'.repeat(32), 'nonsense', { kind: undefined, message: /expected a URL/ }],
    ['nginx:latest', 'http://127.0.0.1:1', { kind: 'name-invalid', message: /not an image/ }],
  ] as const)
    await t.rejects(openInventory(name, settings, registry === undefined ? {} : { registry }), expected, name)
})
