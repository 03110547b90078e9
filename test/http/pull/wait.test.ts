import t from 'tap'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import { nextWait } from '../../../src/http/pull/wait.ts'

const PENDING = new RegistryError('pending', 'still being built')

void t.test('a client waits at the same URL, nine times', async (t) => {
  for (const [url, next] of [
    ['/v2/nix/store/x/manifests/nix', '/v2/nix/store/x/manifests/nix?wait=1'],
    ['/v2/x/manifests/nix?ns=nix.internal', '/v2/x/manifests/nix?ns=nix.internal&wait=1'],
    ['/v2/x/manifests/nix?wait=8&ns=nix.internal', '/v2/x/manifests/nix?wait=9&ns=nix.internal'],
    ['/v2/x/manifests/nix?wait=9', undefined],
    ['/v2/x/manifests/nix?wait=99999999999999999999', undefined],
    ['/v2/x/manifests/nix?wait=-5', '/v2/x/manifests/nix?wait=1'],
    ['/v2/x/manifests/nix?wait=abc', '/v2/x/manifests/nix?wait=1'],
    ['//example.org/v2/x', '/example.org/v2/x?wait=1'],
  ] as const) {
    t.equal(nextWait('redirect', PENDING, url), next, url)
  }
})

void t.test('nothing else is redirected, nor anything unless it is set', async (t) => {
  t.equal(nextWait('retry', PENDING, '/v2/x'), undefined)
  t.equal(nextWait('redirect', new RegistryError('name-unknown', 'no'), '/v2/x'), undefined)
})
