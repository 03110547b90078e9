/** How pushless plans an image, as `pushless inspect` says it: the peer gets the same layers. */
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { nixEnv } from '../test/support/nix.ts'
import { scoped, temporaryDirectory } from '../test/support/scope.ts'

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const known = new Map<string, Promise<Layers>>()

type Layers = { readonly layers: readonly (readonly string[])[]; readonly config: object }

/** Asked once: planning is no part of what the peer is measured at. */
export function layersOf(image: string): Promise<Layers> {
  const asked = known.get(image) ?? inspect(image)
  known.set(image, asked)
  return asked
}

async function inspect(image: string): Promise<Layers> {
  return scoped(async (scope) => {
    const state = await temporaryDirectory(scope, 'inspect')
    const { stdout } = await execa(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        MAIN,
        'inspect',
        '--json',
        '--serve-packages',
        '--state',
        state,
        image,
      ],
      { env: nixEnv },
    )
    const facts = JSON.parse(stdout) as {
      readonly layers: readonly { readonly storePaths: readonly string[] }[]
      readonly config: { readonly document: { readonly config: object } }
    }
    return {
      layers: facts.layers.map(({ storePaths }) => storePaths).filter((paths) => paths.length > 0),
      config: facts.config.document.config,
    }
  })
}
