/** The figures at /metrics, beside what really happened. */
import t from 'tap'
import { pullAll, pullBlob, pullManifest, refusal, repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { fixture, nixInstantiate, nixStore, shape } from '../support/nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'

const SHAPES = fixture('shapes.nix')

/** Every sample, `name{labels}` to its value. */
async function figures(url: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${url}/metrics`)
  if (response.headers.get('content-type')?.startsWith('text/plain; version=') !== true)
    throw new Error(`no figures: ${response.headers.get('content-type')}`)
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}

async function unbuilt(): Promise<string> {
  return nixInstantiate(SHAPES, [
    '-A',
    'slow',
    '--argstr',
    'salt',
    `cut-${process.pid}`,
    '--arg',
    'seconds',
    '1',
  ])
}

void t.test('events are counted', { skip: missing('nix') }, async (t) => {
  const server = await startPushless(t, { args: ['--serve-packages', '--hold', '1'] })
  const path = await shape('one')
  const blobs = await pullAll(server.url, path)
  await pullManifest(server.url, path)
  const [digest = ''] = blobs.keys()
  await pullBlob(server.url, path, digest, { range: 'bytes=0-9' })
  await refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/nothing`))
  await fetch(`${server.url}/v2/no/such/thing`)

  const fails = await nixInstantiate(SHAPES, ['-A', 'fails', '--argstr', 'salt', `metrics-${process.pid}`])
  await until(async () =>
    (await fetch(`${repositoryUrl(server.url, fails)}/manifests/nix`)).status === 500 ? true : undefined,
  )
  const slow = await nixInstantiate(SHAPES, ['-A', 'slow', '--argstr', 'salt', `metrics-${process.pid}`])
  const before = await figures(server.url)
  const held = fetch(`${repositoryUrl(server.url, slow)}/manifests/nix`)
  await until(async () =>
    (await figures(server.url)).get('pushless_work_running{kind="build"}') === 1 ? true : undefined,
  )
  const during = await figures(server.url)
  t.equal(during.get('pushless_requests_held'), 1)
  t.equal((await held).status, 429)
  await until(() =>
    server.logs.find(({ msg, root }) => msg === 'image ready' && String(root).includes('slow')),
  )
  // A client that leaves is no request that is still open.
  const leaving = new AbortController()
  const cut = fetch(`${repositoryUrl(server.url, await unbuilt())}/manifests/nix`, { signal: leaving.signal })
  await until(async () =>
    (await figures(server.url)).get('pushless_requests_open') === 2 ? true : undefined,
  )
  leaving.abort()
  await t.rejects(cut)
  await until(async () =>
    (await figures(server.url)).get('pushless_requests_open') === 1 ? true : undefined,
  )
  // Its build goes on without it, and may not have begun yet.
  await until(async () =>
    (await figures(server.url)).get('pushless_work_total{kind="build",outcome="done"}') === 2
      ? true
      : undefined,
  )
  const after = await figures(server.url)

  const bytes = [...blobs.values()].reduce((sum, { length }) => sum + length, 0)
  t.equal(before.get('pushless_requests_total{route="manifests",method="GET",status="200"}'), 2)
  t.equal(before.get('pushless_requests_total{route="manifests",method="GET",status="404"}'), 1)
  t.equal(before.get('pushless_requests_total{route="blobs",method="GET",status="200"}'), blobs.size)
  t.equal(before.get('pushless_requests_total{route="blobs",method="GET",status="206"}'), 1)
  t.equal(before.get('pushless_requests_total{route="/v2/",method="GET",status="404"}'), 1)
  const held429 = 'pushless_requests_total{route="manifests",method="GET",status="429"}'
  // On a loaded machine the build that fails takes longer than the hold, too.
  t.equal((after.get(held429) ?? 0) - (before.get(held429) ?? 0), 1)
  const sent = before.get('pushless_sent_bytes_total{route="blobs"}') ?? 0
  t.ok(
    sent > bytes && sent < bytes + 1000 * (blobs.size + 1),
    `${sent} bytes sent, of which blobs are ${bytes}`,
  )
  t.equal(before.get('pushless_image_lookups_total{result="made"}'), 1)
  t.ok((before.get('pushless_image_lookups_total{result="remembered"}') ?? 0) >= blobs.size + 1)
  t.equal(before.get('pushless_work_total{kind="build",outcome="build-failed"}'), 1)
  t.equal(after.get('pushless_work_total{kind="build",outcome="done"}'), 2)
  t.equal(after.get('pushless_work_running{kind="build"}'), 0)
  t.equal(after.get('pushless_work_queued{kind="build"}'), 0)
  t.equal(after.get('pushless_requests_held'), 0)
  t.ok((after.get('pushless_work_seconds_sum{kind="build"}') ?? 0) >= 3, 'the slow build took three seconds')
  t.ok((after.get('pushless_images') ?? 0) >= 2)
  t.ok((after.get('pushless_roots{kind="durable"}') ?? 0) >= 2)
  t.ok((after.get('pushless_roots{kind="temporary"}') ?? 0) >= 2)
  t.equal(after.get('pushless_requests_open'), 1, 'the one that asks')
  t.ok((after.get('process_resident_memory_bytes') ?? 0) > 1e7)
  t.notOk(
    [...after.keys()].some((name) => name.includes('/nix/store')),
    'no store path is told',
  )
  await nixStore('--check-validity', path)
})
