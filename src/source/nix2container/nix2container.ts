/**
 * An image of nix2container: JSON that lists layers, each as store paths with owners and places, or as a tar that is in
 * the store. Layers and config get the bytes that nix2container's patched skopeo would push, so that their digests are
 * those it recorded. Where they aren't (another version wrote other tars), ours are served, and the history says so.
 *
 * Format: nlewo/nix2container, types/types.go; nix/tar.go for the layers, nix/image.go (`getV1Image`) for the config.
 */
import type { Json } from '../../core/json.ts'
import { encodeText } from '../../core/byte-string.ts'
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import { parseDigest, type Digest } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { goJson, goStruct } from './go-json.ts'
import type { LayerDescriptor } from '../../core/oci/image.ts'
import type { PathOptions } from '../../core/tar/layer-style.ts'
import { parseStorePath, storePathAround, type StorePath } from '../../core/nix/store-path.ts'
import type { ClosureFiles, FoundFile } from '../files/closure-files.ts'
import type { Source, SourceLayer } from '../source.ts'

const Id = Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffffffff }))
const Perm = Type.Object({
  regex: Type.String(),
  mode: Type.Optional(Type.String({ pattern: '^[0-7]{0,5}$' })),
  uid: Id,
  gid: Id,
  uname: Type.Optional(Type.String()),
  gname: Type.Optional(Type.String()),
})
const Path = Type.Object({
  path: Type.String(),
  options: Type.Optional(
    Type.Union([
      Type.Null(),
      Type.Object({
        rewrite: Type.Optional(
          Type.Object({ regex: Type.Optional(Type.String()), repl: Type.Optional(Type.String()) }),
        ),
        perms: Type.Optional(Type.Union([Type.Null(), Type.Array(Perm)])),
      }),
    ]),
  ),
})
const Layer = Type.Object({
  digest: Type.String(),
  diff_ids: Type.String(),
  paths: Type.Optional(Type.Union([Type.Null(), Type.Array(Path)])),
  mediatype: Type.String(),
  'layer-path': Type.Optional(Type.String()),
  History: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
})
const ImageFile = Type.Object({
  version: Type.Literal(1),
  'image-config': Type.Record(Type.String(), Type.Unknown()),
  layers: Type.Union([Type.Null(), Type.Array(Layer)]),
  arch: Type.String({ minLength: 1 }),
  created: Type.Optional(Type.Union([Type.Null(), Type.String()])),
})
type ImageFile = Static<typeof ImageFile>
type Layer = Static<typeof Layer>
const validator = validatorOf(ImageFile)

/** The media types that `image-from-dir` and `layers-from-…` write. */
const MEDIA_TYPES: ReadonlySet<string> = new Set(
  ['', '+gzip', '+zstd'].map((compression) => `application/vnd.oci.image.layer.v1.tar${compression}`),
)
/** Rewrites and permissions of an image; each is an expression to compile and to search for in every name. */
const MAX_RULES = 500
/** Mode bits: permissions, setuid, setgid, sticky. */
const MAX_MODE = 0o7777
const CONFIG_FIELDS = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'ArgsEscaped',
] as const
const HISTORY_FIELDS = ['created', 'created_by', 'author', 'comment', 'empty_layer'] as const

/** @returns nothing when `value` is no such image. @throws RegistryError `unservable` when it is a broken one. */
export async function nix2containerImage(
  root: StorePath,
  value: object,
  files: ClosureFiles,
): Promise<Source | undefined> {
  if (!('image-config' in value) || !('layers' in value)) return undefined
  if (!validator.Check(value)) {
    const [error] = validator.Errors(value)
    refuse(root, `not a nix2container image: ${error?.instancePath ?? ''} ${error?.message ?? ''}`)
  }
  const layers = value.layers ?? []
  const rules = layers
    .flatMap(({ paths }) => paths ?? [])
    .map(({ options }) => (options?.perms?.length ?? 0) + (options?.rewrite?.regex ? 1 : 0))
    .reduce((sum, count) => sum + count, 0)
  if (rules > MAX_RULES) refuse(root, `${rules} rewrites and permissions, and ${MAX_RULES} are allowed`)
  return {
    kind: 'image',
    format: 'nix2container image',
    config: {
      kind: 'written',
      platform: { architecture: value.arch, os: 'linux' },
      config: json(value['image-config']),
      write: (made) => imageJson(value, layers, made),
    },
    layers: await Promise.all(layers.map((layer) => sourceLayer(root, layer, files))),
  }
}

