import t from 'tap'
import { explain } from '../../src/manifests/app-file-build.ts'

const DRV = '/nix/store/00000000000000000000000000000000-hello.drv'
const TOP = '/nix/store/00000000000000000000000000000000-manifests.json.drv'

/** As several versions write it. */
const messages: Readonly<Record<string, readonly [stderr: string, expected: string | undefined]>> = {
  'what was thrown, before 2.20': [
    `error: app web: port is 0, expected a port

       at /library/nix/refuse.nix:40:5:

           39|     expected:
             |     ^
(use '--show-trace' to show detailed location information)`,
    'app web: port is 0, expected a port',
  ],
  'what was thrown, later': [
    `error:
       … while evaluating the attribute 'drvPath'
         at /library/nix/json-file.nix:17:1:
       … while calling the 'throw' builtin

       error: app web: port is 0, expected a port`,
    'app web: port is 0, expected a port',
  ],
  'a build, before 2.31': [
    `building '${DRV}'...
error: builder for '${DRV}' failed with exit code 1;
       last 1 log lines:
       > error: broken
       For full logs, run 'nix log ${DRV}'.
error: 1 dependencies of derivation '${TOP}' failed to build`,
    `the build of ${DRV} failed: nix log ${DRV}`,
  ],
  'a build, later': [
    `error: Cannot build '${DRV}'.
       Reason: builder failed with exit code 1.
error: Cannot build '${TOP}'.
       Reason: 1 dependency failed.`,
    `the build of ${DRV} failed: nix log ${DRV}`,
  ],
  nothing: ['', undefined],
}

void t.test('what Nix says, in one line', async (t) => {
  for (const [name, [stderr, expected]] of Object.entries(messages)) t.equal(explain(stderr), expected, name)
})
