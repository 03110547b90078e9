/**
 * An image of nixpkgs' `dockerTools.streamLayeredImage`: a script that would write a docker archive, of which only the
 * `…-conf.json` that it names is read. Nothing is run. Layers and config get the bytes that the script's Python writes,
 * so that digests and image ID are those of the image loaded from its output.
 *
 * Format: nixpkgs, pkgs/build-support/docker/default.nix (`conf`) and stream_layered_image.py.
 *
 * `now`, which the Python takes from the clock as `created` or `mtime`, stands for Nix's own time here, one second
 * after the epoch: a pull that changes the digest each time could neither be resumed nor come from two replicas.
 */
import type { Json } from '../../core/json.ts'
import { asByteString, byteStringOf, encodeText, type ByteString } from '../../core/byte-string.ts'
import * as Type from 'typebox'
import type { Static } from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import { parseDigest, type Digest } from '../../core/oci/digest.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { LayerDescriptor } from '../../core/oci/image.ts'
import type { StreamedStyle } from '../../core/tar/layer-style.ts'
import { pythonJson } from './python-json.ts'
import { STORE_DIR, parseStorePath, type StorePath } from '../../core/nix/store-path.ts'
import type { BaseImage, ReadBase } from '../base-image.ts'
import type { ClosureFiles } from '../files/closure-files.ts'
import { readJsonObject } from '../files/json-file.ts'
import type { FileStart } from '../files/path-start.ts'
import type { Source, SourceLayer } from '../source.ts'

/**
 * nixpkgs writes what its argument was, and recent ones the digits as text. Which number is too large is checked below.
 */
const Id = Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^[0-9]{1,20}$' })])
/** The largest number is -1 to the kernel, "no user". */
const MAX_ID = 0xfffffffe
const Time = Type.String({
  pattern: '^(now|\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?(Z|[+-]\\d\\d:\\d\\d))$',
})
/** Older ones have fewer fields; `mtime` and owners came later. */
const Conf = Type.Object({
  architecture: Type.String({ minLength: 1 }),
  config: Type.Record(Type.String(), Type.Unknown()),
  created: Time,
  mtime: Type.Optional(Time),
  uid: Type.Optional(Id),
  gid: Type.Optional(Id),
  uname: Type.Optional(Type.String()),
  gname: Type.Optional(Type.String()),
  store_dir: Type.Optional(Type.Literal(STORE_DIR)),
  from_image: Type.Optional(Type.Union([Type.String(), Type.Null()])),
  store_layers: Type.Array(Type.Array(Type.String())),
  customisation_layer: Type.String(),
  repo_tag: Type.String(),
})
type Conf = Static<typeof Conf>
const validator = validatorOf(Conf)

/** makeWrapper's script is a few hundred bytes; a program that names a file like this somewhere is no image. */
const MAX_SCRIPT_SIZE = 16 * 1024
const CONF_PATH = /\/nix\/store\/[0-9a-z]{32}-[0-9A-Za-z+\-._?=]*-conf\.json(?![0-9A-Za-z+\-._?=/])/g
const NOW = '1970-01-01T00:00:01+00:00'

/** The conf.json that the script names, or nothing when the file is no such script. */
export async function confOfScript(
  script: StorePath,
  { size, bytes }: FileStart,
  files: ClosureFiles,
): Promise<StorePath | undefined> {
  if (size > MAX_SCRIPT_SIZE || !byteStringOf(bytes).startsWith('#!')) return undefined
  const text = bytes.length === size ? byteStringOf(bytes) : await readText(files, script)
  if (text === undefined) return undefined
  const [conf, ...others] = new Set(text.match(CONF_PATH))
  return conf === undefined || others.length > 0 ? undefined : parseStorePath(conf)
}

/** The conf.json of a script, read; nothing when it isn't one or is gone. */
export async function readConf(conf: StorePath, files: ClosureFiles): Promise<object | undefined> {
  const found = await files.find(conf)
  return found === undefined ? undefined : readJsonObject(conf, found.stat.size, files)
}

/**
 * @param value what is in the conf.
 * @returns nothing when that isn't the conf of an image. @throws RegistryError `unservable` when it is a broken one.
 */
export async function streamedImage(
  conf: StorePath,
  value: object,
  { readBase, files }: { readonly readBase: ReadBase; readonly files: ClosureFiles },
): Promise<Source | undefined> {
  if (!('store_layers' in value) || !('customisation_layer' in value)) return undefined
  if (!validator.Check(value)) {
    const [error] = validator.Errors(value)
    refuse(conf, `not the conf of a streamed image: ${error?.instancePath ?? ''} ${error?.message ?? ''}`)
  }
  const style = styleOf(conf, value)
  const customisation = storePath(conf, value.customisation_layer)
  await files.assertMember(customisation)
  const basePath = value.from_image == null ? undefined : storePath(conf, value.from_image)
  const platform = { architecture: value.architecture, os: 'linux' }
  const base = basePath === undefined ? undefined : await readBase(basePath, { platform })
  const config = configOver(base, value)
  return {
    kind: 'image',
    format: 'streamed image',
    config: {
      kind: 'written',
      platform,
      config,
      write: (layers) => imageJson(value, config, base, layers),
    },
    layers: [
      ...(base?.layers ?? []),
      ...value.store_layers.map((texts): SourceLayer => {
        const paths = texts.map((text) => storePath(conf, text))
        return { kind: 'paths', paths, style, createdBy: storePaths(paths) }
      }),
      await customisationLayer(conf, customisation, files),
    ],
    tags: tagsOf(value.repo_tag),
  }
}

