/**
 * `node bench/link.ts`: pulls over a link of 1 Gbit/s, plain and as zstd, over the same link without a limit, and over
 * loopback. The link is a pair of virtual network cards between this machine and a network namespace, with a limit of
 * tc(8) on it. Needs root. A client measures its pull itself, since its start is no part of it.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { fileURLToPath } from 'node:url'
import { debianClosure } from '../test/fixtures/debian-closure.ts'
import { repositoryUrl } from '../test/e2e/client.ts'
import { startPushless } from '../test/support/registry-process.ts'
import { scoped, type Scope } from '../test/support/scope.ts'
import { cpuMs } from './cpu-time.ts'
import { median } from './figure.ts'
import { benchImage } from './image.ts'

const ROUNDS = 5
/** Layers that went plain are encoded meanwhile. */
const LATER_MS = 4_000
const NAME = `pl-${process.pid}`
const HERE = '10.211.77.1'
const THERE = '10.211.77.2'
const LIMIT = ['root', 'tbf', 'rate', '1gbit', 'burst', '256kb', 'latency', '50ms'] as const
const CLIENT = fileURLToPath(new URL('pull-client.ts', import.meta.url))

type Pull = { readonly ms: number; readonly clientCpuMs: number; readonly serverCpuMs: number }
type Pulls = { readonly plain: Pull[]; readonly first: Pull[]; readonly next: Pull[]; readonly later: Pull[] }

await scoped(async (scope) => {
  await makeLink(scope)
  const { root } = await debianClosure()
  const image = await benchImage('link', [root], 8)
  const there = ['ip', 'netns', 'exec', NAME] as const
  const slow: Pulls = { plain: [], first: [], next: [], later: [] }
  const fast: Pulls = { plain: [], first: [], next: [], later: [] }
  const loopback: Pulls = { plain: [], first: [], next: [], later: [] }
  for (let round = 0; round < ROUNDS; round++) {
    await limitLink()
    await pullAll(scope, slow, image, HERE, there)
    await unlimitLink()
    await pullAll(scope, fast, image, HERE, there)
    await pullAll(scope, loopback, image, '127.0.0.1', [])
  }
  report('over 1 Gbit/s', slow)
  report('over the same link without its limit', fast)
  report('over loopback', loopback)
})

/** A server with a state of its own, so that the first pull finds no copies. */
async function pullAll(
  scope: Scope,
  pulls: Pulls,
  image: string,
  host: string,
  prefix: readonly string[],
): Promise<void> {
  const server = await startPushless(scope, {
    listen: `${host}:0`,
    args: host === HERE ? ['--hosts', HERE, '--anonymous-pull'] : [],
  })
  const repository = repositoryUrl(server.url, image)
  const pull = async (encoding: string): Promise<Pull> => {
    const before = await cpuMs(server.pid)
    const { stdout } = await execa('env', [...prefix, process.execPath, CLIENT, repository, '1', encoding])
    const client = JSON.parse(stdout) as { readonly ms: number; readonly cpuMs: number }
    return { ms: client.ms, clientCpuMs: client.cpuMs, serverCpuMs: (await cpuMs(server.pid)) - before }
  }
  await pull('identity')
  pulls.plain.push(await pull('identity'))
  pulls.first.push(await pull('zstd'))
  pulls.next.push(await pull('zstd'))
  await delay(LATER_MS)
  pulls.later.push(await pull('zstd'))
  await server.stop()
}

function report(where: string, pulls: Pulls): void {
  console.log(`${where}:`)
  for (const [name, some] of [
    ['plain', pulls.plain],
    ['zstd, the first node', pulls.first],
    ['zstd, the next node', pulls.next],
    ['zstd, a node later', pulls.later],
  ] as const) {
    const share = (100 * times(some)) / times(pulls.plain)
    const server = median(some.map(({ serverCpuMs }) => serverCpuMs))
    const client = median(some.map(({ clientCpuMs }) => clientCpuMs))
    console.log(
      `  ${name}: ${times(some).toFixed(0)} ms, ${share.toFixed(0)} % of plain; processor: server ${server.toFixed(0)} ms, client ${client.toFixed(0)} ms`,
    )
  }
}

function times(pulls: readonly Pull[]): number {
  return median(pulls.map(({ ms }) => ms))
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
}

async function limitLink(): Promise<void> {
  await execa('tc', ['qdisc', 'add', 'dev', `${NAME}a`, ...LIMIT])
  await inside('tc', 'qdisc', 'add', 'dev', `${NAME}b`, ...LIMIT)
}

async function unlimitLink(): Promise<void> {
  await execa('tc', ['qdisc', 'del', 'dev', `${NAME}a`, 'root'])
  await inside('tc', 'qdisc', 'del', 'dev', `${NAME}b`, 'root')
}
