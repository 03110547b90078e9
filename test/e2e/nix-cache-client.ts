/** A client of the binary cache that can also be dishonest: what it sends, and how. */
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import type { Test } from 'tap'
import {
  contentAddressedPath,
  formatContentAddress,
  type ContentAddress,
} from '../../src/core/nix/content-address.ts'
import { formatNarinfo, type Narinfo } from '../../src/core/nix/narinfo.ts'
import { base32Sha256 } from '../../src/core/oci/sha256.ts'
import { parseStorePath, storeHashOf, type StorePath } from '../../src/core/nix/store-path.ts'
import { nar, sha256, type Tree } from '../support/nar.ts'
import { nixStore } from '../support/nix.ts'
import { startPushless, type Pushless } from '../support/registry-process.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TOKEN = `token-${process.pid}-of-the-tests`
export const AUTHORIZATION = `Bearer ${TOKEN}`
export const MIB = 1024 ** 2

export type Package = { readonly narinfo: Narinfo; readonly packed: Uint8Array }

/** What an honest client would send; names are salted, so that no store has them. */
export function pack(
  name: string,
  tree: Tree,
  method: ContentAddress['method'] = 'archive',
  references: readonly StorePath[] = [],
): Package {
  const archive = nar(tree)
  const narHash = sha256(archive)
  const hash = method === 'archive' ? narHash : sha256('file' in tree ? tree.file : '')
  const salted = name.replace(/(\.drv)?$/, `-${process.pid}$1`)
  const storePath = contentAddressedPath(salted, { method, hash }, references)
  if (storePath === undefined) throw new Error(name)
  const packed = zstdCompressSync(archive)
  return {
    packed,
    narinfo: {
      storePath,
      url: `nar/${base32Sha256(sha256(packed))}.nar.zst`,
      compression: 'zstd',
      fileHash: sha256(packed),
      fileSize: packed.length,
      narHash,
      narSize: archive.length,
      references,
      deriver: undefined,
      signatures: [],
      contentAddress: formatContentAddress({ method, hash }),
    },
  }
}

/** The same with another archive, which the narinfo's file fields describe truly. */
export function repacked(
  { narinfo }: Package,
  archive: Uint8Array,
  packed = zstdCompressSync(archive),
): Package {
  const fileHash = sha256(packed)
  const url = `nar/${base32Sha256(fileHash)}.nar.zst`
  return { packed, narinfo: { ...narinfo, url, fileHash, fileSize: packed.length } }
}

export const but = ({ narinfo, packed }: Package, changes: Partial<Narinfo>): Package => ({
  packed,
  narinfo: { ...narinfo, ...changes },
})

export async function startCache(t: Test, mode = 'write'): Promise<Pushless> {
  const tokenFile = join(await temporaryDirectory(t, 'token'), 'token')
  await writeFile(tokenFile, TOKEN)
  return startPushless(t, { args: ['--nix-cache', mode, '--token-file', tokenFile] })
}

export async function put(
  server: Pushless,
  file: string,
  body: Uint8Array | string,
  authorization = AUTHORIZATION,
) {
  const response = await fetch(`${server.url}/nix-cache/${file}`, {
    method: 'PUT',
    body: Buffer.from(body),
    headers: { authorization },
  })
  return { status: response.status, message: await response.text() }
}

export async function upload(server: Pushless, { narinfo, packed }: Package) {
  const archive = await put(server, narinfo.url, packed)
  if (archive.status !== 200) return archive
  return put(server, `${storeHashOf(narinfo.storePath)}.narinfo`, formatNarinfo(narinfo))
}

export const isValid = (path: string) =>
  nixStore('--check-validity', path).then(
    () => true,
    () => false,
  )
export const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

export const derivation = (name: string, source: string) =>
  `Derive([("out","","r:sha256","0000000000000000000000000000000000000000000000000000000000000000")],[],["${source}"],"x86_64-linux","/bin/sh",[],[("name","${name}")])`

export function path(text: string): StorePath {
  const parsed = parseStorePath(text)
  if (parsed === undefined) throw new Error(text)
  return parsed
}
