/** Every block of Nix in the documentation is evaluated with the libraries in scope. */
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { evaluate, evaluateAll, outcomes, refusal, root, withoutNix } from '../nix/nix-command.ts'
import { nixEnv } from '../support/nix.ts'
import { blocksOf, readPages } from './pages.ts'

const skip = withoutNix

/** Blocks that are read and not evaluated, by a text that only they have, and why. */
const PARSED_ONLY: Readonly<Record<string, string>> = {
  'pkgs.dockerTools.buildLayeredImage {\n  name = "web"':
    'the way of dockerTools: its functions are those of nixpkgs',
  'nix2container.buildImage {': 'the way of nix2container, which is not part of the project',
  'kubernetes.resources.deployments.web': 'the way of kubenix, which is not part of the project',
  'nix-snapshotter.buildImage {': 'the way of nix-snapshotter, which is not part of the project',
}

/** Blocks of a configuration of NixOS: what the modules make of it is evaluated, with a stub for nixpkgs. */
const NIXOS = /^(?:# configuration\.nix\n)?\{ pushless, \.\.\. \}:/
/** Flakes, whose outputs are evaluated with the project's own as input. */
const FLAKE = /^\{\n {2}inputs/

// What the examples name: nixpkgs is a stub, whose packages are real derivations of nothing.
const scope = `
  with manifests;
  let
    web = some { };
    greeter = some { };
    base = some { };
    pkgs = import ${root}test/docs/nixpkgs { };
  in`

const pages = (await readPages()).filter(({ name }) => name !== 'manifests/README.md')
const blocks = pages.flatMap(({ name, text }) =>
  blocksOf(text)
    .filter(({ language }) => language === 'nix')
    .map((block) => ({ ...block, place: `${name}:${block.line}` })),
)
const reasonOf = (text: string) => Object.keys(PARSED_ONLY).find((part) => text.includes(part))
const evaluated = blocks.filter(({ text }) => reasonOf(text) === undefined)

void t.test('blocks of Nix have a value', { skip }, async (t) => {
  t.ok(evaluated.length >= 12, `${evaluated.length} blocks`)
  const happened = await outcomes(
    evaluated.map(({ text }) => valueOf(text)),
    scope,
  )
  for (const [at, { place }] of evaluated.entries())
    t.strictSame(happened[at], { refusal: undefined, traces: [] }, `${place}: neither refused nor warned of`)
})

void t.test('objects in them are what Kubernetes takes', { skip }, async (t) => {
  const found = await evaluateAll(
    evaluated.map(({ text }) => `let value = (${valueOf(text)}); in validate (objectsIn value)`),
    `${scope}
      let
        isObject = value: builtins.isAttrs value && value ? apiVersion && value ? metadata;
        objectsIn = value: builtins.filter isObject (if builtins.isList value then value else [ value ]);
      in`,
  )
  for (const [at, { place }] of evaluated.entries()) t.strictSame(found[at], [], place)
})

void t.test('the others are Nix', { skip }, async (t) => {
  const others = blocks.filter(({ text }) => reasonOf(text) !== undefined)
  t.strictSame(
    Object.keys(PARSED_ONLY).filter((part) => !others.some(({ text }) => text.includes(part))),
    [],
    'none is listed in vain',
  )
  const directory = await mkdtemp(join(tmpdir(), 'docs-'))
  t.teardown(async () => rm(directory, { recursive: true }))
  for (const [at, { text, place }] of others.entries()) {
    const file = join(directory, `${at}.nix`)
    await writeFile(file, `with { }; ${text}\n`)
    const { exitCode, stderr } = await execa('nix-instantiate', ['--parse', file], {
      env: nixEnv,
      reject: false,
    })
    t.equal(exitCode, 0, `${place}: ${stderr}`)
  }
})

/** What the pages say of mistakes: the expression, and the page that quotes Nix. */
const REFUSED: readonly (readonly [page: string, expression: string])[] = [
  ['docs/images.md', '(image { name = "a"; system = "x86_64-linux"; ports = [ 99999 ]; }).drvPath'],
  ['docs/manifests.md', '(list "web" [ (extend web { spec.replica = 2; }) ]).drvPath'],
]

void t.test('refusals are quoted as they are', { skip }, async (t) => {
  const texts = new Map(pages.map(({ name, text }) => [name, text.replaceAll(/\s+/g, ' ')]))
  for (const [page, expression] of REFUSED) {
    const said = await refusal(
      `${scope} let web = deployment { name = "web"; containers.web.image = greeter; }; in ${expression}`,
    )
    t.ok(
      said !== undefined && texts.get(page)?.includes(`error: ${said.replaceAll(/\s+/g, ' ')}`),
      `${page}: ${said}`,
    )
  }
})

void t.test('docs/images.md has each argument of image', { skip }, async (t) => {
  const names = await evaluate('builtins.attrNames (builtins.functionArgs image)')
  const table =
    pages
      .find(({ name }) => name === 'docs/images.md')
      ?.text.split('## All arguments')[1]
      ?.split('\n## ')[0] ?? ''
  const rows = [...table.matchAll(/^\| (.+?) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  )
  t.same(new Set(rows), new Set(Array.isArray(names) ? names : []))
})

/** An expression for the value of a block: of a file its functions are called, of a system its modules evaluated. */
function valueOf(text: string): string {
  const code = whereFilesAre(text)
  if (NIXOS.test(text)) return systemOf(code)
  if (FLAKE.test(text)) return flakeOf(code)
  return `
    let
      value = (${code});
      given = { inherit pkgs; pushless = manifests; };
    in
    if builtins.isFunction value then
      value (builtins.intersectAttrs (builtins.functionArgs value) given)
    else
      value`
}

function systemOf(code: string): string {
  return `
    let
      nixpkgs = import ${root}test/nix/stub-nixpkgs;
      given = ((${code}) { pushless.nixosModules.default = null; }).services.pushless;
      evaluated = module: path: given: nixpkgs.lib.evalModule {
        inherit module path given;
        pkgs = nixpkgs.legacyPackages.x86_64-linux;
        others = {
          virtualisation.containerd.enable = false;
          virtualisation.containers.enable = false;
          services.k3s.enable = false;
        };
      };
    in
    [
      (evaluated (import ${root}nix/module.nix) [ "services" "pushless" ] (removeAttrs given [ "node" ]))
      (evaluated (import ${root}nix/node.nix) [ "services" "pushless" "node" ] (given.node or { }))
    ]`
}

function flakeOf(code: string): string {
  return `
    let
      nixpkgs = { legacyPackages.x86_64-linux = pkgs; };
      pushless = (import ${root}flake.nix).outputs { self = pushless; nixpkgs = import ${root}test/nix/stub-nixpkgs; };
      flake = ${code};
    in
    flake.outputs { self = { }; inherit nixpkgs pushless; }`
}

/** A block whose paths are those of the repository, or else of files that are there for examples. */
function whereFilesAre(text: string): string {
  return text.replaceAll(/(?<=[ {(])\.\/([\w./-]+)/g, (_, path: string) =>
    join(root, existsSync(join(root, path)) ? '' : 'test/manifests/readme', path),
  )
}
