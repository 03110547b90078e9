/** Catalogues that attack who evaluates them, or fail, with the Nix of this machine and with a newer one. */
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { CatalogueError } from '../../src/catalogue/catalogue-error.ts'
import { evaluateEntry } from '../../src/catalogue/evaluate-entry.ts'
import { makeEvaluator, type EvaluationLimits, type EvaluatorOptions } from '../../src/catalogue/evaluator.ts'
import { openCatalogue } from '../../src/catalogue/open-catalogue.ts'
import { resolveEntry } from '../../src/catalogue/resolve-entry.ts'
import { parseStorePath } from '../../src/core/nix/store-path.ts'
import { inRoot } from '../support/debian-root.ts'
import { chrootNix, missingTrixieNix } from '../support/chroot-nix.ts'
import { nixEnv } from '../support/nix.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { root } from '../nix/nix-command.ts'

type Case = {
  readonly what: string
  /** Nix expression of the manifests. `values` is in scope. */
  readonly manifests: string
  readonly kind: CatalogueError['kind']
  readonly message: RegExp
}

const FORBIDDEN = /forbidden in restricted mode/
const STACK = /stack overflow|call depth exceeded/
const CASES: readonly Case[] = [
  {
    what: 'a loop that takes no memory',
    manifests: 'let f = n: if n == 0 then 0 else f (n - 1) + f (n - 1); in f 80',
    kind: 'limit-exceeded',
    message: /^case 1: the evaluation took longer than 1 s$/,
  },
  {
    what: 'a list that doubles',
    manifests: 'let go = n: l: if n == 0 then builtins.length l else go (n - 1) (l ++ l); in go 40 [ 1 2 3 ]',
    kind: 'limit-exceeded',
    message: /^case 1: the evaluation needed more than 128 MiB of memory$/,
  },
  {
    what: 'many values that are alive',
    manifests:
      "let l = builtins.genList (n: { a = n; b = [ n ]; }) 5000000; in builtins.foldl' (a: b: a + b.a) 0 (builtins.deepSeq l l)",
    kind: 'limit-exceeded',
    message: /^case 1: the evaluation needed more than 128 MiB of memory$/,
  },
  {
    what: 'a recursion without an end',
    manifests: 'let f = n: 1 + f (n + 1); in f 0',
    kind: 'evaluation-failed',
    message: STACK,
  },
  {
    what: 'output without an end',
    manifests:
      'let s = builtins.concatStringsSep "" (builtins.genList (n: "0123456789") 9999); in builtins.foldl\' (a: n: builtins.trace s a) 0 (builtins.genList (n: n) 999)',
    kind: 'limit-exceeded',
    message: /^case 1: the evaluation wrote more than 4 MiB$/,
  },
  {
    what: 'a file of the machine',
    manifests: 'builtins.readFile /etc/passwd',
    kind: 'evaluation-failed',
    message: FORBIDDEN,
  },
  {
    what: 'a file of the machine, as a source',
    manifests: 'derivation { name = "a"; system = "x"; builder = "/bin/sh"; src = /etc/passwd; }',
    kind: 'evaluation-failed',
    message: FORBIDDEN,
  },
  {
    what: 'a file of the machine, by a URL',
    manifests: 'builtins.fetchurl "file:///etc/passwd"',
    kind: 'evaluation-failed',
    message: FORBIDDEN,
  },
  {
    what: 'a path that the values name',
    manifests: 'builtins.readFile (/. + values.file)',
    kind: 'evaluation-failed',
    message: FORBIDDEN,
  },
  {
    what: 'a fetch',
    manifests: 'builtins.fetchurl "http://127.0.0.1:1/x"',
    kind: 'evaluation-failed',
    message: FORBIDDEN,
  },
  {
    what: 'a fetch by git',
    manifests: 'builtins.fetchGit "https://127.0.0.1:1/x"',
    kind: 'evaluation-failed',
    message: FORBIDDEN,
  },
  {
    what: 'a tree, which needs an experimental feature',
    manifests: 'builtins.fetchTree { type = "path"; path = "/etc/apt"; }',
    kind: 'evaluation-failed',
    message: /experimental Nix feature|attribute 'fetchTree' missing/,
  },
  {
    what: 'an import from a derivation',
    manifests:
      'import (derivation { name = "a"; system = builtins.currentSystem; builder = "/bin/sh"; args = [ "-c" "echo 1 > $out" ]; })',
    kind: 'evaluation-failed',
    message: /allow-import-from-derivation/,
  },
  {
    what: 'a program',
    manifests: 'builtins.exec [ "/bin/sh" ]',
    kind: 'evaluation-failed',
    message: /attribute 'exec' missing/,
  },
  {
    what: 'a refusal of several lines',
    manifests: 'throw "replicas:\\nthree\\nis not enough"',
    kind: 'evaluation-failed',
    message: /^case 1: replicas: three is not enough$/,
  },
  {
    what: 'no derivation',
    manifests: '{ }',
    kind: 'evaluation-failed',
    message:
      /^case 1: catalogue: manifests of case\."1" is an attribute set, expected a derivation, such as `list` and `mkManifests` return$/,
  },
  {
    what: 'a derivation that is none',
    manifests: '{ type = "derivation"; drvPath = "/etc/passwd"; outPath = "/etc/passwd"; }',
    kind: 'evaluation-failed',
    message: /^case 1: its manifests have no derivation in \/nix\/store$/,
  },
]

