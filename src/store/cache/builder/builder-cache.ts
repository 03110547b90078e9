/**
 * The builder as a binary cache of what it has, so that its paths are checked, unpacked and kept as all others are.
 * They need no signature: the operator has named the builder.
 */
import { Readable } from 'node:stream'
import { RegistryError } from '../../../core/errors/errors.ts'
import { messageChain } from '../../../core/errors/error-chain.ts'
import { formatNarinfo, type Narinfo } from '../../../core/nix/narinfo.ts'
import { parseSha256 } from '../../../core/oci/sha256.ts'
import { parseStoreHash, storeHashOf } from '../../../core/nix/store-path.ts'
import { BinaryCache } from '../binary-cache/binary-cache.ts'
import { CacheTrouble, type CacheFile, type CacheFiles } from '../binary-cache/cache-files.ts'
import type { PathInfo } from '../../store.ts'
import type { Builder } from './builder.ts'

/** The names of files in it: `<hash>.narinfo` and `<hash>.nar`. */
const NAME = /^([0-9a-z]{32})\.(narinfo|nar)$/

export function builderCache(builder: Builder): BinaryCache {
  // It is asked where no cache has a path, so its priority is never compared.
  return new BinaryCache({ name: `builder ${builder.name}`, priority: 0, isTrusted: true }, filesOf(builder))
}

function filesOf(builder: Builder): CacheFiles {
  return {
    open: async (name, _offset, signal) => {
      const [, text = '', kind] = NAME.exec(name) ?? []
      const hash = parseStoreHash(text)
      if (hash === undefined) return undefined
      try {
        const path = await builder.pathFromHash(hash)
        const info = path === undefined ? undefined : await builder.info(path)
        if (info === undefined) return undefined
        if (kind === 'narinfo') return fileOf([Buffer.from(formatNarinfo(narinfoOf(info)))])
        return fileOf(builder.archive(info.path, info.narSize, signal))
      } catch (cause) {
        signal.throwIfAborted()
        if (!(cause instanceof RegistryError)) throw cause
        throw new CacheTrouble(messageChain(cause), { cause })
      }
    },
    close: () => builder.close(),
  }
}

/** From the beginning always. */
function fileOf(bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): CacheFile {
  const body = Readable.from(bytes, { objectMode: false })
  return { body, offset: 0, size: undefined, encoding: undefined }
}

function narinfoOf(info: PathInfo): Narinfo {
  const { path, narSize, references, deriver, signatures, contentAddress } = info
  const narHash = parseSha256(`sha256:${info.narHash}`)
  if (narHash === undefined) throw new CacheTrouble(`it has no hash of ${path}`)
  return {
    storePath: path,
    url: `${storeHashOf(path)}.nar`,
    compression: 'none',
    fileHash: undefined,
    fileSize: undefined,
    narHash,
    narSize,
    references,
    deriver,
    signatures,
    contentAddress: contentAddress === '' ? undefined : contentAddress,
  }
}
