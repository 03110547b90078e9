/** A flood of wrong passwords, and how long another client waits meanwhile. */
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { ask, basic, startGuarded } from './auth-server.ts'
import { repositoryUrl } from './client.ts'
import { busybox } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'

void t.test('10 000 wrong passwords hurt no other client', { skip: missing('nix') }, async (t) => {
  const { server } = await startGuarded(t)
  const manifest = `${repositoryUrl(server.url, await busybox())}/manifests/nix`
  const { token } = (await (
    await fetch(`${server.url}/token`, { headers: { authorization: basic('ci', 'secret') } })
  ).json()) as { token: string }
  const counts = new Map<number, number>()
  const over = new AbortController()
  const attack = (async () => {
    for (let i = 0; i < 200; i++)
      await Promise.all(
        Array.from({ length: 50 }, async (_, j) => {
          const { status } = await ask(`${server.url}/token`, basic('ci', `guess-${i}-${j}`))
          counts.set(status, (counts.get(status) ?? 0) + 1)
        }),
      )
    over.abort()
  })()
  const times: number[] = []
  while (!over.signal.aborted) {
    const begun = performance.now()
    t.equal((await ask(manifest, `Bearer ${token}`)).status, 200)
    times.push(performance.now() - begun)
    await setTimeout(20)
  }
  await attack
  t.ok((counts.get(401) ?? 0) <= 30, `${counts.get(401)} were compared`)
  t.equal(
    [...counts.values()].reduce((sum, count) => sum + count, 0),
    10_000,
  )
  // The machine may have other work.
  const late = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? Infinity
  t.ok(late < 1000, `95 % of the pulls took less than ${Math.round(late)} ms`)
  const told = server.logs.filter(({ msg }) => String(msg).startsWith('wrong credentials'))
  t.ok(told.length >= 1 && told.length <= 30, `${told.length} lines in the log`)
  t.notMatch(JSON.stringify(server.logs), /guess-/)
})
