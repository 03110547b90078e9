/**
 * No room where Nix works. Where Nix says so itself (its store or its build directory is full), a pull is put off with
 * 503: somebody makes room, and the same pull works. A builder that ran out of a space of its own has just failed.
 */
import { rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { execa } from 'execa'
import { pullAll, refusal, repositoryUrl } from './client.ts'
import { until } from './until.ts'
import { privateNix } from '../support/private-nix.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const skip = missing('nix', 'root')
const ROOM_LEFT = 4 * 1024 * 1024

void t.test('no room for', { skip }, async (t) => {
  const nix = await privateNix(t, '64m')
  const builds = await temporaryDirectory(t, 'builds')
  await execa('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'pushless-test', builds])
  t.teardown(() => execa('umount', ['--lazy', builds]).then(() => undefined))
  const server = await startPushless(t, {
    prefix: nix.prefix,
    args: ['--serve-packages'],
    env: { TMPDIR: builds },
  })
  const instantiate = async (name: string, script: string) =>
    (await nix.run(['nix-instantiate', '-E', expression(name, script)]))[0] ?? ''
  for (const [name, script, full] of [
    ['what a builder makes', 'mkdir $out; head -c 20000000 /dev/zero > $out/big', nix.directory],
    [
      'what a builder writes on the way',
      'head -c 20000000 /dev/zero > on-the-way; mkdir $out; echo > $out/file',
      builds,
    ],
  ] as const) {
    await t.test(name, async (t) => {
      const drv = await instantiate(name.replaceAll(' ', '-'), script)
      const makeRoom = await fill(full)
      const response = await fetch(`${repositoryUrl(server.url, drv)}/manifests/nix`)
      t.match(response.headers.get('retry-after'), /^[1-9]/)
      t.match(await refusal(response), {
        status: 503,
        reason: 'no space left for nix',
        message: /^no space left where Nix works: ./,
        detail: { derivation: drv, output: 'out' },
      })
      const line = await until(() =>
        server.logs.find(({ kind, derivation }) => kind === 'no-space' && derivation === drv),
      )
      t.match(line, { level: 50, status: 503 }, 'and the log has it')
      await makeRoom()
      t.ok((await pullAll(server.url, drv)).size > 1, 'and it is built once there is room, at once')
    })
  }

  await t.test('a builder that fills another disk has failed', async (t) => {
    const drv = await instantiate('elsewhere', 'head -c 10000 /dev/zero > /dev/full')
    t.match(await refusal(await fetch(`${repositoryUrl(server.url, drv)}/manifests/nix`)), {
      status: 500,
      reason: 'nix build failed',
      detail: { log: [/No space left on device/] },
    })
  })

  await t.test('a fetch', async (t) => {
    const cache = await temporaryDirectory(t, 'cache')
    const elsewhere = await privateNix(t)
    const built = [
      'nix-build',
      '--no-out-link',
      '-E',
      expression('fetched', 'mkdir $out; head -c 20000000 /dev/zero > $out/big'),
    ]
    const [path = ''] = await elsewhere.run(built)
    await elsewhere.run(['nix', 'copy', '--to', `file://${cache}`, path])
    const conf = await temporaryDirectory(t, 'nix-conf')
    await writeFile(join(conf, 'nix.conf'), `substituters = file://${cache}\nrequire-sigs = false\n`)
    const fetching = await startPushless(t, {
      prefix: nix.prefix,
      args: ['--serve-packages'],
      env: { NIX_CONF_DIR: conf, XDG_CACHE_HOME: conf, HOME: conf },
    })
    await nix.run(['nix-store', '--gc'])
    const makeRoom = await fill(nix.directory)
    t.match(await refusal(await fetch(`${repositoryUrl(fetching.url, path)}/manifests/nix`)), {
      status: 503,
      reason: 'no space left for nix',
      message: /No space left on device/,
    })
    await makeRoom()
    t.ok((await pullAll(fetching.url, path)).size > 1)
  })
})

/** Leaves so little room that nothing of what is made here fits, and enough for Nix to say so. @returns what makes room again. */
async function fill(directory: string): Promise<() => Promise<void>> {
  const { bavail, bsize } = await statfs(directory)
  const file = join(directory, 'filler')
  await writeFile(file, Buffer.alloc(bavail * bsize - ROOM_LEFT))
  return () => rm(file)
}

function expression(name: string, script: string): string {
  return `derivation {
    name = "${name}-${process.pid}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin";
    args = [ "-euc" "${script}" ];
  }`
}
