import { readFile } from 'node:fs/promises'
import t from 'tap'
import { parseDerivation } from '../../../src/core/nix/derivation.ts'
import { instantiate, nixStoreQuery, shellDerivation, withoutNix } from '../../nix/real-store.ts'
import { processorMs } from '../../support/processor-time.ts'

const OUT = '/nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x'
const DEV = '/nix/store/bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x-dev'
const INPUT = '/nix/store/cw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-in.drv'
const SOURCE = '/nix/store/dw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-src'

const FULL =
  `Derive([("dev","${DEV}","",""),("out","${OUT}","","")],[("${INPUT}",["dev","out"])],["${SOURCE}"],` +
  '"x86_64-linux","/bin/sh",["-c","echo \\"a\\\\b\\"\\n\\tx\\r"],[("empty",""),("name","x"),("text","line\\nline \\"q\\" $x äö")])'

void t.test('a derivation with all there is', async (t) => {
  t.strictSame(parseDerivation(FULL), {
    outputs: new Map([
      ['dev', DEV],
      ['out', OUT],
    ]),
    inputDerivations: new Map([[INPUT, ['dev', 'out']]]),
    inputSources: [SOURCE],
    system: 'x86_64-linux',
    builder: '/bin/sh',
    args: ['-c', 'echo "a\\b"\n\tx\r'],
    env: new Map([
      ['empty', ''],
      ['name', 'x'],
      ['text', 'line\nline "q" $x äö'],
    ]),
  })
  t.strictSame(parseDerivation(`${FULL}\n`), parseDerivation(FULL), 'a line end behind it')
})

void t.test('a content-addressed output has no path yet', async (t) => {
  const { outputs } = parseDerivation('Derive([("out","","r:sha256","")],[],[],"s","b",[],[])')
  t.strictSame([...outputs], [['out', undefined]])
})

void t.test('other texts are refused with their position', async (t) => {
  for (const [text, message] of [
    ['', 'expected "Derive(" at character 0'],
    ['{"pushless":1}', 'expected "Derive(" at character 0'],
    ['DrvWithVersion("xp-dyn-drv",[])', 'expected "Derive(" at character 0'],
    ['Derive()', 'expected a list'],
    ['Derive(,)', 'expected a string, a list or a tuple at character 7'],
    ['Derive([],)', 'expected a string, a list or a tuple at character 10'],
    ['Derive([]]', 'expected "," at character 9'],
    ['Derive(["a" "b"])', 'expected "," at character 11'],
    ['Derive("a,[])', 'expected a closing quote at character 8'],
    ['Derive("a\\', 'expected a closing quote'],
    [`${FULL}x`, `expected the end at character ${FULL.length}`],
    [`${FULL}${FULL}`, `expected the end at character ${FULL.length}`],
    ['Derive("out",[],[],"s","b",[],[])', 'expected a list'],
    ['Derive(["out"],[],[],"s","b",[],[])', 'expected a list'],
    ['Derive([(["out"],"","","")],[],[],"s","b",[],[])', 'expected a string'],
    ['Derive([],[],[],["s"],"b",[],[])', 'expected a string'],
    ['Derive([],[],[],"s","b",[])', 'expected a list'],
    [`Derive(${'['.repeat(100_000)}`, 'fewer brackets'],
  ] as const) {
    t.throws(
      () => parseDerivation(text),
      { name: 'Error', message: new RegExp(`derivation: .*${escape(message)}`) },
      text.slice(0, 60),
    )
  }
})

void t.test('cut anywhere it is an error', async (t) => {
  const parsed = []
  for (let length = 0; length < FULL.length; length++) {
    try {
      parseDerivation(FULL.slice(0, length))
      parsed.push(length)
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('derivation: '))) parsed.push(length)
    }
  }
  t.strictSame(parsed, [])
})

void t.test('a megabyte in one string takes no time', async (t) => {
  const text = `Derive([],[],[],"s","b",[],[("x","${'a\\n'.repeat(300_000)}")])`
  const taken = processorMs(() => t.equal(parseDerivation(text).env.get('x')?.length, 600_000))
  t.ok(taken < 1000, `${taken} ms`)
})

void t.test('derivations that Nix writes', { skip: withoutNix }, async (t) => {
  const script = 'echo "quoted\\" $out" > "$out"\n\tprintf \'a\\n\' > "$dev" # größe'
  const more = 'outputs = [ "out" "dev" ]; text = "tab\\there\\nline\\r \\"q\\" \\\\ end";'
  const path = await instantiate(shellDerivation('unit-drv', script, more))
  const parsed = parseDerivation(await readFile(path, 'utf8'))
  t.strictSame(new Set(parsed.outputs.keys()), new Set(['dev', 'out']))
  t.strictSame(new Set(parsed.outputs.values()), new Set(await nixStoreQuery('--outputs', path)))
  t.strictSame(parsed.args, ['-c', script])
  t.equal(parsed.builder, '/bin/sh')
  t.equal(parsed.env.get('text'), 'tab\there\nline\r "q" \\ end')
  t.equal(parsed.env.get('name'), 'unit-drv')
  const outer = await instantiate(
    shellDerivation(
      'unit-outer',
      'echo $input > $out',
      `input = (${shellDerivation('unit-drv', script, more)}).dev;`,
    ),
  )
  t.strictSame([...parseDerivation(await readFile(outer, 'utf8')).inputDerivations], [[path, ['dev']]])
})

function escape(text: string): string {
  return text.replace(/[[\]().*+?^${}|\\]/g, '\\$&')
}
