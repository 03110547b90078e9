import t from 'tap'
import { splitPackageName } from '../../../src/core/nix/package-name.ts'
import { evaluateAll, withoutNix } from '../../nix/nix-command.ts'

const NAMES = [
  ['hello-2.12.1', 'hello', '2.12.1'],
  ['hello', 'hello', undefined],
  ['gtk+3-3.24.41', 'gtk+3', '3.24.41'],
  ['python3.11-requests-2.31.0', 'python3.11-requests', '2.31.0'],
  ['glibc-2.38-44', 'glibc', '2.38-44'],
  ['bash-5.2-p15-man', 'bash', '5.2-p15-man'],
  ['foo-unstable-2023-01-01', 'foo-unstable', '2023-01-01'],
  ['web-.hidden', 'web', '.hidden'],
  ['a--b', 'a', '-b'],
] as const

void t.test('a store name is split where Nix splits it', async (t) => {
  for (const [text, name, version] of NAMES) t.strictSame(splitPackageName(text), { name, version }, text)
  t.strictSame(splitPackageName('ends-'), { name: 'ends-', version: undefined })
})

void t.test('Nix itself splits the same', { skip: withoutNix }, async (t) => {
  const values = await evaluateAll(NAMES.map(([text]) => `builtins.parseDrvName ${JSON.stringify(text)}`))
  for (const [i, [text, name, version]] of NAMES.entries())
    t.strictSame(values[i], { name, version: version ?? '' }, text)
})
