/**
 * A pushless image: a small JSON file made by `nix/image.nix`, whose closure is the image. The file itself isn't in
 * the image, so that a change of the config changes no store layer.
 */
import type { Json } from '../core/json.ts'
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { validatorOf } from '../core/validator.ts'
import { RegistryError } from '../core/errors/errors.ts'
import type { Platform } from '../core/oci/image.ts'
import { parseStorePath, storePathAround, type StorePath } from '../core/nix/store-path.ts'
import type { BaseImage, ReadBase } from './base-image.ts'
import type { ClosureFiles } from './files/closure-files.ts'
import { demandSamePlatform, inherit } from './inheritance.ts'
import { readRootEntries } from './reader-work.ts'
import type { Source, SourceConfig, SourceLayer } from './source.ts'

/**
 * nix/image.nix refuses more: five of the layers that clients take (core/oci/layer-limit.ts) are left for `/` and for
 * images on top.
 */
const MAX_LAYERS = 120

/** RFC 3339, section 5.6; whether there is such a day is checked apart. */
const RFC_3339 =
  '^\\d{4}-\\d\\d-\\d\\dT([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d+)?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)$'
const AbsolutePath = Type.String({ pattern: '^/.' })
const Mode = Type.String({ pattern: '^[0-7]{3,4}$' })
/** The largest number is -1 to the kernel, "no user". */
const Id = Type.Integer({ minimum: 0, maximum: 0xfffffffe })
const Owner = { uid: Type.Optional(Id), gid: Type.Optional(Id) }
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
        mode: Type.Optional(Mode),
        ...Owner,
      }),
    ),
  ),
  directories: Type.Optional(Type.Record(AbsolutePath, Type.Object({ mode: Mode, ...Owner }))),
  extraDirectories: Type.Optional(
    Type.Array(
      Type.Object({
        source: AbsolutePath,
        to: Type.String({ pattern: '^/' }),
        fileMode: Type.Optional(Mode),
        directoryMode: Mode,
        ...Owner,
      }),
    ),
  ),
  links: Type.Optional(Type.Record(AbsolutePath, Type.String({ minLength: 1 }))),
  maxLayers: Type.Integer({ minimum: 1, maximum: MAX_LAYERS }),
  /** Absent from images that were built before there was a second planner. They keep their layers for ever. */
  planner: Type.Optional(Type.Union([Type.Literal(1), Type.Literal(2)])),
  created: Type.Optional(Type.String({ pattern: RFC_3339 })),
  author: Type.Optional(Type.String()),
  /** Another image, below this one. */
  fromImage: Type.Optional(AbsolutePath),
  /** The tag of one of the images in the base's file. */
  fromImageTag: Type.Optional(Type.String({ minLength: 1 })),
  /** Store paths whose closures are layers of their own, bottom first; the rest is planned above. */
  layers: Type.Optional(Type.Array(Type.Array(AbsolutePath), { maxItems: MAX_LAYERS })),
  nixDatabase: Type.Optional(Type.Boolean()),
  /** A file with what only evaluation knew of the packages. It isn't in the layers. */
  metadata: Type.Optional(AbsolutePath),
})
type ImageFile = Static<typeof ImageFile>
const validator = validatorOf(ImageFile)

/**
 * @param value what is in the file.
 * @returns nothing when that isn't a pushless image.
 * @throws RegistryError `unservable` when it is a broken one.
 */
export async function pushlessImage(
  path: StorePath,
  value: object,
  { readBase, files }: { readonly readBase: ReadBase; readonly files: ClosureFiles },
): Promise<Source | undefined> {
  if (!('pushless' in value)) return undefined
  if (!validator.Check(value)) {
    const [error] = validator.Errors(value)
    throw new RegistryError(
      'unservable',
      `${path}: not a pushless image of version 1: ${error?.instancePath ?? ''} ${error?.message ?? ''}`,
    )
  }
  if (value.created !== undefined && !isDay(value.created))
    refuse(path, `created is ${value.created}, and there is no such day`)
  const fromImage = value.fromImage === undefined ? undefined : storePath(path, value.fromImage)
  const platform = platformOf(value)
  const wanted = { platform, tag: value.fromImageTag }
  for (const named of pathsRead(value)) await files.assertMember(named)
  const base = fromImage === undefined ? undefined : await readBase(fromImage, wanted)
  const metadata = value.metadata === undefined ? [] : [storePath(path, value.metadata)]
  const except = [path, ...(fromImage === undefined ? [] : [fromImage]), ...metadata]
  return {
    kind: 'image',
    format: 'pushless image',
    config: configOf(path, platform, value, base),
    layers: [...(base?.layers ?? []), ...(await ownLayers(path, value, except, files))],
    metadata: [...(base?.metadata ?? []), ...metadata],
  }
}

