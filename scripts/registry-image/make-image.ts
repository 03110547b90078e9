/** Makes an image of the registry in the Nix store, of this checkout (`npm run build` before) and of fetched parts. */
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { fetchParts } from './fetch-parts.ts'
import { ARCHITECTURES, readParts, type Architecture } from './parts.ts'

type ImageAttribute = `${'' | 'withNix.'}${Architecture | 'index'}`

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const EXPRESSION = fileURLToPath(new URL('image.nix', import.meta.url))
const LIMIT_MS = 300_000

type Environment = Readonly<Record<string, string>>

/**
 * @param environment variables for Nix, beside those of this process.
 * @returns the store path of the image of one architecture, or of both, with Nix in it or without. @throws without Nix,
 * and where a command is missing.
 */
export async function makeImage(attribute: ImageAttribute, environment: Environment = {}): Promise<string> {
  return build(attribute, environment)
}

/** Builds all parts of the image once more. @throws where one isn't the same again. */
export async function checkParts(environment: Environment = {}): Promise<void> {
  await build('parts', environment)
  await build('parts', environment, ['--check'])
}

async function build(
  attribute: ImageAttribute | 'parts',
  environment: Environment,
  more: readonly string[] = [],
): Promise<string> {
  const wanted = ARCHITECTURES.find((architecture) => attribute.endsWith(architecture))
  const archives = await fetchParts(await readParts(), {
    architectures: wanted === undefined ? ARCHITECTURES : [wanted],
    hasNix: attribute.startsWith('withNix.'),
  })
  const work = await mkdtemp(join(tmpdir(), 'pushless-app-'))
  try {
    const app = join(work, 'app')
    await copyPackage(app)
    const args = ['--no-out-link', '--argstr', 'archives', archives, '--arg', 'app', app, '-A', attribute]
    const { stdout } = await execa('nix-build', [EXPRESSION, ...args, ...more], {
      timeout: LIMIT_MS,
      env: { ...environment, NIX_PATH: '' },
      stdin: 'ignore',
    })
    return stdout.trim()
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/** Copies the files that the npm package has. */
async function copyPackage(directory: string): Promise<void> {
  const { files } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    readonly files: readonly string[]
  }
  for (const name of ['package.json', 'LICENSE', ...files.filter((file) => !file.startsWith('!'))])
    await cp(join(ROOT, name), join(directory, name), {
      recursive: true,
      filter: (source) => !source.endsWith('.tests.nix'),
    })
}
