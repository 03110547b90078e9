/**
 * `node bench/link.ts`: pulls over a link of 1 Gbit/s, plain and as zstd, and over loopback. The link is a pair of
 * virtual network cards between this machine and a network namespace, with a limit of tc(8) on it. Needs root.
 */
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import { debianClosure } from '../test/fixtures/debian-closure.ts'
import { repositoryUrl } from '../test/e2e/client.ts'
import { startPushless } from '../test/support/registry-process.ts'
import { scoped, type Scope } from '../test/support/scope.ts'
import { median, timed } from './figure.ts'
import { benchImage } from './image.ts'

const ROUNDS = 5
const NAME = `pl-${process.pid}`
const HERE = '10.211.77.1'
const THERE = '10.211.77.2'
const CLIENT = fileURLToPath(new URL('pull-client.ts', import.meta.url))

await scoped(async (scope) => {
  await makeLink(scope)
  const { root } = await debianClosure()
  const image = await benchImage('link', [root], 8)
  const times = { plain: [] as number[], first: [] as number[], second: [] as number[] }
  const local = { plain: [] as number[], zstd: [] as number[] }
  for (let round = 0; round < ROUNDS; round++) {
    // A state of its own each, so that the first pull finds no copies.
    const server = await startPushless(scope, {
      listen: `${HERE}:0`,
      args: ['--hosts', HERE, '--anonymous-pull'],
    })
    const repository = repositoryUrl(server.url, image)
    const pull = async (encoding: string) =>
      (
        await timed(() =>
          execa('ip', ['netns', 'exec', NAME, process.execPath, CLIENT, repository, '1', encoding]),
        )
      ).ms
    await pull('identity')
    times.plain.push(await pull('identity'))
    times.first.push(await pull('zstd'))
    times.second.push(await pull('zstd'))
    await server.stop()
    const near = await startPushless(scope)
    const pullNear = async (encoding: string) =>
      (await timed(() => execa(process.execPath, [CLIENT, repositoryUrl(near.url, image), '1', encoding]))).ms
    await pullNear('identity')
    local.plain.push(await pullNear('identity'))
    local.zstd.push(await pullNear('zstd'))
    await near.stop()
  }
  console.log(`over 1 Gbit/s: plain ${median(times.plain).toFixed(0)} ms`)
  console.log(
    `  zstd, the first node: ${median(times.first).toFixed(0)} ms, ${share(times.first, times.plain)} of plain`,
  )
  console.log(
    `  zstd, the next node: ${median(times.second).toFixed(0)} ms, ${share(times.second, times.plain)} of plain`,
  )
  console.log(`over loopback, a client that takes zstd: ${share(local.zstd, local.plain)} of plain`)
})

function share(some: readonly number[], all: readonly number[]): string {
  return `${((100 * median(some)) / median(all)).toFixed(0)} %`
}

async function ip(...args: readonly string[]): Promise<void> {
  await execa('ip', args)
}

async function inside(...args: readonly string[]): Promise<void> {
  await ip('netns', 'exec', NAME, ...args)
}

async function makeLink(scope: Scope): Promise<void> {
  await ip('netns', 'add', NAME)
  scope.teardown(async () => {
    await execa('ip', ['link', 'del', `${NAME}a`], { reject: false })
    await ip('netns', 'del', NAME)
  })
  await ip('link', 'add', `${NAME}a`, 'type', 'veth', 'peer', 'name', `${NAME}b`)
  await ip('link', 'set', `${NAME}b`, 'netns', NAME)
  await ip('addr', 'add', `${HERE}/30`, 'dev', `${NAME}a`)
  await ip('link', 'set', `${NAME}a`, 'up')
  await inside('ip', 'addr', 'add', `${THERE}/30`, 'dev', `${NAME}b`)
  await inside('ip', 'link', 'set', `${NAME}b`, 'up')
  const limit = ['root', 'tbf', 'rate', '1gbit', 'burst', '256kb', 'latency', '50ms']
  await execa('tc', ['qdisc', 'add', 'dev', `${NAME}a`, ...limit])
  await inside('tc', 'qdisc', 'add', 'dev', `${NAME}b`, ...limit)
}