/** Returns the paths that `ownLayers` reads. */
function pathsRead({
  contents,
  files = {},
  extraDirectories = [],
  layers = [],
  metadata,
}: ImageFile): readonly StorePath[] {
  const sources = [...Object.values(files), ...extraDirectories].flatMap(({ source }) => source ?? [])
  // One that is elsewhere is refused where it is read, and better there.
  const named = metadata === undefined ? [] : [metadata]
  return [...contents, ...layers.flat(), ...sources, ...named].flatMap((text) => storePathAround(text) ?? [])
}

async function ownLayers(
  path: StorePath,
  value: ImageFile,
  except: readonly StorePath[],
  closure: ClosureFiles,
): Promise<readonly SourceLayer[]> {
  const {
    name,
    maxLayers,
    planner,
    layers = [],
    extraDirectories = [],
    nixDatabase = false,
    fromImage,
  } = value
  const contents = value.contents.map((content) => storePath(path, content))
  // A copied tree needn't be there twice, unless something wants it in the store too.
  const wanted = new Set([...contents, ...layers.flat().map((text) => storePath(path, text))])
  const unpacked = extraDirectories
    .map(({ source }) => storePathAround(source) ?? refuse(path, `not in the store: ${source}`))
    .filter((tree) => !wanted.has(tree))
  const entries = await readRootEntries(closure, {
    contents,
    extraDirectories,
    files: value.files ?? {},
    directories: value.directories ?? {},
    links: value.links ?? {},
    hasBase: fromImage !== undefined,
  })
  return [
    ...layers.map((group) => ({
      kind: 'closure' as const,
      roots: group.map((text) => storePath(path, text)),
      maxLayers: 1,
      except: [],
    })),
    {
      kind: 'closure',
      maxLayers: Math.max(1, maxLayers - layers.length),
      ...(planner === undefined ? {} : { planner }),
      except: [...except, ...unpacked],
      ...(unpacked.length === 0 ? {} : { unpacked }),
    },
    { kind: 'entries', entries, createdBy: `root of ${name}` },
    ...(nixDatabase ? [{ kind: 'nix database' as const, createdBy: `Nix database of ${name}` }] : []),
  ]
}

function platformOf({ architecture, variant, os }: ImageFile): Platform {
  return { architecture, ...(variant === undefined ? {} : { variant }), os }
}

function configOf(
  path: StorePath,
  platform: Platform,
  { config, created, author }: ImageFile,
  base: BaseImage | undefined,
): SourceConfig {
  // Came out of JSON.parse, so it is JSON; which fields it has is the runtime's to judge.
  const own = config as { readonly [key: string]: Json }
  const more = { ...(created === undefined ? {} : { created }), ...(author === undefined ? {} : { author }) }
  if (base === undefined) return { kind: 'made', platform, config: own, ...more }
  demandSamePlatform(path, platform, base.platform)
  return { kind: 'made', platform, config: inherit(base.config, own), ...more }
}

/** JavaScript takes the 30th of February for the 2nd of March. */
function isDay(time: string): boolean {
  const day = time.slice(0, 'YYYY-MM-DD'.length)
  const date = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day)
}

function storePath(path: StorePath, text: string): StorePath {
  return parseStorePath(text) ?? refuse(path, `not a store path: ${text}`)
}

function refuse(path: StorePath, why: string): never {
  throw new RegistryError('unservable', `${path}: ${why}`)
}
