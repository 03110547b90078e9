/** Much at once for the binary cache, and clients that leave: flat memory, nothing left behind. */
import { readFile, readdir } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { formatNarinfo } from '../../src/core/nix/narinfo.ts'
import { base32Sha256 } from '../../src/core/oci/sha256.ts'
import { storeHashOf } from '../../src/core/nix/store-path.ts'
import { until } from './until.ts'
import { sha256 } from '../support/nar.ts'
import { type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

import { AUTHORIZATION, MIB, isValid, pack, put, startCache, upload } from './nix-cache-client.ts'

const skip = missing('nix')

void t.test('much at once', { skip }, async (t) => {
  const server = await startCache(t)
  t.match(await upload(server, pack('first', { file: 'first' })), { status: 200 })
  const before = await memoryPeak(server)

  await t.test('a source of 10,000 files', async (t) => {
    const files = Array.from(
      { length: 10_000 },
      (_, i) => [`file-${String(i).padStart(5, '0')}`, { file: `${i}\n`.repeat(500) }] as const,
    )
    const sent = pack('many', { directory: files })
    const start = performance.now()
    t.match(await upload(server, sent), { status: 200 })
    const ms = Math.round(performance.now() - start)
    t.ok(await isValid(sent.narinfo.storePath))
    t.ok(ms < 30_000, `${Math.round(sent.narinfo.narSize / MIB)} MiB unpacked in ${ms} ms`)
    const grown = (await memoryPeak(server)) - before
    t.ok(grown < 64, `${grown} MiB more`)
    const read = await fetch(`${server.url}/nix-cache/${storeHashOf(sent.narinfo.storePath)}.narinfo`, {
      headers: { authorization: AUTHORIZATION },
    })
    const url = /^URL: (.*)$/m.exec(await read.text())?.[1] ?? ''
    const archive = await fetch(`${server.url}/nix-cache/${url}`, {
      headers: { authorization: AUTHORIZATION },
    })
    t.equal(sha256(Buffer.from(await archive.arrayBuffer())), sent.narinfo.narHash, 'and comes back the same')
  })

  await t.test('3000 narinfos of garbage', async (t) => {
    const { narinfo } = pack('garbage', { file: 'garbage' })
    const statuses = new Set<number>()
    const start = performance.now()
    for (let round = 0; round < 60; round++) {
      const answers = Array.from({ length: 50 }, (_, i) => {
        const text = formatNarinfo({ ...narinfo, narSize: round * 50 + i })
        return put(server, `${storeHashOf(narinfo.storePath)}.narinfo`, i % 2 === 0 ? text : text.slice(i))
      })
      for (const { status } of await Promise.all(answers)) statuses.add(status)
    }
    t.strictSame([...statuses], [400], `in ${Math.round(performance.now() - start)} ms`)
    t.notOk(await isValid(narinfo.storePath))
    const grown = (await memoryPeak(server)) - before
    t.ok(grown < 96, `${grown} MiB more in all`)
    t.equal((await readdir(join(server.state, 'uploads'))).length, 2, 'two archives that were imported')
  })

  await t.test('clients that leave in mid-upload leave nothing', async (t) => {
    for (const sent of [0, 1, 100_000]) {
      const client = request(`${server.url}/nix-cache/nar/${base32Sha256(sha256('z'))}.nar`, {
        method: 'PUT',
        headers: { authorization: AUTHORIZATION, 'content-length': 1_000_000 },
      })
      client.on('error', () => undefined).write(Buffer.alloc(sent))
      await setTimeout(100)
      client.destroy()
    }
    await until(
      () => server.logs.filter(({ reason }) => reason === 'the upload broke off').length === 3 || undefined,
    )
    const end = base32Sha256(sha256('end'))
    t.match(await put(server, `nar/${end}.nar`, 'end'), { status: 200 })
    const left = await readdir(join(server.state, 'uploads'))
    t.ok(left.some((name) => name.includes(end)))
    t.notOk(left.find((name) => name.includes(base32Sha256(sha256('z')))))
    // Earlier ones may be there still, as long as they are whole.
    t.same(
      left.filter((name) => !/^[0-9a-z]{52}\.nar(?:\.[a-z0-9]+)?$/.test(name)),
      [],
    )
  })
})

/** MiB that the process had at most so far. */
async function memoryPeak({ pid }: Pushless): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Math.round(Number(/^VmHWM:\s+([0-9]+) kB$/m.exec(status)?.[1]) / 1024)
}
