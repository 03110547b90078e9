/** Programs that are built before the tests, once, and kept in the user's cache. */
import { access, mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

export type BuiltPrograms = {
  /** The directory in the cache; with the version, so that another one is built anew. */
  readonly name: string
  /** Programs in it; a directory that has one has all. */
  readonly program: string
  /** The variable that asks for a build (`build`), or names a directory that has the programs. */
  readonly variable: string
  /** A build of some seconds, which happens without being asked for. */
  readonly isQuick?: boolean
  /** Writes the programs to a directory. */
  readonly build: (directory: string) => Promise<void>
}

/** Returns the path of the program, built if that is asked for or quick. @throws Error saying why there is none. */
export async function builtProgram({
  name,
  program,
  variable,
  isQuick = false,
  build,
}: BuiltPrograms): Promise<string> {
  const asked = process.env[variable] ?? ''
  if (asked !== '' && asked !== 'build') {
    if (await exists(join(asked, program))) return join(asked, program)
    throw new Error(`${variable} names ${asked}, where it isn't`)
  }
  const directory = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'pushless', name)
  const path = join(directory, program)
  if (await exists(path)) return path
  if (asked === '' && !isQuick) throw new Error(`${variable} names no directory, and is not \`build\``)
  const partial = `${directory}.part-${process.pid}`
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial, { recursive: true })
  await build(partial)
  await rm(directory, { recursive: true, force: true })
  await rename(partial, directory)
  return path
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