function styleOf(conf: StorePath, { created, mtime = created, uid, gid, uname, gname }: Conf): StreamedStyle {
  const time = Math.trunc(Date.parse(isoTime(mtime)) / 1000)
  if (Number.isNaN(time)) refuse(conf, `no time that a file can have: ${mtime}`)
  return {
    kind: 'streamed',
    attributes: {
      uid: id(conf, 'uid', uid),
      gid: id(conf, 'gid', gid),
      uname: encodeText(uname ?? 'root'),
      gname: encodeText(gname ?? 'root'),
      // -0.5 is truncated to -0.
      mtime: time || 0,
    },
  }
}

function id(conf: StorePath, field: 'uid' | 'gid', given: Conf['uid'] = 0): number {
  const number = Number(given)
  if (number <= MAX_ID) return number
  return refuse(conf, `${field} ${given}: no system has a number above ${MAX_ID}`)
}

/** Returns a time as Python's `datetime` reads it and prints it again. */
function isoTime(text: string): string {
  if (text === 'now') return NOW
  return text
    .replace(' ', 'T')
    .replace(/Z$/, '+00:00')
    .replace(/\.(\d+)/, (_, digits: string) => (/^0+$/.test(digits) ? '' : `.${digits.padEnd(6, '0')}`))
}

/** The layer of all that is at `/`: a tar that is in the store already, with its checksum beside it. */
async function customisationLayer(
  conf: StorePath,
  path: StorePath,
  files: ClosureFiles,
): Promise<SourceLayer> {
  const file = asByteString(`${path}/layer.tar`)
  const found = await files.find(file)
  if (found?.stat.isFile() !== true) refuse(conf, `no customisation layer: ${file}`)
  return {
    kind: 'stored',
    place: { file, offset: 0, length: found.stat.size },
    digest: await checksum(conf, asByteString(`${path}/checksum`), files),
    createdBy: storePaths([path]),
  }
}

async function checksum(conf: StorePath, file: ByteString, files: ClosureFiles): Promise<Digest> {
  const handle = await files.open(file)
  if (handle === undefined) refuse(conf, `no checksum of the customisation layer: ${file}`)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(100), 0, 100, 0)
    return parseDigest(`sha256:${buffer.toString('latin1', 0, bytesRead).trim()}`)
  } catch (cause) {
    throw new RegistryError('unservable', `${conf}: not a checksum: ${file}`, { cause })
  } finally {
    await handle.close()
  }
}

async function readText(files: ClosureFiles, path: ByteString): Promise<ByteString | undefined> {
  const file = await files.open(path)
  try {
    return file === undefined ? undefined : byteStringOf(await file.readFile())
  } finally {
    await file?.close()
  }
}

type Config = { readonly [key: string]: Json }

/** `overlay_base_config`: of the base only the environment is taken. */
function configOver(base: BaseImage | undefined, conf: Conf): Config {
  // Came out of JSON.parse, so it is JSON.
  const config = conf.config as Config
  const env = base === undefined ? [] : [...envOf(base.config), ...envOf(config)]
  return env.length === 0 ? config : { ...config, Env: lastOfEachName(env) }
}

function imageJson(
  conf: Conf,
  config: Config,
  base: BaseImage | undefined,
  layers: readonly LayerDescriptor[],
): Uint8Array {
  base?.demandLayers(layers)
  const created = isoTime(conf.created)
  const image = {
    created,
    architecture: conf.architecture,
    os: 'linux',
    config,
    rootfs: { diff_ids: layers.map(({ diffId }) => diffId), type: 'layers' },
    history: layers.map(({ createdBy }, i) => {
      // The Python names a layer of the base by its place in the archive.
      const isArchived = base?.isArchive === true && i < base.layers.length
      return { created, comment: isArchived ? storePaths([createdBy]) : createdBy }
    }),
  }
  return Buffer.from(pythonJson(image))
}

function envOf(config: Config): readonly string[] {
  const env = config['Env']
  return Array.isArray(env) ? env.filter((entry): entry is string => typeof entry === 'string') : []
}

/** Each name where it came first, with the value that came last. */
function lastOfEachName(env: readonly string[]): string[] {
  return [...new Map(env.map((entry) => [entry.split('=', 1)[0], entry])).values()]
}

/** Returns the text that the Python script writes into the history: its own form of a list. */
function storePaths(paths: readonly string[]): string {
  return `store paths: [${paths.map((path) => `'${path}'`).join(', ')}]`
}

function tagsOf(repoTag: string): readonly string[] {
  const tag = /:([\w][\w.-]{0,127})$/.exec(repoTag)?.[1]
  return tag === undefined ? [] : [tag]
}

function storePath(conf: StorePath, text: string): StorePath {
  return parseStorePath(text) ?? refuse(conf, `not a store path: ${text}`)
}

function refuse(conf: StorePath, why: string): never {
  throw new RegistryError('unservable', `${conf}: ${why}`)
}
