/** The figures of bench/running.ts, against their targets. */
import { execa } from 'execa'
import pLimit from 'p-limit'
import { missingCri } from '../test/support/containerd-cri.ts'
import { fixture, nixBuild, nixEnv, only } from '../test/support/nix.ts'
import { EVENT_GOAL, eventTimes } from '../test/support/runtime-events.ts'
import type { Scope } from '../test/support/scope.ts'
import type { Figure } from './figure.ts'
import { benchImage } from './image.ts'
import { measureStarts, startBench, totalsOf, type Bench, type Start } from './running.ts'
import type { Closure } from './start.ts'

const MANY_LIMIT_MS = 400
const SIZE_SHARE = 0.2
const BUILD_LIMIT_MS = 120_000
const EVENTS = 500
const EVENTS_AT_ONCE = 4
const EVENT_SHARE = 0.99

/** Returns nothing where there is no containerd 2.4, which is said. */
export async function measureRunning(scope: Scope, closure: Closure): Promise<readonly Figure[]> {
  const reason = await missingCri('2.4')
  if (reason !== false) {
    console.log(`not measured: starts of containers as EROFS and zero-copy, ${reason}`)
    return []
  }
  const bench = await startBench(scope)
  const { root } = closure
  const starts = await measureStarts(scope, bench, [root], ['zero-copy', 'erofs', 'tar', 'usual'])
  const { 'zero-copy': zeroCopy, erofs, tar, usual } = starts
  const small = await measureStarts(scope, bench, [root, await megabytes(131)], ['zero-copy'])
  const large = await measureStarts(scope, bench, [root, await megabytes(1000)], ['zero-copy'])
  const many = only(await nixBuild(fixture('shapes.nix'), ['--arg', 'n', '600', '-A', 'many']))
  const manyPaths = await measureStarts(scope, bench, [root, many], ['zero-copy'])
  const bySize = totalsOf(large['zero-copy']).pulled / totalsOf(small['zero-copy']).pulled
  const ofMany = totalsOf(manyPaths['zero-copy']).pulled
  return [
    ratio(
      'closure to running container, zero-copy, against archive + push + pull',
      { zeroCopy, usual },
      'whole',
      0.08,
    ),
    ratio('the same, EROFS', { erofs, usual }, 'whole', 0.2),
    ratio('the same, tar', { tar, usual }, 'whole', 0.45),
    ratio('pull + create + start, zero-copy against tar', { zeroCopy, tar }, 'pulled', 0.2),
    ratio('pull + create + start, EROFS against tar', { erofs, tar }, 'pulled', 0.4),
    {
      name: 'zero-copy, 1 GB more against 131 MB more: pull + create + start',
      value: bySize.toFixed(2),
      number: bySize,
      target: 'within 20 %',
      isMet: Math.abs(bySize - 1) <= SIZE_SHARE,
      note: `${totalsOf(large['zero-copy']).pulled.toFixed(0)} against ${totalsOf(small['zero-copy']).pulled.toFixed(0)} ms`,
    },
    {
      name: 'zero-copy, 600 paths: pull + create + start',
      value: `${ofMany.toFixed(0)} ms`,
      number: ofMany,
      target: `<= ${MANY_LIMIT_MS} ms`,
      isMet: ofMany <= MANY_LIMIT_MS,
      note: 'and those of the closure',
    },
    await measureEvents(bench, root),
  ]
}

/** Containers of a zero-copy image that are made and removed, four at once. The runtime drops a plugin that answers late. */
async function measureEvents({ nodes, zeroCopy }: Bench, root: string): Promise<Figure> {
  const { cri, pods, pod } = nodes.overlay
  const image = `nix.internal${await benchImage(`events-${process.pid}`, [root])}:nix`
  const pull = await cri.pull(image)
  if (pull.kind === 'failed') throw new Error(`${image}: ${pull.message}`)
  const limit = pLimit(EVENTS_AT_ONCE)
  const before = await eventTimes(zeroCopy, 'CreateContainer')
  await Promise.all(
    Array.from({ length: EVENTS }, () => limit(async () => pods.remove(await pods.create(pod, { image })))),
  )
  const after = await eventTimes(zeroCopy, 'CreateContainer')
  const share = (after.inTime - before.inTime) / (after.count - before.count)
  return {
    name: `zero-copy, creations answered within ${Number(EVENT_GOAL) * 1000} ms`,
    value: `${(share * 100).toFixed(1)} %`,
    number: share * 100,
    target: '>= 99 %',
    isMet: share >= EVENT_SHARE,
    note: `of ${after.count - before.count}; in all: ${after.shares}`,
  }
}

function ratio(
  name: string,
  both: Readonly<Record<string, readonly Start[]>>,
  part: 'whole' | 'pulled',
  target: number,
): Figure {
  const [ours = NaN, theirs = NaN] = Object.values(both).map((starts) => totalsOf(starts)[part])
  const value = ours / theirs
  return {
    name,
    value: value.toFixed(2),
    number: value,
    target: `<= ${target}`,
    isMet: value <= target,
    note: `${ours.toFixed(0)} against ${theirs.toFixed(0)} ms`,
  }
}

/** A store path with a file of so many megabytes. */
async function megabytes(count: number): Promise<string> {
  const expression = `derivation {
    name = "megabytes-${count}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
    args = [ "-euc" "mkdir $out; head -c ${count}000000 /dev/urandom > $out/data" ];
  }`
  const { stdout } = await execa('nix-build', ['--no-out-link', '-E', expression], {
    env: nixEnv,
    timeout: BUILD_LIMIT_MS,
  })
  return stdout.trim()
}
