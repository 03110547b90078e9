/** A binary cache in a directory, as `nix copy --to file://…` writes it. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { explainSystemError, systemCode } from '../../../core/errors/system-error.ts'
import { CacheTrouble, type CacheFiles } from './cache-files.ts'

const READ_SIZE = 256 * 1024

export function fileCache(directory: string): CacheFiles {
  return {
    open: async (name, offset, signal) => {
      const path = join(directory, decodeURIComponent(name))
      if (path !== directory && !path.startsWith(join(directory, '/')))
        throw new CacheTrouble(`${name} is outside of the cache`)
      const size = await sizeOf(path)
      if (size === undefined) return undefined
      const body = createReadStream(path, { start: offset, highWaterMark: READ_SIZE, signal })
      return { body, offset, size, encoding: undefined }
    },
    close: () => undefined,
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    await using file = await open(path)
    const stat = await file.stat()
    if (!stat.isFile()) throw new CacheTrouble(`${path} is not a file`)
    return stat.size
  } catch (cause) {
    if (systemCode(cause) === 'ENOENT') return undefined
    if (cause instanceof CacheTrouble) throw cause
    throw new CacheTrouble(explainSystemError(cause) ?? `${path} cannot be read`, { cause })
  }
}
