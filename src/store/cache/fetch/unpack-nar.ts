/** Writes a Nix archive to disk as a tree of files. Small files are written several at once. */
import { constants } from 'node:fs'
import { mkdir, open, symlink, writeFile, type FileHandle } from 'node:fs/promises'
import { asByteString, encodeText, fsPath } from '../../../core/byte-string.ts'
import { readNar } from '../../../core/nix/nar-reader.ts'

/** Owners, times and all mode bits but "executable" mean nothing in a store. The state directory is private anyway. */
const DIRECTORY_MODE = 0o700
const FILE_MODE = 0o600
const EXECUTABLE_MODE = 0o700
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW

/** Larger files are written piece by piece. */
const SMALL_FILE = 256 * 1024
const WRITES_AT_ONCE = 8

/**
 * @param target where the tree is put. Nothing may be there.
 * @throws RegistryError `malformed` for what is not an archive, failures of the disk, and what `chunks` throws.
 */
export async function unpackNar(chunks: AsyncIterable<Uint8Array>, target: string): Promise<void> {
  const base = encodeText(target)
  const placeOf = (path: string) => fsPath(asByteString(path === '' ? base : `${base}/${path}`))
  const writes = new Set<Promise<unknown>>()
  const failures: unknown[] = []
  const throwFailure = (): void => {
    if (failures.length > 0) throw failures[0]
  }
  const inBackground = async (work: Promise<void>): Promise<void> => {
    const write = work.catch((error: unknown) => failures.push(error)).finally(() => writes.delete(write))
    writes.add(write)
    if (writes.size >= WRITES_AT_ONCE) await Promise.race(writes)
    throwFailure()
  }
  let openFile: FileHandle | undefined
  try {
    await readNar(chunks, {
      directory: async (path) => {
        await mkdir(placeOf(path), { mode: DIRECTORY_MODE })
      },
      symlink: (path, link) => symlink(fsPath(asByteString(link)), placeOf(path)),
      file: async (path, isExecutable, size) => {
        const mode = isExecutable ? EXECUTABLE_MODE : FILE_MODE
        if (size > SMALL_FILE) {
          const file = await open(placeOf(path), NEW_FILE, mode)
          openFile = file
          return {
            write: async (piece) => {
              for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten
            },
            end: async () => {
              openFile = undefined
              await file.close()
            },
          }
        }
        const content = Buffer.allocUnsafe(size)
        let at = 0
        return {
          write: (piece) => {
            content.set(piece, at)
            at += piece.length
          },
          end: () => inBackground(writeFile(placeOf(path), content, { mode, flag: NEW_FILE })),
        }
      },
    })
    await Promise.all(writes)
    throwFailure()
  } finally {
    await Promise.all(writes)
    await openFile?.close()
  }
}
