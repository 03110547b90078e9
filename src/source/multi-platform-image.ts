/**
 * A pushless image for several platforms: a small JSON file that says which image each platform has. Served as an OCI
 * index; what is behind a platform is an image of its own, of any kind, that could be asked for by its own name too.
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
 * single image's fields are refused beside `platforms`, since they would say nothing. One to 32 platforms, no two alike.
 * `platform` is as in an OCI index, of Linux, `variant` optional; the image must be one of that os and architecture.
 * Each has either
 * - `image`: the store path of the image (the path itself, nothing below it). With Nix's string context it is in the
 *   file's closure, so it is there when the file is. Without, it is fetched or built by its known derivation when needed.
 * - `derivation` and `output` (`out` where it isn't said): built when needed, or fetched where a cache has it. With the
 *   context of the `.drv` file alone (`builtins.unsafeDiscardOutputDependency image.drvPath`) the derivation is in the
 *   closure and its outputs aren't: this is how a platform that this machine can't build is named.
 *
 * The order of the list is the order in the index; clients take the first that fits best.
 */
import { Type, type Static } from 'typebox'

const PLATFORMS_MAX = 32

const Platform = Type.Object(
  {
    os: Type.Literal('linux'),
    architecture: Type.String({ minLength: 1 }),
    variant: Type.Optional(Type.String({ minLength: 1 })),
  },
  { additionalProperties: false },
)
const StorePathText = Type.String({ pattern: '^/nix/store/' })

export const MultiPlatformFile = Type.Object(
  {
    pushless: Type.Literal(1),
    name: Type.String(),
    platforms: Type.Array(
      Type.Union([
        Type.Object({ platform: Platform, image: StorePathText }, { additionalProperties: false }),
        Type.Object(
          {
            platform: Platform,
            derivation: StorePathText,
            output: Type.Optional(Type.String({ minLength: 1 })),
          },
          { additionalProperties: false },
        ),
      ]),
      { minItems: 1, maxItems: PLATFORMS_MAX },
    ),
  },
  { additionalProperties: false },
)
export type MultiPlatformFile = Static<typeof MultiPlatformFile>
