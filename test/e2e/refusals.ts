/**
 * What becomes of broken images, one after the other, in one server: each answer says what is wrong with which path, in
 * a line; nobody else is disturbed; and nothing is left of them on the disk.
 */
import { mkdir, readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Test } from 'tap'
import { exampleImage } from './example.ts'
import { pullManifest, refusal, repositoryUrl } from './client.ts'
import { startPushless } from '../support/registry-process.ts'
import { temporaryDirectory } from '../support/scope.ts'

export type BrokenImage = {
  readonly what: string
  readonly path: string
  readonly says: RegExp
  readonly tag?: string
  /** Compressed, and whole as far as that goes: unpacked, it is kept. */
  readonly isKept?: boolean
}

/** Nothing above this is needed to find out that an image is broken. */
const MAX_RESIDENT_MB = 600
const ANSWER_LIMIT_MS = 60_000

export async function refusedAll(t: Test, images: readonly BrokenImage[]): Promise<void> {
  const temporary = join(await temporaryDirectory(t, 'refusals'), 'tmp')
  await mkdir(temporary)
  const server = await startPushless(t, { env: { TMPDIR: temporary } })
  const good = await exampleImage()
  const { digest } = await pullManifest(server.url, good)
  for (const { what, path, says, tag = 'nix' } of images) {
    const answer = fetch(`${repositoryUrl(server.url, path)}/manifests/${tag}`, {
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    })
    t.equal((await pullManifest(server.url, good)).digest, digest, `${what}: others are served meanwhile`)
    const got = await refusal(await answer)
    t.match(got, { status: 500, reason: 'not servable as an image', message: says }, what)
    t.ok(got.message.includes(path), `${what}: names the path: ${got.message}`)
    t.ok(got.message.length < 2000 && !/\p{Cc}/u.test(got.message), `${what}: one line`)
    const again = await refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/${tag}`))
    t.equal(again.message, got.message, `${what}: the same the next time`)
  }
  t.equal((await fetch(`${server.url}/healthz`)).status, 200)
  t.ok((await residentMegabytes(server.pid)) < MAX_RESIDENT_MB, 'its memory stays')
  const kept = images.filter(({ isKept = false }) => isKept).length
  const unpacked = await readdir(join(server.state, 'unpacked'))
  t.equal(unpacked.length, kept, `what is unpacked: ${unpacked.join()}`)
  t.ok(
    unpacked.every((name) => /^[0-9a-f]{64}\.tar$/.test(name)),
    'and nothing partial',
  )
  t.strictSame(await readdir(temporary), [], 'no temporary files')
  await server.stop()
}

/** At its highest. */
async function residentMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? Infinity) / 1024
}
