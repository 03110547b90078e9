/**
 * A pushless image for several platforms: a small JSON file that says which image each platform has. Served as an OCI
 * index; behind each platform is an image of any kind, which can also be pulled by its own name.
 *
 *     {
 *       "pushless": 1,
 *       "name": "app",
 *       "platforms": [
 *         {
 *           "platform": { "os": "linux", "architecture": "amd64" },
 *           "image": "/nix/store/<hash>-app.json"
 *         },
 *         {
 *           "platform": { "os": "linux", "architecture": "arm", "variant": "v7" },
 *           "derivation": "/nix/store/<hash>-app.json.drv",
 *           "output": "out"
 *         }
 *       ]
 *     }
 *
 * `pushless`, `name` and `platforms` are all that the file has: `architecture`, `config`, `contents` and the rest of a
 * single image's fields are refused beside `platforms`, since they would say nothing. One to 32 platforms, no two
 * alike. `platform` is as in an OCI index, of Linux, `variant` optional; the image must be one of that os and
 * architecture. Each has either
 * - `image`: the store path of the image (the path itself, nothing below it). With Nix's string context it is in the
 * file's closure, so it is there when the file is. Without, it is fetched or built by its known derivation when needed.
 * - `derivation` and `output` (`out` where it isn't said): built when needed, or fetched where a cache has it. With the
 *   context of the `.drv` file alone (`builtins.unsafeDiscardOutputDependency image.drvPath`) the derivation is in the
 *   closure and its outputs aren't: this is how a platform that this machine can't build is named.
 *
 * The order of the list is the order in the index; clients take the first that fits best.
 */
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { validatorOf } from '../core/validator.ts'
import { RegistryError } from '../core/errors/errors.ts'
import { isDerivationPath, parseStorePath, type StorePath } from '../core/nix/store-path.ts'
import type { NamedImage, PlatformList } from './source.ts'

const MAX_PLATFORMS = 32
const DEFAULT_OUTPUT = 'out'

const Platform = Type.Object(
  {
    os: Type.Literal('linux'),
    architecture: Type.String({ minLength: 1 }),
    variant: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
)
const StorePathText = Type.String({ pattern: '^/nix/store/' })

const Entry = Type.Union([
  Type.Object({ platform: Platform, image: StorePathText }, { additionalProperties: false }),
  Type.Object(
    { platform: Platform, derivation: StorePathText, output: Type.Optional(Type.String({ minLength: 1 })) },
    { additionalProperties: false },
  ),
])
const validator = validatorOf(
  Type.Object(
    {
      pushless: Type.Literal(1),
      name: Type.String(),
      platforms: Type.Array(Entry, { minItems: 1, maxItems: MAX_PLATFORMS }),
    },
    { additionalProperties: false },
  ),
)

/**
 * @param value what is in the file.
 * @returns nothing when that isn't one. @throws RegistryError `unservable` when it is a broken one.
 */
export function multiPlatformImage(path: StorePath, value: object): PlatformList | undefined {
  if (!('pushless' in value) || !('platforms' in value)) return undefined
  if (!validator.Check(value)) {
    const [error] = validator.Errors(value)
    throw new RegistryError(
      'unservable',
      `${path}: not a pushless image for several platforms: ${error?.instancePath ?? ''} ${error?.message ?? ''}`,
    )
  }
  const { platforms } = value
  const names = platforms.map(({ platform: { os, architecture, variant } }) =>
    [os, architecture, variant ?? ''].join('/'),
  )
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (twice !== undefined) refuse(path, `two images for the platform ${twice}`)
  // It would wait for itself.
  if (platforms.some((entry) => 'image' in entry && entry.image === path))
    refuse(path, 'has itself in its list')
  return {
    kind: 'platforms',
    format: 'multi-platform image',
    platforms: platforms.map((entry) => ({ platform: entry.platform, image: namedImage(path, entry) })),
  }
}

function namedImage(path: StorePath, entry: Static<typeof Entry>): NamedImage {
  if ('image' in entry) {
    const image = parseStorePath(entry.image)
    if (image === undefined || isDerivationPath(image))
      refuse(path, `not the store path of an image: ${entry.image}`)
    return { kind: 'path', path: image }
  }
  const derivation = parseStorePath(entry.derivation)
  if (derivation === undefined || !isDerivationPath(derivation))
    refuse(path, `not a derivation: ${entry.derivation}`)
  return { kind: 'output', derivation, output: entry.output ?? DEFAULT_OUTPUT }
}

function refuse(path: StorePath, why: string): never {
  throw new RegistryError('unservable', `${path}: ${why}`)
}
