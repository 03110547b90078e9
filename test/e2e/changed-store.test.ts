/**
 * The store changes under the server: what is served is either what was hashed, or cut off. Nix never does this to a
 * valid path; a full disk, a bad administrator and a garbage collector do.
 */
import { chmod, rename, symlink, truncate, writeFile, readFile, rm, utimes, stat } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { execa } from 'execa'
import { imageName, pullAll, pullBlob, pullManifest, refusal, repositoryUrl } from './client.ts'
import { childrenOf } from './processes.ts'
import { until } from './until.ts'
import { nixEnv, nixStore } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

/** Larger than what sockets and readers hold between disk and client. */
const BIG = 64 * 1024 * 1024

void t.test('a file that changed after it was hashed', { skip: missing('nix', 'root') }, async (t) => {
  const changes: Record<string, (file: string) => Promise<void>> = {
    vanished: (file) => rm(file),
    shrunk: (file) => truncate(file, BIG / 2),
    grown: (file) => writeFile(file, Buffer.alloc(BIG + 1)),
    'replaced by a link': async (file) => {
      await rename(file, `${file}.moved`)
      await symlink(`${file}.moved`, file)
    },
  }
  for (const [name, change] of Object.entries(changes)) {
    await t.test(name, async (t) => {
      const { path, server, digest } = await pulledOnce(t, name)
      await alter(path, change)
      for (const headers of [{}, { range: 'bytes=600-' }])
        await rejectsOrRefuses(t, server, path, digest, headers)
      const line = await until(() => server.logs.find(({ level }) => Number(level) >= 50))
      t.match(JSON.stringify(line), /vanished|cannot be read|changed|other files/, 'the log says why')
    })
  }

  await t.test('same size, other bytes: --verify cuts before the last chunk', async (t) => {
    const { path, server, digest, size } = await pulledOnce(t, 'same size', ['--verify'])
    t.equal(
      (await (await pullBlob(server.url, path, digest)).arrayBuffer()).byteLength,
      size,
      'right bytes pass',
    )
    const part = await pullBlob(server.url, path, digest, { range: 'bytes=1000-1999' })
    t.equal((await part.arrayBuffer()).byteLength, 1000, 'a range too')
    await alter(path, async (file) => {
      const bytes = await readFile(file)
      bytes[100] = (bytes[100] ?? 0) ^ 1
      await writeFile(file, bytes)
    })
    let got = 0
    await t.rejects(async () => {
      const { body } = await pullBlob(server.url, path, digest)
      for await (const chunk of body ?? []) got += chunk.length
    }, 'the connection is cut')
    t.ok(got > 0 && got < size, `${got} of ${size} bytes arrived`)
    await rejectsOrRefuses(t, server, path, digest, { range: 'bytes=0-9' })
  })
})

void t.test('a path collected between manifest and blob', { skip: missing('nix') }, async (t) => {
  await t.test('is made again when a derivation can, with the same digests', async (t) => {
    const expression = `derivation { name = "again-${process.pid}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "mkdir $out; echo content > $out/file" ]; PATH = "/usr/bin:/bin"; }`
    const { stdout: path } = await execa('nix-build', ['--no-out-link', '-E', expression], { env: nixEnv })
    const server = await startPushless(t, { args: ['--serve-packages', '--keep', '0'] })
    const { digest } = await pullManifest(server.url, path)
    await collect(server, path)
    t.equal((await pullAll(server.url, path)).size, 3)
    t.equal((await pullManifest(server.url, path)).digest, digest)
    t.ok(
      server.logs.some(({ kind }) => kind === 'building'),
      'it was built again',
    )
  })

  await t.test('is another image when it is built again with other contents', async (t) => {
    const expression = `derivation { name = "differs-${process.pid}"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "mkdir $out; date +%s%N > $out/file" ]; PATH = "/usr/bin:/bin"; }`
    const { stdout: path } = await execa('nix-build', ['--no-out-link', '-E', expression], { env: nixEnv })
    const server = await startPushless(t, { args: ['--serve-packages', '--keep', '0'] })
    const { digest } = await pullManifest(server.url, path)
    await collect(server, path)
    await execa('nix-build', ['--no-out-link', '-E', expression], { env: nixEnv })
    t.not((await pullManifest(server.url, path)).digest, digest)
    t.equal((await pullAll(server.url, path)).size, 3, 'and every blob of it is right')
    const old = await refusal(await fetch(`${repositoryUrl(server.url, path)}/manifests/${digest}`))
    t.match(old, { status: 404, code: 'MANIFEST_UNKNOWN', message: /was served before/ })
  })

  await t.test('is unknown when nothing can', async (t) => {
    const { path, server, digest } = await pulledOnce(t, 'collected')
    await collect(server, path)
    const got = await refusal(await pullBlob(server.url, path, digest))
    t.match(got, { status: 404, code: 'NAME_UNKNOWN' })
  })

  await t.test('is not collected at all while it is being pulled', async (t) => {
    const { path, server } = await pulledOnce(t, 'rooted')
    await t.rejects(nixStore('--delete', path), /still alive|in use/i, 'Nix refuses: it has a temporary root')
    await server.stop()
    await nixStore('--delete', path)
  })
})

type Pulled = {
  readonly path: string
  readonly server: Pushless
  readonly digest: string
  readonly size: number
}

/** A store path of one big file, nowhere else made, whose manifest was asked for once. */
async function pulledOnce(t: Scope, name: string, args: readonly string[] = []): Promise<Pulled> {
  const source = join(await temporaryDirectory(t, 'source'), 'big')
  await execa('mkdir', [source])
  await writeFile(join(source, 'file'), Buffer.alloc(BIG, `${name} ${process.pid} `))
  const [path = ''] = await nixStore('--add', source)
  t.teardown(
    async () =>
      void (await execa('nix-store', ['--delete', '--ignore-liveness', path], {
        env: nixEnv,
        reject: false,
      })),
  )
  const server = await startPushless(t, { args: ['--serve-packages', '--keep', '0', ...args] })
  const { manifest } = await pullManifest(server.url, path)
  const [layer] = manifest.layers
  if (layer === undefined) throw new Error(`no layer in ${imageName(path)}`)
  return { path, server, digest: layer.digest, size: layer.size }
}

/** Removes a path although it is in use: with the daemons behind the server, their temporary roots are gone. */
async function collect(server: Pushless, path: string): Promise<void> {
  for (const pid of await childrenOf(server.pid)) process.kill(pid, 'SIGKILL')
  await nixStore('--delete', path)
}

/** Does to the file what Nix forbids, and makes it look as if nothing had been done. */
async function alter(path: string, change: (file: string) => Promise<void>): Promise<void> {
  const file = join(path, 'file')
  await chmod(path, 0o755)
  await chmod(file, 0o644)
  await change(file)
  if ((await stat(file).catch(() => undefined)) !== undefined) await utimes(file, 1, 1)
}

/** Never the whole blob: an error in its place, or a connection that is cut. */
async function rejectsOrRefuses(
  t: Test,
  server: Pushless,
  path: string,
  digest: string,
  headers: Record<string, string>,
): Promise<void> {
  const response = await fetch(`${repositoryUrl(server.url, path)}/blobs/${digest}`, { headers })
  if (response.status === 503) {
    t.equal((await refusal(response)).status, 503, 'refused before the first byte')
    return
  }
  await t.rejects(response.arrayBuffer(), 'cut')
}
