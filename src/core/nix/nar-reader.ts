/**
 * Reads a Nix archive (NAR) from anybody, to know that it is one: stricter than Nix, which restores what it reads into
 * the store. Keeps no entry, so that an archive of any size takes the memory of one name.
 * Source: Nix manual, "Nix Archive (NAR) format"; `archive.cc` of libutil.
 */
import { RegistryError } from '../errors/errors.ts'

export type NarRoot =
  | { readonly kind: 'directory' | 'symlink' }
  /** The content lies in the archive from `offset` on. */
  | {
      readonly kind: 'file'
      readonly isExecutable: boolean
      readonly offset: number
      readonly size: number
    }

/** NAME_MAX and PATH_MAX of Linux, without the final zero. */
const MAX_NAME = 255
const MAX_TARGET = 4095
/** The longest word of the format itself, `nix-archive-1`, and some. */
const MAX_WORD = 16
/** Nix puts no limit, but PATH_MAX does: what is deeper has names of less than eight characters all the way down. */
const MAX_DEPTH = 512
const WORD = 8

/** The content of a file in an archive, piece by piece. */
type NarContent = {
  /** @param piece valid until the function has returned, or until its promise is settled. */
  readonly write: (piece: Uint8Array) => Promise<void> | void
  /** Called once all pieces are written. */
  readonly end?: () => Promise<void> | void
}

/** Receives the entries of an archive in their order. Paths are byte strings, and empty for the root. */
export type NarVisitor = {
  readonly directory?: (path: string) => Promise<void> | void
  readonly symlink?: (path: string, target: string) => Promise<void> | void
  /** @returns what takes the content. */
  readonly file?: (path: string, isExecutable: boolean, size: number) => Promise<NarContent> | NarContent
}

/**
 * @throws RegistryError `malformed` saying what is wrong, and whatever `chunks` throws.
 */
export async function readNar(chunks: AsyncIterable<Uint8Array>, visitor: NarVisitor = {}): Promise<NarRoot> {
  const input = new Input(chunks)
  try {
    await input.expect('nix-archive-1')
    const root = await readNode(input, { visitor, path: '', depth: 0 })
    if (!(await input.isAtEnd())) throw malformed('something follows the end')
    return root
  } finally {
    await input.close()
  }
}

type Place = { readonly visitor: NarVisitor; readonly path: string; readonly depth: number }

async function readNode(input: Input, place: Place): Promise<NarRoot> {
  const { visitor, path, depth } = place
  if (depth > MAX_DEPTH) throw malformed(`directories in directories more than ${MAX_DEPTH} times`)
  await input.expect('(')
  await input.expect('type')
  const type = await input.word()
  switch (type) {
    case 'regular':
      return readFile(input, place)
    case 'symlink': {
      await input.expect('target')
      const target = await input.string(MAX_TARGET)
      if (target === '' || target.includes('\0')) throw malformed('a symbolic link to nowhere')
      await input.expect(')')
      await visitor.symlink?.(path, target)
      return { kind: 'symlink' }
    }
    case 'directory':
      await visitor.directory?.(path)
      await readEntries(input, place)
      return { kind: 'directory' }
    default:
      throw malformed(`unknown type ${shown(type)}`)
  }
}

async function readFile(input: Input, { visitor, path }: Place): Promise<NarRoot> {
  let word = await input.word()
  const isExecutable = word === 'executable'
  if (isExecutable) {
    await input.expect('')
    word = await input.word()
  }
  if (word !== 'contents') throw malformed(`expected contents, not ${shown(word)}`)
  const size = await input.number()
  const offset = input.position
  const content = await visitor.file?.(path, isExecutable, size)
  await input.pass(size, content)
  await input.padding(size)
  await input.expect(')')
  await content?.end?.()
  return { kind: 'file', isExecutable, offset, size }
}

async function readEntries(input: Input, { visitor, path, depth }: Place): Promise<void> {
  let before = ''
  for (;;) {
    const word = await input.word()
    if (word === ')') return
    if (word !== 'entry') throw malformed(`expected an entry, not ${shown(word)}`)
    await input.expect('(')
    await input.expect('name')
    const name = await input.string(MAX_NAME)
    if (name === '' || name === '.' || name === '..' || name.includes('/') || name.includes('\0'))
      throw malformed(`a file can't be named ${shown(name)}`)
    // Byte strings, so their order is that of bytes; and no name comes twice.
    if (name <= before) throw malformed(`${shown(name)} comes after ${shown(before)}: not sorted`)
    before = name
    await input.expect('node')
    const child = path === '' ? name : `${path}/${name}`
    await readNode(input, { visitor, path: child, depth: depth + 1 })
    await input.expect(')')
  }
}

/** The strings, numbers and contents of an archive, from chunks of any size. */
class Input {
  readonly #source: AsyncIterator<Uint8Array>
  #chunk: Buffer = Buffer.alloc(0)
  /** Bytes read so far. */
  position = 0

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#source = chunks[Symbol.asyncIterator]()
  }

  async expect(text: string): Promise<void> {
    const found = await this.word()
    if (found !== text) throw malformed(`expected ${shown(text)}, not ${shown(found)}`)
  }

  word(): Promise<string> {
    return this.string(MAX_WORD)
  }

  /** A byte string: one character a byte. */
  async string(maxLength: number): Promise<string> {
    const length = await this.number()
    if (length > maxLength) throw malformed(`a name or word of ${length} bytes`)
    const text = (await this.#take(length)).toString('latin1')
    await this.padding(length)
    return text
  }

  async number(): Promise<number> {
    const value = (await this.#take(WORD)).readBigUInt64LE()
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw malformed('a number out of range')
    return Number(value)
  }

  async pass(length: number, content: NarContent | undefined): Promise<void> {
    for (let left = length; left > 0;) {
      if (this.#chunk.length === 0) await this.#more()
      const piece = this.#chunk.subarray(0, left)
      this.#chunk = this.#chunk.subarray(piece.length)
      this.position += piece.length
      left -= piece.length
      const written = content?.write(piece)
      if (written !== undefined) await written
    }
  }

  async padding(length: number): Promise<void> {
    const rest = length % WORD
    if (rest === 0) return
    if ((await this.#take(WORD - rest)).some((byte) => byte !== 0))
      throw malformed('padding that is not zeros')
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#source.next()
      if (done === true) return true
      this.#chunk = Buffer.from(value)
    }
    return false
  }

  /** Lets go of the source, which may be in mid-file. */
  async close(): Promise<void> {
    await this.#source.return?.()
  }

  async #take(length: number): Promise<Buffer> {
    while (this.#chunk.length < length) await this.#more()
    const taken = this.#chunk.subarray(0, length)
    this.#chunk = this.#chunk.subarray(length)
    this.position += length
    return taken
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next()
    if (done === true) throw malformed('cut off')
    const chunk = Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    this.#chunk = this.#chunk.length === 0 ? chunk : Buffer.concat([this.#chunk, chunk])
  }
}

function malformed(why: string): RegistryError {
  return new RegistryError('malformed', `not a Nix archive: ${why}`)
}

/** A byte string as people read it. */
function shown(text: string): string {
  return JSON.stringify(Buffer.from(text, 'latin1').toString())
}
