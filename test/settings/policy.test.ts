import t from 'tap'
import { readSettings } from '../../src/settings/read-settings.ts'
import { policyOf } from '../../src/settings/policy.ts'

void t.test('whether builds are allowed', async (t) => {
  for (const [flags, isLoopbackTrusted, expected] of [
    [{}, true, true],
    [{}, false, false],
    [{ PUSHLESS_LISTEN: 'localhost:5000' }, true, true],
    [{ PUSHLESS_LISTEN: '[::1]:5000' }, true, true],
    [{ PUSHLESS_LISTEN: '0.0.0.0:5000' }, true, false],
    [{ PUSHLESS_LISTEN: '127.evil.example:5000' }, true, false],
    [{ PUSHLESS_ALLOW_BUILDS: 'on' }, false, true],
    [{ PUSHLESS_ALLOW_BUILDS: 'on', PUSHLESS_LISTEN: '0.0.0.0:5000' }, true, true],
    [{ PUSHLESS_ALLOW_BUILDS: 'off' }, true, false],
  ] as const)
    t.equal(
      policyOf(readSettings(flags, {}, true), () => isLoopbackTrusted).builds,
      expected,
      `${JSON.stringify(flags)} ${isLoopbackTrusted}`,
    )
  let isTrusted = true
  const policy = policyOf(readSettings({}, {}, true), () => isTrusted)
  t.equal(policy.builds, true)
  isTrusted = false
  t.equal(policy.builds, false, 'decided anew each time')
})
