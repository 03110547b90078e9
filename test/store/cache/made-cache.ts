/** Binary caches in directories, made by hand: any archive, with any narinfo. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { execa } from 'execa'
import { formatNarinfo, type Narinfo } from '../../../src/core/nix/narinfo.ts'
import { parseSigningKey, type SigningKey } from '../../../src/core/nix/signature.ts'
import { storeHashOf, type StorePath } from '../../../src/core/nix/store-path.ts'
import { base32Sha256 } from '../../../src/core/oci/sha256.ts'
import { nar, sha256, type Tree } from '../../support/nar.ts'

export type MadePath = {
  readonly path: StorePath
  readonly tree: Tree
  readonly references?: readonly StorePath[]
  readonly compression?: string
  /** Changes what the cache says. */
  readonly narinfo?: Partial<Narinfo>
  /** Replaces the archive, uncompressed. */
  readonly archive?: Buffer
  readonly isSigned?: boolean
}

const pair = generateKeyPairSync('ed25519')
const KEY_NAME = 'made-1'
const RAW_KEY_AT = 12

/** The key that made caches sign with. */
export const MADE_KEY: SigningKey = keyOf(KEY_NAME, pair.publicKey)

function keyOf(name: string, key: KeyObject): SigningKey {
  const raw = key.export({ type: 'spki', format: 'der' }).subarray(RAW_KEY_AT)
  const parsed = parseSigningKey(`${name}:${raw.toString('base64')}`)
  if (parsed === undefined) throw new Error('no key')
  return parsed
}

export async function makeCache(
  directory: string,
  paths: readonly MadePath[],
  priority = 40,
): Promise<string> {
  await mkdir(join(directory, 'nar'), { recursive: true })
  await writeFile(join(directory, 'nix-cache-info'), `StoreDir: /nix/store\nPriority: ${priority}\n`)
  for (const made of paths) {
    const { narinfo, packed } = await describe(made)
    await writeFile(join(directory, `nar/${storeHashOf(made.path)}.nar`), packed)
    await writeFile(join(directory, `${storeHashOf(made.path)}.narinfo`), formatNarinfo(narinfo))
  }
  return `file://${directory}`
}

async function describe(made: MadePath): Promise<{ narinfo: Narinfo; packed: Buffer }> {
  const { path, tree, references = [], compression = 'none', isSigned = true } = made
  const whole = nar(tree)
  const packed = await compress(made.archive ?? whole, compression)
  const facts = { narHash: sha256(whole), narSize: whole.length, references, ...made.narinfo }
  const fingerprint = `1;${path};sha256:${base32Sha256(facts.narHash)};${facts.narSize};${[...facts.references].sort().join(',')}`
  const signature = sign(null, Buffer.from(fingerprint), pair.privateKey).toString('base64')
  return {
    packed,
    narinfo: {
      storePath: path,
      url: `nar/${storeHashOf(path)}.nar`,
      compression,
      fileHash: undefined,
      fileSize: packed.length,
      deriver: undefined,
      signatures: isSigned ? [`${KEY_NAME}:${signature}`] : [],
      contentAddress: undefined,
      ...facts,
    },
  }
}

async function compress(bytes: Buffer, compression: string): Promise<Buffer> {
  switch (compression) {
    case 'zstd':
      return zstdCompressSync(bytes)
    case 'gzip':
      return gzipSync(bytes)
    case 'br':
      return brotliCompressSync(bytes)
    case 'xz':
    case 'lz4':
    case 'bzip2': {
      const { stdout } = await execa(compression, ['-c'], { input: bytes, encoding: 'buffer' })
      return Buffer.from(stdout)
    }
    default:
      return bytes
  }
}
