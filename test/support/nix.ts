/**
 * Nix's command line, for tests only (the server speaks the worker protocol): builds fixtures, asks the store.
 * Runs under the settings in `nix-conf/`, never under the machine's.
 */
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { searchPath } from './requirement.ts'

/** The environment of every Nix command, and of every program of a test that starts one. */
export const nixEnv = {
  NIX_CONF_DIR: fileURLToPath(new URL('nix-conf', import.meta.url)),
  NIX_USER_CONF_FILES: '',
  PATH: searchPath(),
} as const

/** The expression file of that name in `test/fixtures/`. */
export function fixture(
  name:
    | 'shapes.nix'
    | 'busybox.nix'
    | 'debian-closure.nix'
    | 'docker-archives.nix'
    | 'pods.nix'
    | 'replicas.nix'
    | 'zero-copy.nix',
): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
}

/** A build: how long fixtures may take at most, all of them from nothing. */
const BUILD_LIMIT_MS = 300_000

/**
 * Builds an expression file, e.g. `nixBuild(fixture('shapes.nix'), ['-A', 'chain'])`, or an expression behind `--expr`.
 * @returns the store paths, in order of the attributes and outputs asked for.
 */
export async function nixBuild(file: string, args: readonly string[] = []): Promise<string[]> {
  return lines('nix-build', ['--no-out-link', file, ...args])
}

/** Builds one attribute of `shapes.nix`, and gives its one store path. */
export async function shape(attribute: string, args: readonly string[] = []): Promise<string> {
  return only(await nixBuild(fixture('shapes.nix'), ['-A', attribute, ...args]))
}

/** Builds `busybox.nix`, and gives its store path. */
export async function busybox(): Promise<string> {
  return only(await nixBuild(fixture('busybox.nix')))
}

/** A docker archive of `docker-archives.nix`, with a layer of so many megabytes that compress to half. */
export async function archiveFixture(
  form: 'buildImage' | 'buildLayeredImage',
  compressor: 'none' | 'gz' | 'zstd',
  megabytes = 0,
): Promise<string> {
  const args = ['--argstr', 'compressor', compressor, '--arg', 'megabytes', String(megabytes)]
  return only(await nixBuild(fixture('docker-archives.nix'), ['-A', form, ...args]))
}

/** The derivation (`.drv` store path) of an expression file's attribute, not built. */
export async function nixInstantiate(file: string, args: readonly string[] = []): Promise<string> {
  return only(await lines('nix-instantiate', [file, ...args]))
}

/** `nix-store` with these arguments: the lines it prints. */
export async function nixStore(...args: readonly string[]): Promise<string[]> {
  return lines('nix-store', args)
}

async function lines(command: string, args: readonly string[]): Promise<string[]> {
  const { stdout } = await execa(command, args, { env: nixEnv, timeout: BUILD_LIMIT_MS, lines: true })
  return stdout.filter((line) => line !== '')
}

/** The one path of a build that makes one. @throws when it made none, or more. */
export function only(paths: readonly string[]): string {
  const [path, ...more] = paths
  if (path === undefined || more.length > 0)
    throw new Error(`one store path expected, not ${paths.length}: ${paths.join(' ')}`)
  return path
}
