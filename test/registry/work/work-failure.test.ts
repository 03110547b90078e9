import t from 'tap'
import { RegistryError, type ErrorDetail } from '../../../src/core/errors/errors.ts'
import { parseStorePath, type StorePath } from '../../../src/core/nix/store-path.ts'
import type { StoreEvent } from '../../../src/store/store.ts'
import { LastLines, buildFailure, isLasting } from '../../../src/registry/work/work-failure.ts'

const TOP = path('aw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-top-1.0.drv')
const MID = path('bw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-mid.drv')
const BAD = path('cw2fw9ag10wr9pf0qk4nk5sxi0q0bn56-bad.drv')

function path(base: string): StorePath {
  const parsed = parseStorePath(`/nix/store/${base}`)
  if (parsed === undefined) throw new Error(base)
  return parsed
}

function heard(...events: readonly StoreEvent[]): LastLines {
  const lines = new LastLines()
  for (const event of events) lines.hear(event)
  return lines
}

const log = (line: string, derivation?: string): StoreEvent => ({ kind: 'log', line, derivation })

function detailOf(status: string, message: string, lines = heard()): ErrorDetail {
  return buildFailure(TOP, 'out', { kind: 'failed', status, message }, lines).detail ?? {}
}

function failed(status: string, message: string, ...lines: readonly string[]): RegistryError {
  const told = heard(...lines.map((text) => log(text, TOP)))
  return buildFailure(TOP, 'out', { kind: 'failed', status, message }, told)
}

void t.test('the cause in a few words', async (t) => {
  for (const [status, message, brief] of [
    ['PermanentFailure', `builder for '${TOP}' failed with exit code 2;\nlast 1 log lines:`, 'exit code 2'],
    // Nix 2.30 and later
    ['PermanentFailure', `Cannot build '${TOP}'.\nReason: builder failed with exit code 1.`, 'exit code 1'],
    ['PermanentFailure', `builder for '${TOP}' failed due to signal 9 (Killed)`, 'signal 9 (Killed)'],
    ['OutputRejected', `builder for '${TOP}' failed to produce output path`, 'no valid output'],
    ['TimedOut', 'took 1 s', 'timed out'],
    ['DependencyFailed', `1 dependencies of derivation '${TOP}' failed to build`, 'a dependency failed'],
    [
      'MiscFailure',
      `a 'aarch64-linux' with features {kvm} is required to build '${TOP}', but I am a`,
      'no builder for aarch64-linux kvm',
    ],
    ['MiscFailure', `no idea what to do with ${BAD}\nmore`, 'no idea what to do with bad'],
    ['status 99', '', ''],
  ] as const)
    t.equal(failed(status, message).facts.brief, `top-1.0: ${brief}`, message)
})

void t.test(
  'a dependency that failed is named, with its lines, and not what failed because of it',
  async (t) => {
    const lines = heard(
      { kind: 'building', derivation: BAD },
      log('of another', MID),
      log('compiling', BAD),
      log('no such header', BAD),
      log(`error: builder for '${BAD}' failed with exit code 3;`),
      log(`error: 1 dependencies of derivation '${MID}' failed to build`),
    )
    const failure = buildFailure(
      TOP,
      'out',
      { kind: 'failed', status: 'DependencyFailed', message: 'end' },
      lines,
    )
    t.equal(failure.message, `nix build failed: dependency bad: builder for '${BAD}' failed with exit code 3`)
    t.match(failure.detail, {
      derivation: TOP,
      dependency: BAD,
      log: ['compiling', 'no such header'],
      reason: /exit code 3[^]*failed to build\nend$/,
    })
    t.equal(failure.facts.brief, 'bad: exit code 3 (for top-1.0)')
    const never = heard(log(`error: a 'x' with features {} is required to build '${BAD}'`))
    t.equal(detailOf('DependencyFailed', 'end', never)['dependency'], BAD, 'one that could not even begin')
  },
)

void t.test('the last lines of what failed, else of whatever spoke', async (t) => {
  const many = Array.from({ length: 30 }, (_, i) => log(`${i}`, TOP))
  const detail = detailOf('PermanentFailure', 'exit code 1', heard(...many, log('Nix says', undefined)))
  t.strictSame(
    detail['log'],
    Array.from({ length: 20 }, (_, i) => `${i + 10}`),
  )
  t.strictSame(detailOf('PermanentFailure', 'x', heard(log('Nix says')))['log'], ['Nix says'])
  const [long = ''] = detailOf('x', 'y', heard(log('z'.repeat(1e6), TOP)))['log'] as string[]
  t.equal(long.length, 1000)
  t.ok(String(detailOf('x', 'y'.repeat(1e6))['reason']).length <= 4000)
})

void t.test('failures that are remembered', async (t) => {
  for (const [what, error, expected] of [
    ['a builder that failed', failed('PermanentFailure', 'exit code 1'), true],
    ['a time limit', failed('TimedOut', 'timed out'), true],
    ['no such machine', failed('MiscFailure', 'required to build'), true],
    ['what Nix calls transient', failed('TransientFailure', 'exit code 1'), false],
    ['a full disk, in Nix’s words', failed('MiscFailure', 'writing: No space left on device'), false],
    ['a full disk, in the builder’s', failed('PermanentFailure', 'x', 'cp: No space left on device'), false],
    ['a failed fetch', new RegistryError('fetch-failed', 'x', { detail: { reason: '404' } }), true],
    [
      'a fetch on a full disk',
      new RegistryError('fetch-failed', 'x', { detail: { reason: 'disk is full' } }),
      false,
    ],
    ['Nix out of reach', new RegistryError('unavailable', 'x'), false],
    ['a defect', new Error('x'), false],
  ] as const)
    t.equal(isLasting(error), expected, what)
})
