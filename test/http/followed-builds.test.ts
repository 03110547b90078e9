import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { WorkJournal } from '../../src/registry/work/work-journal.ts'
import { appOf, begin, fail, print, HASH } from './build-app.ts'

async function listening(t: Test): Promise<{ url: string; app: FastifyInstance; journal: WorkJournal }> {
  const { app, journal } = appOf(t)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}`, app, journal }
}

void t.test('following by events and by lines', async (t) => {
  const { url, journal } = await listening(t)
  begin(journal, 'one', 'two')
  const events = fetch(`${url}/builds/${HASH}?follow`).then((response) => response.text())
  const lines = fetch(`${url}/builds/${HASH}?follow`, { headers: { accept: 'text/plain' } }).then((r) =>
    r.text(),
  )
  await setTimeout(300)
  print(journal, 'three')
  await setTimeout(300)
  fail(journal)
  t.equal(await lines, 'one\ntwo\nthree\n')
  const found = (await events).split('\n\n').filter((event) => event !== '')
  t.strictSame(
    found.map((event) => event.replace(/(data: \{).*/, '$1')),
    [
      'event: state\ndata: {',
      'id: 2\nevent: log\ndata: one\ndata: two',
      'id: 3\nevent: log\ndata: three',
      'event: state\ndata: {',
      'event: end\ndata: failed',
    ],
  )
  for (const [last, status, body] of [
    ['2', 200, /^id: 3\nevent: log\ndata: three\n\nevent: state/],
    ['3', 204, /^$/],
    ['nonsense', 200, /^id: 3\nevent: log\ndata: one\n/],
  ] as const) {
    const response = await fetch(`${url}/builds/${HASH}?follow`, { headers: { 'last-event-id': last } })
    t.equal(response.status, status, `after ${last}`)
    t.match(await response.text(), body)
  }
})

void t.test('a follower that takes nothing costs nothing and misses lines', async (t) => {
  const { url, journal } = await listening(t)
  begin(journal, 'first')
  const response = await new Promise<IncomingMessage>((resolve) => {
    get(`${url}/builds/${HASH}?follow`, { headers: { accept: 'text/plain' } }, resolve)
  })
  response.pause()
  const before = process.memoryUsage().rss
  const text = 'x'.repeat(1000)
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 1000; j++) print(journal, text)
    await setTimeout(1)
  }
  t.ok(process.memoryUsage().rss - before < 80e6, 'of 100 MB')
  fail(journal)
  let got = ''
  for await (const chunk of response) got += String(chunk)
  t.ok(got.length < 20e6, `${got.length} bytes`)
  t.match(got, /\[pushless: \d+ lines left out here\]/)
})

void t.test('too many followers are refused, and all leave when the server stops', async (t) => {
  const { url, app, journal } = await listening(t)
  begin(journal, 'one')
  const leaving = new AbortController()
  const open = () => fetch(`${url}/builds/${HASH}?follow`, { signal: leaving.signal })
  const all = await Promise.all(Array.from({ length: 256 }, open))
  t.ok(all.every(({ status }) => status === 200))
  t.equal((await open()).status, 429)
  const closed = app.close()
  await Promise.all(all.map((response) => response.text().catch(() => undefined)))
  await closed
})

void t.test('a follower that leaves makes room', async (t) => {
  const { url, journal } = await listening(t)
  begin(journal, 'one')
  for (let i = 0; i < 4; i++) {
    const leaving = new AbortController()
    const all = await Promise.all(
      Array.from({ length: 100 }, () => fetch(`${url}/builds/${HASH}?follow`, { signal: leaving.signal })),
    )
    t.ok(all.every(({ status }) => status === 200))
    leaving.abort()
    await setTimeout(300)
  }
})
