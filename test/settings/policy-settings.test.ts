import t from 'tap'
import { readSettings } from '../../src/settings/config.ts'
import { hostsOf, policyOf } from '../../src/settings/policy-settings.ts'

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

const hosts = (text: string) => hostsOf(readSettings({ PUSHLESS_HOSTS: text }, {}, true))

void t.test('names of the registry', async (t) => {
  t.strictSame(hosts(''), [])
  t.strictSame(hosts('Registry.Example:5000  *.below.example, *'), [
    { kind: 'exact', name: 'registry.example' },
    { kind: 'below', suffix: '.below.example' },
    { kind: 'any' },
  ])
  for (const text of ['http://registry.example', 'a*b', 'a b@c'])
    t.throws(() => hosts(text), { message: /--hosts \(PUSHLESS_HOSTS\): .* is no host name, expected/ }, text)
})
