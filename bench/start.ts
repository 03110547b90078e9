/**
 * From a built closure to a running container: ours is the image file and a pull; the usual way is an archive of the
 * image, a push, and a pull. The archive is made as fast as GNU tar can; both registries begin empty.
 */
import { imageName } from '../test/e2e/client.ts'
import { startContainerd, type Containerd } from '../test/support/containerd.ts'
import { startDockerRegistry } from '../test/support/docker-registry.ts'
import { startPushless } from '../test/support/registry-process.ts'
import type { Scope } from '../test/support/scope.ts'
import { archive, push, type Form } from './archive.ts'
import { median, timed, type Figure } from './figure.ts'
import { benchImage } from './image.ts'

export type Closure = {
  readonly root: string
  readonly paths: readonly string[]
  readonly bytes: number
  readonly files: number
}

const ROUNDS = 3
/** Half the time, and of that a twentieth before the pull begins. */
const TARGET_RATIO = 0.5
const TARGET_BEFORE_PULL = 1 / 20

export async function measureStart(
  scope: Scope,
  closure: Closure,
  image: string,
): Promise<readonly Figure[]> {
  const ours: { readonly before: number; readonly whole: number }[] = []
  const usual: { readonly ms: number; readonly steps: string }[] = []
  const best: { readonly ms: number; readonly steps: string }[] = []
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await startOurs(scope, closure, round))
    usual.push(await startTheirs(scope, image, 'usual'))
    best.push(await startTheirs(scope, image, 'best'))
  }
  const whole = median(ours.map((round) => round.whole))
  const before = median(ours.map((round) => round.before))
  const against = (name: string, theirs: typeof usual): Figure => {
    const ms = median(theirs.map((round) => round.ms))
    return {
      name: `built closure to running container, against ${name}`,
      value: (whole / ms).toFixed(2),
      number: whole / ms,
      target: `<= ${TARGET_RATIO}`,
      isMet: whole / ms <= TARGET_RATIO,
      note: `${seconds(whole)} against ${seconds(ms)} (${theirs.find((round) => round.ms === ms)?.steps})`,
    }
  }
  return [
    against('archive + push + pull as usual', usual),
    against('the same at its best, uncompressed', best),
    {
      name: 'of that, before the pull begins',
      value: (before / whole).toFixed(3),
      number: before / whole,
      target: `<= ${TARGET_BEFORE_PULL}`,
      isMet: before / whole <= TARGET_BEFORE_PULL,
      note: `${before.toFixed(0)} ms: evaluating and building the image file`,
    },
  ]
}

/** A new name each round, so that the image file is built anew; the closure is there. */
async function startOurs(
  scope: Scope,
  closure: Closure,
  round: number,
): Promise<{ readonly before: number; readonly whole: number }> {
  const server = await startPushless(scope)
  const containerd = await startContainerd(scope)
  await containerd.hostsDir(server.url)
  const build = await timed(() => benchImage(`start-${process.pid}-${round}`, [closure.root]))
  const run = await timed(() => pullAndRun(containerd, imageName(build.result)))
  await containerd.stop()
  await server.stop()
  return { before: build.ms, whole: build.ms + run.ms }
}

async function startTheirs(
  scope: Scope,
  image: string,
  form: Form,
): Promise<{ readonly ms: number; readonly steps: string }> {
  const registry = await startDockerRegistry(scope)
  const containerd = await startContainerd(scope)
  await containerd.hostsDir(registry.url)
  const written = await timed(() => archive(scope, image, form))
  const pushed = await timed(() => push(written.result, registry.url, 'bench', form))
  const run = await timed(() => pullAndRun(containerd, 'nix.internal/bench:nix'))
  await containerd.stop()
  await registry.stop()
  return {
    ms: written.ms + pushed.ms + run.ms,
    steps: `archive ${seconds(written.ms)}, push ${seconds(pushed.ms)}, pull and run ${seconds(run.ms)}`,
  }
}

async function pullAndRun(containerd: Containerd, name: string): Promise<void> {
  const pulled = await containerd.pull(name)
  if (pulled.exitCode !== 0) throw new Error(`pull of ${name}: ${pulled.stderr}`)
  const ran = await containerd.run(name)
  if (ran.exitCode !== 0 || !ran.stdout.includes('running')) throw new Error(`run of ${name}: ${ran.stderr}`)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`
}
