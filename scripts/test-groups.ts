/**
 * Decides which files of tests share a process: a dozen of one folder, or half as many that start daemons. Starting Node,
 * tap and the modules under test takes longer than most of them, and a server of the tests is started once for a process.
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
/** Tests that check what others share, or that take long, as those with an API server do. */
const ALONE =
  /^test\/fixtures\/|^test\/setup\.|^test\/(?:e2e|support)\/(?:api-server|control-plane|delivery|drift|kubelet|kubernetes-client|large-archive|operator|soak)/
/** Folders whose tests start daemons and containers, and take up to a minute each. */
const STARTS_DAEMONS = /^test\/(?:e2e|support)$/
/** Files that measure time, to the millisecond: beside another test they would measure that test's load, too. */
const MEASURES = /(?:^|\/)(?:attack[^/]*|[^/]*-figures|e2e\/closure|http\/health)\.test\.ts$/
/** Changes what the tests of other files in the same process would see. */
const NEEDS_PROCESS = /^t\.(?:before|after)|\bmock\.|\bprocess\.(?:chdir|env\b|on\()/m
/** With more files at once, one processor would be idle while the last group ends. */
const GROUP_SIZE = 12
const DAEMON_GROUP_SIZE = 6

/** Returns the files that need nothing but Node. */
export async function unitTests(paths: readonly string[]): Promise<readonly string[]> {
  const units: string[] = []
  for (const file of paths)
    if (!NO_UNITS.test(file) && !NEEDS_PROGRAMS.test(await readFile(file, 'utf8'))) units.push(file)
  return units
}

/** Returns the processes to start: first files alone, some of which take minutes, last the groups that are short. */
export async function testGroups(paths: readonly string[]): Promise<readonly TestGroup[]> {
  const alone: TestGroup[] = []
  const folders = new Map<string, string[]>()
  for (const file of paths.toSorted()) {
    if (ALONE.test(file) || isMeasuring(file) || NEEDS_PROCESS.test(await readFile(file, 'utf8'))) {
      alone.push(groupOf(file))
      continue
    }
    const folder = folderOf(file)
    const files = folders.get(folder) ?? []
    files.push(file)
    folders.set(folder, files)
  }
  const groups = [...folders].flatMap(([folder, files]) => partsOf(folder, files))
  return [...alone, ...groups.filter(startsDaemons), ...groups.filter((group) => !startsDaemons(group))]
}

export function isMeasuring(file: string): boolean {
  return MEASURES.test(file)
}

/** A group of one file. */
export function groupOf(file: string): TestGroup {
  return { name: file, files: [file] }
}

function partsOf(folder: string, files: readonly string[]): readonly TestGroup[] {
  if (files.length === 1) return files.map(groupOf)
  const count = Math.ceil(files.length / (STARTS_DAEMONS.test(folder) ? DAEMON_GROUP_SIZE : GROUP_SIZE))
  return Array.from({ length: count }, (_, part) => ({
    name: count === 1 ? folder : `${folder} ${part + 1}/${count}`,
    files: files.filter((_, at) => at % count === part),
  }))
}

function startsDaemons({ files: [file = ''] }: TestGroup): boolean {
  return STARTS_DAEMONS.test(folderOf(file))
}

function folderOf(file: string): string {
  return file.split('/').slice(0, 2).join('/')
}
