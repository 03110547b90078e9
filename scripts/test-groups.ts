/**
 * Decides which files of tests share a process: all but those that start daemons, a dozen of one folder at a time.
 * Starting Node, tap and the modules under test takes longer than most of them.
 */
import { readFile } from 'node:fs/promises'

/** Files that share a process. */
export type TestGroup = {
  /** The path of the only file, or a name for several. */
  readonly name: string
  readonly files: readonly string[]
}

/** Folders whose tests need Nix, containers or other programs. */
const NO_UNITS = /^test\/(?:e2e|fixtures|support|manifests|nix)\//
/** Imports by which a test elsewhere says that it needs one. */
const NEEDS_PROGRAMS =
  /support\/requirement\.ts|nix-command\.ts|real-(?:store|registry)\.ts|kubernetes-yaml\/program\.ts|from 'execa'/
/** Folders whose tests start daemons and containers, or check what others share. */
const ALONE = /^test\/(?:e2e|fixtures|support)\/|^test\/setup\./
/** Changes what the tests of other files in the same process would see. */
const NEEDS_PROCESS = /^t\.(?:before|after)|\bmock\.|\bprocess\.(?:chdir|env\b|on\()/m
/** With more files at once, one processor would be idle while the last group ends. */
const GROUP_SIZE = 12

/** Returns the files that need nothing but Node. */
export async function unitTests(paths: readonly string[]): Promise<readonly string[]> {
  const units: string[] = []
  for (const file of paths)
    if (!NO_UNITS.test(file) && !NEEDS_PROGRAMS.test(await readFile(file, 'utf8'))) units.push(file)
  return units
}

/** Returns the processes to start: first those of one file, then groups, which are short. */
export async function testGroups(paths: readonly string[]): Promise<readonly TestGroup[]> {
  const alone: TestGroup[] = []
  const folders = new Map<string, string[]>()
  for (const file of paths.toSorted()) {
    if (ALONE.test(file) || NEEDS_PROCESS.test(await readFile(file, 'utf8'))) {
      alone.push(groupOf(file))
      continue
    }
    const folder = file.split('/').slice(0, 2).join('/')
    const files = folders.get(folder) ?? []
    files.push(file)
    folders.set(folder, files)
  }
  return [...alone, ...[...folders].flatMap(([folder, files]) => partsOf(folder, files))]
}

/** A group of one file. */
export function groupOf(file: string): TestGroup {
  return { name: file, files: [file] }
}

function partsOf(folder: string, files: readonly string[]): readonly TestGroup[] {
  if (files.length === 1) return files.map(groupOf)
  const count = Math.ceil(files.length / GROUP_SIZE)
  return Array.from({ length: count }, (_, part) => ({
    name: count === 1 ? folder : `${folder} ${part + 1}/${count}`,
    files: files.filter((_, at) => at % count === part),
  }))
}
