/**
 * The commands of the README and of docs/, run as they stand there, page by page: in a directory that has the files that
 * the page shows, beside a registry on port 5000 in a network of its own. What a console shows below a command is compared.
 */
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execPath } from 'node:process'
import { execa } from 'execa'
import t from 'tap'
import { blocksOf, commandsIn, readPages, type Command } from '../docs/pages.ts'
import { root } from '../nix/nix-command.ts'
import { helm, withoutHelm } from '../support/helm.ts'
import { nixEnv } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory, type Scope } from '../support/scope.ts'

const TIME_LIMIT_MS = 300_000
const TOKEN = 'a-token-of-the-documentation'

/** Commands that aren't run, and why. Flags of pushless in them are checked by docs/commands.test.ts. */
const NOT_RUN: readonly (readonly [command: RegExp, why: string])[] = [
  [
    /^npm (?:run|pack|install)/,
    'sets up a machine, or takes minutes; npm-package.test.ts packs and installs',
  ],
  [/^kubectl /, 'needs a cluster; kubectl-manifests.test.ts and kubelet.test.ts have one'],
  [
    /(?:^|\| )(?:ssh .*)?ctr /,
    'needs containerd; export-loads.test.ts and containerd.test.ts import and pull',
  ],
  [/\| (?:docker|podman) load/, 'needs docker or podman; export-loads.test.ts loads'],
  [/^podman /, 'needs podman with a configuration of its own; podman.test.ts pulls'],
  [/^(?:for node| {2}docker exec|done)/, 'needs kind'],
  [/^nix build \.#image/, 'needs nixpkgs from the network; flake.test.ts evaluates it'],
  [/examples\/app-yaml/, 'fetches a flake from the network; app-yaml.test.ts has one of its own'],
  [/^nix copy /, 'another machine; nix-cache.test.ts copies'],
  [/pushless serve\b/, 'never ends; one runs beside all pages, and help-examples.test.ts starts others'],
  [/<hash>/, 'the reader fills in the hash'],
  [
    /\/builds\/9rglzxp5hxz00ns62p47pg5piz62dg52/,
    'an example of a build that failed; builds.test.ts asks for real ones',
  ],
]

const pages = (await readPages())
  .filter(({ name }) => name === 'README.md' || name.startsWith('docs/'))
  .map(({ name, text }) => ({ name, blocks: blocksOf(text) }))
  .map(({ name, blocks }) => ({ name, blocks, commands: blocks.flatMap(commandsIn) }))
const reasonOf = ({ text }: Command) => NOT_RUN.find(([command]) => command.test(text))
const isWithoutHelm = ({ text }: Command) => withoutHelm !== false && text.includes('examples/helm')

void t.test('each reason not to run a command is needed', (t) => {
  const all = pages.flatMap(({ commands }) => commands)
  for (const reason of NOT_RUN)
    t.ok(
      all.some((command) => reasonOf(command) === reason),
      String(reason[0]),
    )
  t.end()
})

void t.test(
  'commands',
  { skip: missing('nix', 'root', 'network namespaces', 'busybox', 'git', 'curl') },
  async (t) => {
    const directory = await temporaryDirectory(t, 'readme')
    await programs(join(directory, 'bin'))
    await writeFile(join(directory, 'token'), TOKEN, { mode: 0o600 })
    // It is silent in a terminal, too, where its meter is overwritten.
    await writeFile(join(directory, '.curlrc'), 'silent\n')
    const flakeUrl = await flake(t)
    const parts: string[] = []
    const expected: { readonly place: string; readonly command: Command }[] = []
    for (const { name, blocks, commands } of pages) {
      const page = join(directory, name.replaceAll('/', '-'))
      await prepare(page)
      for (const { file, language, text } of blocks)
        if (file !== undefined && !file.startsWith('/') && language !== 'console')
          await writeFile(join(page, file), `${pinnedTo(flakeUrl, text)}\n`)
      parts.push(
        `cd '${page}'`,
        'nix build -f examples/greeter -o result 2>&1',
        'nix build -f examples/greeter image -o result-image',
      )
      for (const command of commands) {
        if (reasonOf(command) !== undefined || isWithoutHelm(command)) continue
        expected.push({ place: `${name}:${command.line}`, command })
        parts.push(`echo '@@@'`, `{ ${command.text}\n} 2>&1`, String.raw`printf '\n@@ %s\n' $?`)
      }
    }
    t.ok(expected.length >= 20, `${expected.length} commands`)
    const { stdout } = await execa('unshare', ['--net', 'sh', '-uc', beside(directory, parts.join('\n'))], {
      cwd: directory,
      env: environment(directory),
      stdin: 'ignore',
      timeout: TIME_LIMIT_MS,
      reject: false,
    })
    const outputs = stdout.split('@@@\n').slice(1)
    t.equal(outputs.length, expected.length, stdout.slice(-2000))
    for (const [i, { place, command }] of expected.entries()) {
      const [output = '', rest = ''] = (outputs[i] ?? '').split('\n@@ ')
      const status = Number.parseInt(rest, 10)
      const isCheckOfMistakes = command.shown.some((line) => / problem; |1 problem$/.test(line))
      t.equal(status, isCheckOfMistakes ? 1 : 0, `${place}: ${command.text}\n${output}`)
      t.strictSame(missingLines(command.shown, output), [], `${place}: ${command.text}\n${output}`)
    }
  },
)

void t.test('blocks of YAML', { skip: missing('nix', 'git') }, async (t) => {
  const directory = await temporaryDirectory(t, 'readme-yaml')
  await programs(join(directory, 'bin'))
  const flakeUrl = await flake(t)
  const options = {
    cwd: directory,
    env: environment(directory),
    reject: false,
    timeout: TIME_LIMIT_MS,
  } as const
  const counts = { applications: 0, objects: 0 }
  const run = async (text: string, command: readonly string[]) => {
    await writeFile(join(directory, 'app.yaml'), pinnedTo(flakeUrl, text))
    return execa('pushless', [...command, 'app.yaml'], options)
  }
  for (const { name, blocks } of pages)
    for (const { language, text, line, file } of blocks) {
      // Those of nodes are for other programs: node-pages.test.ts checks them.
      if (language !== 'yaml' || file === 'shop.yaml' || name.startsWith('docs/nodes/')) continue
      const isObject = /^kind: /m.test(text)
      counts[isObject ? 'objects' : 'applications'] += 1
      const command = isObject
        ? ['manifests', 'check', '--no-registry', '--strict']
        : ['manifests', '--print']
      t.match(await run(text, command), { exitCode: 0 }, `${name}:${line}`)
    }
  t.strictSame(counts, { applications: 3, objects: 4 })

  await t.test('the mistake that docs/apps.md shows is refused so', async (t) => {
    const apps = pages.find(({ name }) => name === 'docs/apps.md')?.blocks ?? []
    const lines = (apps.find(({ file }) => file === 'app.yaml')?.text ?? '').split('\n')
    const { stderr } = await run(lines.with(3, 'replicaz: 2').join('\n'), ['manifests'])
    const quoted = apps.find(({ text }) => text.includes('replicaz'))?.text
    t.equal(stderr, `pushless: ${quoted}`)
  })
})

void t.test('a line that isn’t printed is found', (t) => {
  t.strictSame(missingLines(['a …', '2.0 MB in all'], 'x\na b\n3.1 MB in all\n'), [])
  t.strictSame(missingLines(['b', 'a'], 'a\nb\n'), ['a'], 'in this order')
  t.strictSame(missingLines(['sha256:…'], 'sha512:00\n'), ['sha256:…'])
  t.end()
})

/** The lines that a page shows and that the output doesn't have, in their order. `…` is any text, sizes are any size. */
function missingLines(shown: readonly string[], output: string): readonly string[] {
  let lines = output.split('\n')
  return shown.filter((line) => {
    if (line.trim() === '') return false
    const pattern = line
      .replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
      .replaceAll('…', '.*')
      .replaceAll(/\d+(?:\\\.\d+)? (?=[kM]B)/g, String.raw`[\d.]+ `)
      .replaceAll(/ +/g, ' +')
    const at = lines.findIndex((one) => new RegExp(`^${pattern}$`).test(one))
    if (at === -1) return true
    lines = lines.slice(at + 1)
    return false
  })
}

/** Starts the registry, does something beside it, and ends it. */
function beside(directory: string, then: string): string {
  return `ip link set lo up
TOKEN=${TOKEN}
pushless serve --state '${directory}/served' --token-file '${directory}/token' >'${directory}/log' & server=$!
until curl -fs -o /dev/null http://127.0.0.1:5000/healthz; do kill -0 $server; sleep 0.1; done
${then}
kill $server; wait $server`
}

function environment(directory: string) {
  return {
    ...nixEnv,
    PATH: `${directory}/bin:${nixEnv.PATH}`,
    HOME: directory,
    LC_ALL: 'C',
    NIX_PATH: `nixpkgs=${root}test/docs/nixpkgs`,
    PUSHLESS_STATE: join(directory, 'state'),
    STUB_NODE: execPath,
    STUB_MAIN: `${root}dist/main.js`,
    STUB_HELM: helm,
  }
}

async function programs(bin: string): Promise<void> {
  await mkdir(bin)
  const file = join(bin, 'pushless')
  await writeFile(
    file,
    `#!/bin/sh\nexec '${execPath}' --disable-warning=ExperimentalWarning '${root}dist/main.js' "$@"\n`,
  )
  await chmod(file, 0o755)
}

/** A directory that looks like a checkout, with the manifests that pages call `deploy/`. */
async function prepare(directory: string): Promise<void> {
  await mkdir(join(directory, 'deploy'), { recursive: true })
  for (const name of ['nix', 'manifests', 'examples']) await symlink(join(root, name), join(directory, name))
  const { stdout } = await execa('nix-build', ['--no-out-link', `${root}examples/greeter`, '-A', 'image'], {
    env: nixEnv,
  })
  const image = `nix.internal${stdout.trim()}:nix`
  const containers = [image, 'docker.io/library/redis:8'].map(
    (name, i) => `{ name: c${i}, image: '${name}' }`,
  )
  await writeFile(
    join(directory, 'deploy/web.yaml'),
    `apiVersion: v1\nkind: Pod\nmetadata: { name: a }\nspec: { containers: [${containers.join(', ')}] }\n`,
  )
}

/** A file of an application, with another flake instead of nixpkgs. */
function pinnedTo(flakeUrl: string, text: string): string {
  return text.replaceAll(/github:NixOS\/nixpkgs\/[0-9a-f]{40}/g, flakeUrl)
}

/** The packages that app.yaml names, in a flake of the test's own, pinned as such must be. */
async function flake(scope: Scope): Promise<string> {
  const directory = await temporaryDirectory(scope, 'flake')
  const nix = `{
  outputs = _: {
    legacyPackages = builtins.listToAttrs (map (system: {
      name = system;
      value = builtins.listToAttrs (map (name: {
        inherit name;
        value = derivation {
          inherit name system;
          builder = "/bin/sh";
          PATH = "/usr/bin:/bin";
          args = [ "-euc" "mkdir -p $out/bin; printf '#!/bin/sh\\\\n' > $out/bin/$name; chmod +x $out/bin/$name" ];
        };
      }) [ "hello" "darkhttpd" "whoami" ]);
    }) [ "x86_64-linux" "aarch64-linux" ]);
  };
}
`
  await writeFile(join(directory, 'flake.nix'), nix)
  const git = async (...args: readonly string[]) =>
    execa('git', ['-C', directory, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args])
  await git('init', '--quiet')
  await git('add', 'flake.nix')
  await git('commit', '--quiet', '--message', 'Packages')
  const { stdout } = await git('rev-parse', 'HEAD')
  return `git+file://${directory}?rev=${stdout}`
}
