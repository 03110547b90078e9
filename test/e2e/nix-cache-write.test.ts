/** `nix copy` to a registry, by the machine's Nix (2.8 on Debian bookworm) and by 2.26 in a chroot. */
import t, { type Test } from 'tap'
import { pullAll } from './client.ts'
import { missingTrixieNix } from '../support/chroot-nix.ts'
import { nixStore } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { NETRC, TOKEN, chrootClient, machineClient, startCache, type Client } from './nix-copy.ts'

/** A derivation of a source, a flat file and a text, and one that needs it: every kind that is taken. */
const EXPRESSION = `
  { salt }:
  let
    system = builtins.currentSystem;
    source = builtins.path { path = ./source.txt; name = "source-\${salt}"; };
    flat = builtins.path { path = ./source.txt; name = "flat-\${salt}"; recursive = false; };
    text = builtins.toFile "text-\${salt}" "see \${source}";
    dependency = derivation {
      name = "dependency-\${salt}"; inherit system source flat text; builder = "/bin/sh";
      args = [ "-c" "mkdir $out; echo $source $flat $text > $out/inputs" ]; PATH = "/usr/bin:/bin";
    };
  in derivation {
    name = "copied-\${salt}"; inherit system dependency; builder = "/bin/sh";
    args = [ "-c" "mkdir $out; echo $dependency > $out/dependency" ]; PATH = "/usr/bin:/bin";
  }`

void t.test('nix copy --derivation, by the Nix of this machine', { skip: missing('nix') }, async (t) => {
  await copiesDerivations(t, await machineClient(t))
})

void t.test('nix copy --derivation, by Nix 2.26 or later', { skip: await missingTrixieNix() }, async (t) => {
  await copiesDerivations(t, await chrootClient(t))
})

async function copiesDerivations(t: Test, client: Client): Promise<void> {
  const { server, url, received } = await startCache(t, ['--nix-cache', 'write', '--serve-packages'])
  const file = await client.addFile('expression.nix', EXPRESSION)
  await client.addFile('source.txt', `a source of ${process.pid}\n`)
  const netrc = await client.addFile('netrc', NETRC)
  const wrong = await client.addFile('wrong-netrc', NETRC.replace(TOKEN, 'another-token-altogether'))
  const copy = (drv: string, query: string, ...more: readonly string[]) =>
    client.nix(
      'nix',
      'copy',
      '--derivation',
      '--from',
      client.ownStore,
      '--to',
      `${url}${query}`,
      ...more,
      drv,
    )

  for (const query of [
    '',
    '?compression=none',
    '?compression=zstd',
    '?compression=gzip',
    '?compression=br',
  ]) {
    const salt = `${process.pid}-${Date.now()}`
    const drv = (
      await client.nix('nix-instantiate', '--store', client.ownStore, file, '--argstr', 'salt', salt)
    ).trim()
    if (query === '') {
      for (const without of [[], ['--netrc-file', wrong]])
        await t.rejects(
          copy(drv, query, ...without),
          { message: /401.*this needs the token of --token-file/s },
          'without the token, an error that says so',
        )
      await t.rejects(nixStore('--check-validity', drv))
    }
    const before = received()
    await copy(drv, query, '--netrc-file', netrc)
    const bytes = received() - before
    await nixStore('--check-validity', drv)
    const closure = await nixStore('--query', '--requisites', drv)
    t.equal(closure.length, 5, `${query}: the derivation and all that it needs are there`)
    t.ok(bytes > 0 && bytes < 16_000, `${query}: by ${bytes} bytes`)
    t.ok((await pullAll(server.url, drv)).size > 1, 'and a pull builds it')
    const log = server.logs.filter(
      (line) => line['msg'] === 'imported' && String(line['path']).includes(salt),
    )
    t.equal(log.length, 5)
  }

  if (!client.canBuild) return
  await t.test('paths that were built elsewhere are refused', async (t) => {
    const salt = `built-${process.pid}-${Date.now()}`
    const [output = ''] = (
      await client.nix(
        'nix-build',
        '--no-out-link',
        '--store',
        client.ownStore,
        file,
        '--argstr',
        'salt',
        salt,
      )
    ).split('\n')
    await t.rejects(
      client.nix(
        'nix',
        'copy',
        '--no-check-sigs',
        '--netrc-file',
        netrc,
        '--from',
        client.ownStore,
        '--to',
        url,
        output,
      ),
      { message: /403.*is not content-addressed/s },
    )
    await t.rejects(nixStore('--check-validity', output))
  })
}
