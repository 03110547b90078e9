/** Images that bring a Nix database: real Nix works with it, and it is the same wherever it is made. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { execa } from 'execa'
import { pullAll, pullManifest } from './client.ts'
import { busybox, nixEnv, nixStore, shape } from '../support/nix.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const LIBRARY = fileURLToPath(new URL('../../nix', import.meta.url))

void t.test('a Nix in the image knows what the image brings', { skip: missing('nix') }, async (t) => {
  const paths = [await busybox(), await shape('diamond'), await shape('chain')]
  const image = await build(`{ name = "with-nix"; contents = [ ${stored(paths)} ]; nixDatabase = true; }`)
  const { url } = await sharedPushless()
  const root = await unpack(t, url, image)
  const store = (...args: readonly string[]) =>
    execa('nix-store', ['--store', root, ...args], { env: nixEnv, lines: true })

  const wanted = (await nixStore('--query', '--requisites', image)).filter((path) => path !== image).sort()
  t.ok(wanted.length > paths.length, 'more than the contents')
  t.same((await store('--query', '--requisites', ...paths)).stdout.sort(), wanted)
  for (const path of wanted) {
    for (const question of ['--references', '--referrers', '--size', '--hash']) {
      const here = await nixStore('--query', question, path)
      const there = (await store('--query', question, path)).stdout.filter((line) => line !== '')
      // Others of this store may refer to it too.
      const known = question === '--referrers' ? here.filter((other) => wanted.includes(other)) : here
      t.same(there.sort(), known.sort(), `${question} ${path}`)
    }
  }
  const verified = await store('--verify', '--check-contents')
  t.notMatch(verified.stderr.join('\n'), /error|warning: .*(?:missing|modified|not valid)/)
  await store('--gc')
  t.same(
    (await store('--query', '--requisites', ...paths)).stdout.sort(),
    wanted,
    'garbage takes nothing of it',
  )
  const file = join(await temporaryDirectory(t, 'added'), 'added')
  await writeFile(file, 'added')
  const [added = ''] = (await store('--add', file)).stdout
  t.same(
    (await store('--query', '--hash', added)).stdout,
    await nixStore('--query', '--hash', await add(file)),
  )
})

void t.test('the database decides no digest by where it was made', { skip: missing('nix') }, async (t) => {
  const path = await shape('chain')
  const { url } = await sharedPushless()
  const image = (more: string) =>
    build(`{ name = "database"; contents = [ ${stored([path])} ]; nixDatabase = true; ${more} }`)
  const one = (await pullManifest(url, await image(''))).manifest.layers
  const other = (await pullManifest(url, await image('env.A = 1;'))).manifest.layers
  t.same(one, other, 'the file of the image is not in it')
  const root = await unpack(t, url, await image(''))
  const database = await readFile(join(root, 'nix/var/nix/db/db.sqlite'), 'latin1')
  t.notMatch(database, /\.drv/, 'no derivers: a path that was fetched has none')
})

void t.test('without it there is no database', { skip: missing('nix') }, async (t) => {
  const { url } = await sharedPushless()
  const image = await build(`{ name = "without"; contents = [ ${stored([await shape('chain')])} ]; }`)
  const root = await unpack(t, url, image)
  await t.rejects(readFile(join(root, 'nix/var/nix/db/db.sqlite')))
})

const stored = (paths: readonly string[]) => paths.map((path) => `(builtins.storePath ${path})`).join(' ')

async function add(file: string): Promise<string> {
  return (await nixStore('--add', file))[0] ?? ''
}

async function build(attributes: string): Promise<string> {
  const expression = `(import ${LIBRARY} { }).image ${attributes}`
  const { stdout } = await execa('nix-build', ['--no-out-link', '-E', expression], { env: nixEnv })
  return stdout.trim()
}

/** The image's files, as a directory that is removed with the scope. */
async function unpack(scope: Scope, url: string, image: string): Promise<string> {
  const directory = await temporaryDirectory(scope, 'root')
  const { manifest } = await pullManifest(url, image)
  const blobs = await pullAll(url, image)
  await mkdir(join(directory, 'root'))
  for (const { digest } of manifest.layers) {
    const args = ['-xf', '-', '-C', join(directory, 'root'), '--delay-directory-restore']
    await execa('tar', args, { input: blobs.get(digest) ?? Buffer.alloc(0) })
  }
  return join(directory, 'root')
}