const LIMITS: Partial<EvaluationLimits> = { timeMs: 30_000, memoryMiB: 128 }
const SHORT: Partial<EvaluationLimits> = { ...LIMITS, timeMs: 1_000 }
const NAMED_BY_SECRET = {
  manifests: 'derivation { name = "a${builtins.getEnv "SECRET"}"; system = "x"; builder = "/bin/sh"; }',
}
const VALUES = { file: '/etc/passwd' }

/** The environment of the caller, which must not reach an evaluation. */
const SECRETS = { SECRET: 'secret of the caller' }

void t.test('with the Nix of this machine', { skip: missing('nix') }, async (t) => {
  await attack(t, { library: root, environment: { ...nixEnv, ...SECRETS } })
})

void t.test('with Nix 2.26', { skip: (await missingTrixieNix()) || missing('nix') }, async (t) => {
  const chroot = await chrootNix(t)
  const { dir, storeDir } = chroot
  const directory = await temporaryDirectory(t, 'newer-nix')
  for (const part of ['manifests', 'nix'])
    await cp(join(root, part), join(directory, part), { recursive: true })
  const [command, ...args] = inRoot(dir, ['/usr/bin/nix-instantiate'], {
    binds: { '/nix': join(storeDir, '..'), '/tmp': '/tmp' },
    env: { NIX_CONF_DIR: '/nix/etc', GC_MAXIMUM_HEAP_SIZE: '$GC_MAXIMUM_HEAP_SIZE' },
  })
  const quoted = [command, ...args].map((word) =>
    word.startsWith('GC_') ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`,
  )
  await mkdir(join(directory, 'bin'))
  const program = join(directory, 'bin/nix-instantiate')
  await writeFile(program, `#!/bin/sh\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nexec ${quoted.join(' ')} "$@"\n`)
  await chmod(program, 0o755)
  const environment = { PATH: join(directory, 'bin'), ...SECRETS }
  await attack(t, { library: directory, environment })

  await t.test('a flake is evaluated from the store', async (t) => {
    const flake = `{ outputs = { self }: { pushlessCatalogue.a."1" = { _type = "catalogueEntry"; description = self.outPath; schema.type = "object"; defaults = { }; presets = { }; manifests = _: derivation { name = "made"; system = "x"; builder = self; }; }; }; }`
    const outside = join(directory, 'flake')
    await mkdir(outside)
    await writeFile(join(outside, 'flake.nix'), flake)
    const added = await chroot.run(['nix-store', '--add', await chroot.addDirectory('flake', outside)])
    const path = parseStorePath(added.trim())
    if (path === undefined) throw new Error(added)
    const evaluator = makeEvaluator({ library: directory, environment, limits: LIMITS })
    const source = {
      kind: 'flake',
      graph: { root: 'r', nodes: { r: { path, isFlake: true, inputs: {} } } },
    } as const
    const made = await evaluateEntry(source, { name: 'a', version: '1' }, {}, evaluator)
    t.match(made.derivation, /-made\.drv$/)
  })
})

async function attack(t: Test, options: Omit<EvaluatorOptions, 'limits'>): Promise<void> {
  const evaluator = makeEvaluator({ ...options, limits: LIMITS })
  const directory = await temporaryDirectory(t, 'catalogue')
  await writeFile(join(directory, 'catalogue.nix'), catalogueOf([...CASES, NAMED_BY_SECRET]))
  const catalogue = await openCatalogue(directory, evaluator)
  const ask = async (at: number) =>
    resolveEntry(
      catalogue,
      { name: 'case', version: String(at), values: VALUES },
      at === 0 ? makeEvaluator({ ...options, limits: SHORT }) : evaluator,
    )
  for (const [at, { what, kind, message }] of CASES.entries())
    await t.test(what, async (t) => {
      const error: unknown = await ask(at).catch((error: unknown) => error)
      if (!(error instanceof CatalogueError)) throw error
      t.equal(error.kind, kind, error.message)
      t.match(error.message.replaceAll(/\bcase( |\.")\d+/g, 'case$11'), message)
      t.notMatch(error.message, '\n')
    })

  await t.test('the environment of the caller is not there', async (t) => {
    t.match((await ask(CASES.length)).derivation, /-a\.drv$/)
  })

  await t.test('an evaluation can be given up', async (t) => {
    const file = join(directory, 'endless.nix')
    await writeFile(file, 'let f = n: if n == 0 then { } else f (n - 1) // f (n - 1); in f 80')
    const started = Date.now()
    await t.rejects(openCatalogue(file, evaluator, { signal: AbortSignal.timeout(200) }), {
      name: 'TimeoutError',
    })
    t.ok(Date.now() - started < 20_000)
  })
}

/** Each case is a version. What one does hurts no other, since Nix evaluates what is needed. */
function catalogueOf(cases: readonly Pick<Case, 'manifests'>[]): string {
  const entries = cases.map(
    ({ manifests }, at) => `
  case."${at}" = pushless.catalogueEntry {
    description = "an attack";
    schema = { type = "object"; x-kubernetes-preserve-unknown-fields = true; };
    manifests = values: ${manifests};
  };`,
  )
  return `{ pushless }: {${entries.join('')}\n}\n`
}
