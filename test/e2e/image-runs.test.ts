/** Images that say all there is to say, run by containerd and podman; and packages, which say nothing. */
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { execa } from 'execa'
import { pullAll, pullManifest } from './client.ts'
import { sourceConforms } from './source-conformance.ts'
import { busybox, nixEnv, nixStore, shape } from '../support/nix.ts'
import { sharedPushless } from '../support/shared-registry.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const LIBRARY = fileURLToPath(new URL('../../nix', import.meta.url))

void t.test(
  'users, owners, copied trees and a base, as a program sees them',
  { skip: missing('nix') },
  async (t) => {
    const shell = await busybox()
    const source = await temporaryDirectory(t, 'tree')
    await mkdir(join(source, 'srv'))
    await writeFile(join(source, 'srv/page'), 'page')
    const path = await build(`
    let
      shell = builtins.storePath ${shell};
      base = image { name = "below"; contents = [ shell ]; env.BELOW = "below"; files."/etc/below" = "file below"; };
    in image {
      name = "whole";
      fromImage = base;
      entrypoint = [ "\${shell}/bin/sh" "-c" ];
      cmd = [ "id -un; stat -c '%n %U:%G %a' /data /home/app /etc/mine /srv/page /tmp; cat /etc/below; echo; echo $BELOW; cat /etc/mine; touch /data/written && echo written" ];
      env.PATH = "\${shell}/bin";
      users.app = { uid = 1000; groups = [ "staff" ]; };
      groups.staff.gid = 50;
      user = "app";
      directories."/data" = { mode = "0750"; uid = "app"; gid = "staff"; };
      files."/etc/mine" = { text = "mine"; mode = "0400"; uid = "app"; };
      extraDirectories = [ { source = ${source}; gid = "staff"; fileMode = "0640"; uid = "app"; } ];
      layers = [ [ (builtins.storePath ${await shape('chain')}) ] ];
      nixDatabase = true;
    }`)
    await sourceConforms(t, {
      path,
      prints: [
        'app',
        '/data app:staff 750',
        '/home/app app:app 700',
        '/etc/mine app:app 400',
        '/srv/page app:staff 640',
        '/tmp root:root 1777',
        'file below',
        'below',
        'minewritten',
      ].join('\n'),
    })
  },
)

void t.test(
  'a package names the certificates in its closure to its program',
  { skip: missing('nix') },
  async (t) => {
    const shell = await busybox()
    const certificates = await add(t, 'nss-cacert-3.100', async (path) => {
      await mkdir(join(path, 'etc/ssl/certs'), { recursive: true })
      await writeFile(join(path, 'etc/ssl/certs/ca-bundle.crt'), 'bundle')
    })
    const path = await expression(`derivation {
    name = "tool-1.0";
    system = builtins.currentSystem;
    builder = "${shell}/bin/sh";
    PATH = "${shell}/bin";
    shell = builtins.storePath ${shell};
    certificates = builtins.storePath ${certificates};
    args = [ "-c" ''
      mkdir -p $out/bin $out/nix-support
      echo $certificates > $out/nix-support/certificates
      for name in tool other; do
        printf '#!%s/bin/sh\\necho "$0 $SSL_CERT_FILE"; %s/bin/cat "$SSL_CERT_FILE"\\n' $shell $shell > $out/bin/$name
        chmod +x $out/bin/$name
      done
      echo other > $out/nix-support/main-program
    '' ];
  }`)
    const bundle = `${certificates}/etc/ssl/certs/ca-bundle.crt`
    await sourceConforms(t, {
      path,
      args: ['--serve-packages'],
      prints: `${path}/bin/other ${bundle}\nbundle`,
    })
    const { url } = await sharedPushless('--serve-packages')
    t.same(await envOf(url, path), ['PATH=/bin:/sbin', `SSL_CERT_FILE=${bundle}`])
    t.same(await envOf(url, shell), ['PATH=/bin:/sbin'], 'none where there are none')
    const leadingOut = await add(t, 'outside-1.0', async (path) => {
      await mkdir(join(path, 'etc/ssl/certs'), { recursive: true })
      await symlink('/etc/hostname', join(path, 'etc/ssl/certs/ca-bundle.crt'))
    })
    t.same(await envOf(url, leadingOut), ['PATH=/bin:/sbin'], 'nor any of the serving machine')
  },
)

void t.test('an image reads only what it refers to', { skip: missing('nix') }, async (t) => {
  const secret = await add(t, 'secret', async (path) => {
    await mkdir(path)
    await writeFile(join(path, 'key'), 'secret')
  })
  const { url } = await sharedPushless()
  const rest = {
    pushless: 1,
    name: 'x',
    architecture: 'amd64',
    os: 'linux',
    config: {},
    contents: [],
    maxLayers: 9,
  }
  for (const more of [
    { files: { '/key': { source: `${secret}/key` } } },
    { contents: [secret] },
    { extraDirectories: [{ source: secret, to: '/', directoryMode: '0755' }] },
    { layers: [[secret]] },
  ]) {
    // `nix-store --add` looks for no references.
    const path = await add(t, 'forged', (file) => writeFile(file, JSON.stringify({ ...rest, ...more })))
    await t.rejects(pullManifest(url, path), { message: /^500 .*not in its closure/ }, JSON.stringify(more))
  }
})

async function envOf(url: string, path: string): Promise<unknown> {
  const { manifest } = await pullManifest(url, path)
  const config = (await pullAll(url, path)).get(manifest.config.digest)
  return (JSON.parse(String(config)) as { readonly config: { readonly Env: unknown } }).config.Env
}

async function add(scope: Scope, name: string, fill: (path: string) => Promise<unknown>): Promise<string> {
  const path = join(await temporaryDirectory(scope, 'added'), name)
  await fill(path)
  return (await nixStore('--add', path))[0] ?? ''
}

const build = (text: string) => expression(`let inherit (import ${LIBRARY} { }) image; in ${text}`)

async function expression(text: string): Promise<string> {
  const { stdout } = await execa('nix-build', ['--no-out-link', '-E', text], { env: nixEnv })
  return stdout.trim()
}
