/**
 * The `.narinfo` documents of Nix's binary cache protocol: what a store path is, and where its archive lies.
 * Source: Nix manual, "HTTP Binary Cache Store"; `nar-info.cc` of libstore.
 */
import { RegistryError } from '../errors/errors.ts'
import { base32Sha256, parseSha256, type Sha256 } from '../oci/sha256.ts'
import { STORE_DIR, parseStorePath, type StorePath } from './store-path.ts'

export type Narinfo = {
  readonly storePath: StorePath
  /** URL of the archive, relative to the cache. */
  readonly url: string
  /** As Nix names it: `none`, `xz`, `zstd` … */
  readonly compression: string
  /** Hash and size of the compressed archive in the cache. */
  readonly fileHash: Sha256 | undefined
  readonly fileSize: number | undefined
  readonly narHash: Sha256
  readonly narSize: number
  readonly references: readonly StorePath[]
  readonly deriver: StorePath | undefined
  readonly signatures: readonly string[]
  /** As it stands there: Nix has more kinds of content address than content-address.ts reads. */
  readonly contentAddress: string | undefined
}

/** Nix assumes this for a narinfo without `Compression`, which is from the time when there was only one. */
const OLD_COMPRESSION = 'bzip2'
const NO_DERIVER = 'unknown-deriver'

/** @throws RegistryError `malformed` that says which field is wrong. */
export function parseNarinfo(text: string): Narinfo {
  const { fields, signatures } = fieldsOf(text)
  const storePath = parseStorePath(required(fields, 'StorePath'))
  if (storePath === undefined) throw malformed('StorePath', `not a path of ${STORE_DIR}`)
  const deriver = fields.get('Deriver')
  return {
    storePath,
    url: required(fields, 'URL'),
    compression: fields.get('Compression') ?? OLD_COMPRESSION,
    fileHash: optional(fields, 'FileHash', hash),
    fileSize: optional(fields, 'FileSize', size),
    narHash: hash(required(fields, 'NarHash'), 'NarHash'),
    narSize: size(required(fields, 'NarSize'), 'NarSize'),
    references: words(fields.get('References') ?? '').map((name) => member(name, 'References')),
    deriver: deriver === undefined || deriver === NO_DERIVER ? undefined : member(deriver, 'Deriver'),
    signatures,
    contentAddress: fields.get('CA'),
  }
}

/** In the order in which Nix writes them. */
export function formatNarinfo(narinfo: Narinfo): string {
  const { storePath, url, compression, fileHash, fileSize, narHash, narSize } = narinfo
  const lines = [
    `StorePath: ${storePath}`,
    `URL: ${url}`,
    `Compression: ${compression}`,
    ...(fileHash === undefined ? [] : [`FileHash: sha256:${base32Sha256(fileHash)}`]),
    ...(fileSize === undefined ? [] : [`FileSize: ${fileSize}`]),
    `NarHash: sha256:${base32Sha256(narHash)}`,
    `NarSize: ${narSize}`,
    `References: ${narinfo.references.map(baseName).join(' ')}`,
    ...(narinfo.deriver === undefined ? [] : [`Deriver: ${baseName(narinfo.deriver)}`]),
    ...narinfo.signatures.map((signature) => `Sig: ${signature}`),
    ...(narinfo.contentAddress === undefined ? [] : [`CA: ${narinfo.contentAddress}`]),
  ]
  return `${lines.join('\n')}\n`
}

type Fields = ReadonlyMap<string, string>

/** Fields that nobody knows are passed over, as Nix does. */
function fieldsOf(text: string): { readonly fields: Fields; readonly signatures: readonly string[] } {
  const fields = new Map<string, string>()
  const signatures: string[] = []
  if (!text.endsWith('\n')) throw new RegistryError('malformed', 'narinfo: cut off, its last line has no end')
  for (const line of text.slice(0, -1).split('\n')) {
    const [, name = '', value = ''] = /^([A-Za-z]+):(?: (.*))?$/.exec(line) ?? []
    if (name === '') throw new RegistryError('malformed', 'narinfo: a line is not of the form Name: value')
    if (name === 'Sig') signatures.push(value)
    else if (fields.has(name)) throw malformed(name, 'said twice')
    else fields.set(name, value)
  }
  return { fields, signatures }
}

function required(fields: Fields, name: string): string {
  const value = fields.get(name) ?? ''
  if (value === '') throw malformed(name, 'missing')
  return value
}

function optional<T>(fields: Fields, name: string, parse: (value: string, name: string) => T): T | undefined {
  const value = fields.get(name)
  return value === undefined ? undefined : parse(value, name)
}

function hash(value: string, name: string): Sha256 {
  const parsed = parseSha256(value)
  if (parsed === undefined) throw malformed(name, 'not a SHA-256 hash')
  return parsed
}

function size(value: string, name: string): number {
  const parsed = /^(?:0|[1-9][0-9]{0,15})$/.test(value) ? Number(value) : NaN
  if (!Number.isSafeInteger(parsed)) throw malformed(name, 'not a size in bytes')
  return parsed
}

function words(value: string): readonly string[] {
  return value.split(' ').filter((word) => word !== '')
}

/** A store path by its name within the store. */
function member(name: string, field: string): StorePath {
  const path = parseStorePath(`${STORE_DIR}/${name}`)
  if (path === undefined) throw malformed(field, 'not the name of a store path')
  return path
}

function baseName(path: StorePath): string {
  return path.slice(STORE_DIR.length + 1)
}

function malformed(field: string, why: string): RegistryError {
  return new RegistryError('malformed', `narinfo: ${field}: ${why}`)
}
