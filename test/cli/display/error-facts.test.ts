import t from 'tap'
import { errorFacts } from '../../../src/cli/display/error-facts.ts'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import { ConnectionError } from '../../../src/store/daemon/connection.ts'
import { NixError } from '../../../src/store/daemon/messages.ts'
import { NixMissing } from '../../../src/store/missing-nix.ts'

const system = Object.assign(new Error('connect ENOENT /x'), {
  code: 'ENOENT',
  syscall: 'connect',
  address: '/x',
})
const mistake = new TypeError("Cannot read properties of undefined (reading 'length')")
const expected = errorFacts(false)

void t.test('a failure that is expected is one sentence', (t) => {
  const refusal = new RegistryError('unavailable', 'Nix is not reachable', {
    cause: new ConnectionError('no connection to Nix', system),
  })
  t.strictSame(expected(refusal), {
    type: 'RegistryError',
    message:
      'Nix is not reachable: no connection to Nix: /x: there is no such socket; start what listens there, or name another',
    code: 'ENOENT',
    kind: 'unavailable',
  })
  for (const error of [system, new ConnectionError('a'), new NixError('a'), new NixMissing('a')])
    t.notOk(Object.hasOwn(Object(expected(error)), 'stack'), error.name)
  t.match(errorFacts(true)(refusal), {
    stack: /^RegistryError[^]*caused by: ConnectionError[^]*caused by: Error/,
  })
  t.end()
})

void t.test('a mistake of ours has its stack, wherever it is in the chain', (t) => {
  for (const error of [
    mistake,
    new Error('not understood'),
    new RegistryError('unavailable', 'a', { cause: mistake }),
  ])
    t.match(expected(error), { stack: /error-facts\.test/ }, error.name)
  t.end()
})

void t.test('values that aren’t errors stay as they are', (t) => {
  t.equal(expected('text'), 'text')
  t.equal(expected(undefined), undefined)
  t.end()
})
