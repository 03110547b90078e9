import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { RegistryError } from '../../../src/core/errors/errors.ts'
import { parseReference } from '../../../src/core/oci/reference.ts'
import { Hold } from '../../../src/registry/work/hold.ts'

const REFERENCE = parseReference('nix/store/aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-x')
const journal = { progress: () => ({ detail: { building: ['dependency'] }, brief: 'working on dependency' }) }

/** As soon as something is known that took some asking. */
const soon = async <T>(value: () => T) => {
  for (let i = 0; i < 50; i++) await Promise.resolve()
  await setTimeout(20)
  return value()
}

void t.test('whoever waits too long is told what goes on', async (t) => {
  const hold = new Hold(300, journal)
  const work = setTimeout(2000, 'made', { ref: false })
  const waiting = hold.wait(work, REFERENCE)
  t.equal(hold.waiting, 1)
  await t.rejects(
    waiting,
    Object.assign(new Error(), {
      kind: 'pending',
      facts: { detail: { building: ['dependency'] }, brief: 'working on dependency', retryAfterSeconds: 5 },
    }),
  )
  t.equal(hold.waiting, 0)
})

void t.test('an immediate answer is given, also with no hold', async (t) => {
  const hold = new Hold(0, journal)
  t.equal(
    await hold.wait(
      soon(() => 'made'),
      REFERENCE,
    ),
    'made',
  )
  const failure = new RegistryError('build-failed', 'no')
  await t.rejects(
    hold.wait(
      soon(() => {
        throw failure
      }),
      REFERENCE,
    ),
    Object.assign(new Error(), { kind: 'build-failed' }),
  )
  t.equal(hold.waiting, 0)
})
