/** What is shown of errors of real Nix, of this machine's version and of 2.26, with their trace and without. */
import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { explainNixError } from '../../../src/core/nix/nix-error.ts'
import { chrootNix, missingTrixieNix } from '../../support/chroot-nix.ts'
import { nixEnv } from '../../support/nix.ts'
import { root, withoutNix } from '../../nix/nix-command.ts'

const LIMIT_MS = 120_000

/** By attribute of test/fixtures/nix-errors.nix. */
const ERRORS: Readonly<Record<string, RegExp>> = {
  thrown: /^app web: port is 0, expected a port$/,
  traced: /^after a note$/,
  context: /^in a context$/,
  lines: /^several lines: the second and the third$/,
  aborted: /^evaluation aborted with the following error message: 'stop here'$/,
  asserted: /^assertion 'false' failed at \S+nix-errors\.nix:\d+:\d+$/,
  missing: /^attribute 'missing' missing at \S+nix-errors\.nix:\d+:\d+$/,
  recursion: /^infinite recursion encountered at \S+nix-errors\.nix:\d+:\d+$/,
  coerced: /^cannot add a string to an integer( at \S+nix-errors\.nix:\d+:\d+)?$/,
  argument: /function .*called without required argument 'a' at \S+nix-errors\.nix:\d+:\d+$/,
  import: /^(?:getting status of|path) '\S+nowhere\.nix'.*(?:No such file or directory|does not exist)$/,
  json: /^(?:\[json\.exception\.)?parse.*error/,
  document:
    /^the string '\{ "line 0": .* … .*"last": 1\} ' is not allowed to refer to a store path \(such as '.*-document'\)/,
  invalid: /^path '\/nix\/store\/0{32}-nothing' (?:is not valid|does not exist)/,
  repository: /fatal: '\/nowhere\/repository' does not appear|Cannot find Git revision '50ab/,
  failing: /^the build of \/nix\/store\/\S+-failing\.drv failed: nix log \/nix\/store\/\S+-failing\.drv$/,
  dependent: /^the build of \/nix\/store\/\S+-failing\.drv failed: nix log \/nix\/store\/\S+-failing\.drv$/,
  output: /^builder for '\/nix\/store\/\S+-output\.drv' failed to produce output path/,
  hash: /^hash mismatch in fixed-output derivation '\S+-hash\.drv': specified: sha256-A{43}= got: sha256-mOpu/,
  system: /^a 'riscv64-linux' with features \{\} is required to build '\S+-system\.drv'/,
}
const SYNTAX = /^syntax error, unexpected '=', expecting ';' at .*:1:11$/

/** One process in a place of many: an error a part, that begins with its name. */
const SCRIPT = `
for name in ${Object.keys(ERRORS).join(' ')}; do
  for trace in '' --show-trace; do
    echo "=== $name"
    nix-build --no-out-link $trace "$0" -A $name 2>&1 >/dev/null
  done
done
echo '=== syntax'
nix-instantiate --eval -E '{ a = 1 b = 2; }' 2>&1 >/dev/null
true
`

/** @param version of those whose document is refused for its references, which is read with few of them later. */
function check(t: Test, output: string): void {
  const parts = output.split(/^=== /m).slice(1)
  t.equal(parts.length, Object.keys(ERRORS).length * 2 + 1)
  for (const part of parts) {
    const name = part.slice(0, part.indexOf('\n'))
    const stderr = part.slice(name.length + 1)
    t.match(explainNixError(stderr) ?? stderr, ERRORS[name] ?? SYNTAX, name)
  }
}

void t.test('by this machine’s Nix', { skip: withoutNix }, async (t) => {
  const args = ['-c', SCRIPT, `${root}test/fixtures/nix-errors.nix`]
  const { stdout } = await execa('sh', args, { env: { ...nixEnv, NIX_PATH: '' }, timeout: LIMIT_MS })
  check(t, stdout)
})

void t.test('by Nix 2.26', { skip: await missingTrixieNix() }, async (t) => {
  const nix = await chrootNix(t)
  const file = await nix.addFile(
    'nix-errors.nix',
    await readFile(`${root}test/fixtures/nix-errors.nix`, 'utf8'),
  )
  check(t, await nix.run(['sh', '-c', SCRIPT, file]))
})

void t.test('messages of newer versions about builds', (t) => {
  const [drv, top] = ['a', 'b'].map((name) => `/nix/store/${'0'.repeat(32)}-${name}.drv`)
  t.equal(
    explainNixError(
      `error: Cannot build '${drv}'.\n       Reason: builder failed with exit code 1.\nerror: Cannot build '${top}'.\n       Reason: 1 dependency failed.`,
    ),
    `the build of ${drv} failed: nix log ${drv}`,
  )
  t.equal(explainNixError(`\u{1B}[31;1merror:\u{1B}[0m in color`), 'in color')
  t.equal(explainNixError('warning: nothing'), undefined)
  t.end()
})
