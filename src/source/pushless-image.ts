/**
 * A pushless image: a small JSON file made by `nix/image.nix`, whose closure is the image. The file itself isn't in
 * the image, so that a change of the config changes no store layer.
 */
import { readFile } from 'node:fs/promises'
import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/compile'
import { RegistryError } from '../core/errors.ts'
import type { Json } from '../core/image.ts'
import { parseStorePath, type StorePath } from '../core/store-path.ts'
import { rootEntries } from './root-layer.ts'
import type { Source } from './source.ts'

/** A description of an image, not the image: what is larger is something else. */
const MAX_FILE_SIZE = 16 * 1024 * 1024
/** nix/image.nix refuses more: Docker's overlay2 stops at 125 layers, and users build on top. */
const MAX_LAYERS = 120

const AbsolutePath = Type.String({ pattern: '^/.' })
const ImageFile = Type.Object({
  pushless: Type.Literal(1),
  name: Type.String(),
  architecture: Type.String({ minLength: 1 }),
  variant: Type.Optional(Type.String()),
  os: Type.Literal('linux'),
  config: Type.Record(Type.String(), Type.Unknown()),
  contents: Type.Array(AbsolutePath),
  files: Type.Optional(
    Type.Record(
      AbsolutePath,
      Type.Object({
        text: Type.Optional(Type.String()),
        source: Type.Optional(AbsolutePath),
        mode: Type.Optional(Type.String({ pattern: '^[0-7]{3,4}$' })),
      }),
    ),
  ),
  links: Type.Optional(Type.Record(AbsolutePath, Type.String({ minLength: 1 }))),
  maxLayers: Type.Integer({ minimum: 1, maximum: MAX_LAYERS }),
})
type ImageFile = Static<typeof ImageFile>
const validator = Compile(ImageFile)

/** @returns nothing when the file isn't a pushless image. @throws RegistryError `unservable` when it is a broken one. */
export async function readPushlessImage(path: StorePath, size: number): Promise<Source | undefined> {
  const value = size <= MAX_FILE_SIZE ? parseObject(await readFile(path, 'utf8')) : undefined
  if (value === undefined || !('pushless' in value)) return undefined
  if (!validator.Check(value)) {
    const [error] = validator.Errors(value)
    throw new RegistryError(
      'unservable',
      `${path}: not a pushless image of version 1: ${error?.instancePath ?? ''} ${error?.message ?? ''}`,
    )
  }
  const contents = value.contents.map(
    (content) => parseStorePath(content) ?? refuse(path, `not a store path: ${content}`),
  )
  const { architecture, variant, os } = value
  return {
    kind: 'pushless image',
    config: {
      kind: 'made',
      platform: { architecture, ...(variant === undefined ? {} : { variant }), os },
      // Came out of JSON.parse, so it is JSON; which fields it has is the runtime's to judge.
      config: value.config as { readonly [key: string]: Json },
    },
    layers: [
      { kind: 'closure', maxLayers: value.maxLayers, except: [path] },
      {
        kind: 'entries',
        entries: await rootEntries({ contents, files: value.files ?? {}, links: value.links ?? {} }),
        createdBy: `root of ${value.name}`,
      },
    ],
  }
}

function parseObject(text: string): object | undefined {
  if (!text.startsWith('{')) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}

function refuse(path: StorePath, why: string): never {
  throw new RegistryError('unservable', `${path}: ${why}`)
}