async function sourceLayer(root: StorePath, layer: Layer, files: ClosureFiles): Promise<SourceLayer> {
  const createdBy =
    typeof layer.History?.['created_by'] === 'string' ? layer.History['created_by'] : 'nix2container'
  const file = layer['layer-path'] ?? ''
  if (file !== '') {
    const around = storePathAround(file) ?? refuse(root, `a layer is no file of the store: ${file}`)
    await files.assertMember(around)
    const found = await files.find(encodeText(file))
    if (found?.stat.isFile() !== true) refuse(root, `no such layer in the closure of the image: ${file}`)
    return storedLayer(root, layer, found, createdBy)
  }
  const paths = layer.paths ?? []
  return {
    kind: 'paths',
    paths: paths.map(({ path }) => parseStorePath(path) ?? refuse(root, `not a store path: ${path}`)),
    style: { kind: 'nix2container', options: paths.map(({ options }) => optionsOf(root, options)) },
    createdBy,
  }
}

function storedLayer(
  root: StorePath,
  layer: Layer,
  { path, stat }: FoundFile,
  createdBy: string,
): SourceLayer {
  if (!MEDIA_TYPES.has(layer.mediatype)) refuse(root, `a layer of an unknown media type: ${layer.mediatype}`)
  return {
    kind: 'stored',
    // The file gives no usable size for layers of a base image.
    place: { file: path, offset: 0, length: stat.size },
    digest: digest(root, layer.digest),
    diffId: digest(root, layer.diff_ids),
    mediaType: layer.mediatype,
    createdBy,
  }
}

type Options = NonNullable<Layer['paths']>[number]['options']

function optionsOf(root: StorePath, options: Options): PathOptions | undefined {
  if (options == null) return undefined
  const { rewrite, perms } = options
  return {
    ...(rewrite?.regex ? { rewrite: { regex: rewrite.regex, replacement: rewrite.repl ?? '' } } : {}),
    permissions: (perms ?? []).map(({ regex, mode = '', uid = 0, gid = 0, uname = '', gname = '' }) => {
      const bits = mode === '' ? undefined : Number.parseInt(mode, 8)
      if (bits !== undefined && bits > MAX_MODE) refuse(root, `not a mode: ${mode}`)
      return {
        regex,
        ...(bits === undefined ? {} : { mode: bits }),
        uid,
        gid,
        ...(uname === '' ? {} : { uname: encodeText(uname) }),
        ...(gname === '' ? {} : { gname: encodeText(gname) }),
      }
    }),
  }
}

function imageJson(
  { arch, created, 'image-config': config }: ImageFile,
  recorded: readonly Layer[],
  made: readonly LayerDescriptor[],
): Uint8Array {
  const fields = [
    ...(created == null ? [] : [`"created":${goJson(created)}`]),
    `"architecture":${goJson(arch)}`,
    `"os":"linux"`,
    `"config":${goStruct(json(config), CONFIG_FIELDS)}`,
    `"rootfs":${goStruct({ type: 'layers', diff_ids: made.map(({ diffId }) => diffId) }, ['type', 'diff_ids'])}`,
    `"history":[${recorded.map((layer, i) => history(layer, made[i]?.diffId)).join()}]`,
  ]
  return Buffer.from(`{${fields.join()}}`)
}

function history({ History = {}, diff_ids: recorded }: Layer, made: Digest | undefined): string {
  const said = json(History)
  if (recorded === made) return goStruct(said, HISTORY_FIELDS)
  const note = `nix2container recorded ${recorded}`
  const comment = typeof said['comment'] === 'string' ? `${said['comment']} (${note})` : note
  return goStruct({ ...said, comment }, HISTORY_FIELDS)
}

/** Came out of JSON.parse, so it is JSON; which fields it has is the runtime's to judge. */
function json(value: Readonly<Record<string, unknown>>): { readonly [key: string]: Json } {
  return value as { readonly [key: string]: Json }
}

function digest(root: StorePath, text: string): Digest {
  try {
    return parseDigest(text)
  } catch (cause) {
    throw new RegistryError('unservable', `${root}: not a digest: ${text.slice(0, 100)}`, { cause })
  }
}

function refuse(root: StorePath, why: string): never {
  throw new RegistryError('unservable', `${root}: ${why}`)
}
