/**
 * `--store own`: a Nix of the server's own builds in a sandbox. Where there is none it builds nothing, or without, as the
 * operator says.
 */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { refusal, repositoryUrl } from './client.ts'
import { nixInstantiate } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const skip = missing('nix', 'busybox', 'root')
/** Debian's Nix has no shell of its own for the sandbox. */
const WITH_SHELL = 'sandbox-paths = /bin/sh=/bin/busybox'

/** A derivation that nobody built before. It fails where it sees the machine's files. */
async function hermetic(scope: Scope): Promise<string> {
  const file = join(await temporaryDirectory(scope, 'hermetic'), 'default.nix')
  await writeFile(
    file,
    `derivation {
       name = "hermetic-${process.pid}"; system = builtins.currentSystem; salt = "${Date.now()}-${Math.random()}";
       builder = "/bin/sh"; args = [ "-c" "[ ! -e ${process.execPath} ] && echo built > $out" ];
     }`,
  )
  return nixInstantiate(file)
}

async function started(scope: Scope, nixConfig: string, args: readonly string[] = []): Promise<Pushless> {
  const cache = await temporaryDirectory(scope, 'empty-cache')
  await writeFile(join(cache, 'nix-cache-info'), 'StoreDir: /nix/store\n')
  return startPushless(scope, {
    args: ['--store', 'own', '--caches', `file://${cache}`, '--serve-packages', ...args],
    env: { NIX_CONFIG: nixConfig },
  })
}
const said = ({ logs }: Pushless, text: string) =>
  logs.find(({ msg }) => typeof msg === 'string' && msg.startsWith(text))

const pull = async (server: Pushless, drv: string) =>
  refusal(await fetch(`${repositoryUrl(server.url, drv)}/manifests/nix`))
/** What is logged of the one build. A file, as it makes one, is no image. */
const steps = ({ logs }: Pushless) => logs.filter(({ msg }) => msg === 'nix').map(({ kind }) => kind)

void t.test('in a sandbox', { skip }, async (t) => {
  const server = await started(t, WITH_SHELL)
  await pull(server, await hermetic(t))
  t.same(steps(server), ['started', 'building', 'done'])
  t.ok(said(server, 'builds run in a sandbox'))
})

void t.test('without a sandbox nothing is built', { skip }, async (t) => {
  // No shell in the sandbox stands for no sandbox: the server sees a build that fails.
  const server = await started(t, 'sandbox-paths =')
  const drv = await hermetic(t)
  t.equal((await pull(server, drv)).status, 404, 'as for what may not be built')
  t.same(steps(server), [])
  t.match(said(server, 'nothing is built'), { reason: /\S/ })
  t.ok(
    server.logs.some((line) => JSON.stringify(line).includes('builds can have no sandbox here (--allow')),
    'the log says why',
  )
})

void t.test('without a sandbox, as the operator wants it', { skip }, async (t) => {
  const server = await started(t, 'sandbox-paths =', ['--allow-unsandboxed-builds'])
  t.equal((await pull(server, await hermetic(t))).status, 500)
  t.same(steps(server).slice(0, 2), ['started', 'building'], 'the build saw the machine')
  t.match(said(server, 'builds run without a sandbox'), { reason: /\S/ })
})

void t.test('its Nix is no daemon of somebody else', { skip }, async (t) => {
  await t.rejects(startPushless(t, { args: ['--store', 'own'], env: { PUSHLESS_NIX: 'unix:/run/nix' } }), {
    message: /with --store own it is a command/,
  })
})
