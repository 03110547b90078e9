/** npm and apt, as far as they bring archives of one architecture to a directory. Nothing of the machine is changed. */
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Architecture } from './parts.ts'

const LIMIT_MS = 300_000

/** Downloads a package of npm. @returns the archive. */
export async function fetchFromNpm(name: string, version: string, directory: string): Promise<string> {
  await execa('npm', ['pack', '--silent', `${name}@${version}`], { cwd: directory, timeout: LIMIT_MS })
  return join(directory, `${name}-${version}.tgz`)
}

/**
 * The packages of one release and architecture, with lists of their own. They come from where this machine's packages
 * come from, and are signed by keys that apt knows here.
 */
export class Apt {
  readonly #directory: string
  readonly #options: readonly string[]

  private constructor(directory: string, architecture: Architecture) {
    this.#directory = directory
    this.#options = [
      `APT::Architecture=${architecture}`,
      `APT::Architectures=${architecture}`,
      `Dir::State=${directory}/state`,
      `Dir::State::status=${directory}/state/status`,
      `Dir::Cache=${directory}/cache`,
      `Dir::Etc::sourcelist=${directory}/sources.list`,
      'Dir::Etc::sourceparts=-',
      'Acquire::Languages=none',
      // Downloads go to a directory of this user.
      'APT::Sandbox::User=',
    ].flatMap((option) => ['-o', option])
  }

  /** @param codename of the release. @throws where there is no apt, or no answer. */
  static async open(directory: string, architecture: Architecture, codename: string): Promise<Apt> {
    for (const name of ['state/lists/partial', 'cache/archives/partial', 'files'])
      await mkdir(join(directory, name), { recursive: true })
    await writeFile(join(directory, 'state/status'), '')
    await writeFile(join(directory, 'sources.list'), await sourcesOf(codename))
    const apt = new Apt(directory, architecture)
    await apt.#run('apt-get', ['update', '-qq'])
    return apt
  }

  /** Returns the versions that would be installed, by package. */
  async newest(names: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const stdout = await this.#run('apt-cache', ['show', '--no-all-versions', ...names])
    const found = new Map<string, string>()
    for (const record of stdout.split('\n\n')) {
      const name = /^Package: (.+)$/m.exec(record)?.[1]
      const version = /^Version: (.+)$/m.exec(record)?.[1]
      if (name !== undefined && version !== undefined) found.set(name, version)
    }
    const unknown = names.filter((name) => !found.has(name))
    if (unknown.length > 0) throw new Error(`apt knows no version of ${unknown.join(', ')}`)
    return found
  }

  /** Downloads packages. @param versions by package. @returns the archives, by package. */
  async fetch(versions: ReadonlyMap<string, string>): Promise<ReadonlyMap<string, string>> {
    const wanted = [...versions].map(([name, version]) => `${name}=${version}`)
    await this.#run('apt-get', ['download', '-qq', ...wanted])
    const files = new Map<string, string>()
    // NAME_VERSION_ARCHITECTURE.deb
    for (const file of await readdir(join(this.#directory, 'files')))
      files.set(file.slice(0, file.indexOf('_')), join(this.#directory, 'files', file))
    return files
  }

  async #run(command: string, args: readonly string[]): Promise<string> {
    const { stdout } = await execa(command, [...this.#options, ...args], {
      cwd: join(this.#directory, 'files'),
      timeout: LIMIT_MS,
      stdin: 'ignore',
    })
    return stdout
  }
}

/** @returns this machine's sources, for another release. @throws where it is none of a release with a name. */
async function sourcesOf(codename: string): Promise<string> {
  const format = '$(REPO_URI) $(CODENAME) $(COMPONENT)'
  const { stdout } = await execa('apt-get', ['indextargets', 'Created-By: Packages', '--format', format])
  const release = /^VERSION_CODENAME=(.+)$/m.exec(await readFile('/etc/os-release', 'utf8'))?.[1]
  const lines = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .flatMap(([uri = '', suite = '', component = '']) =>
      release !== undefined && suite.startsWith(release)
        ? [`deb ${uri} ${codename}${suite.slice(release.length)} ${component}`]
        : [],
    )
  if (lines.length === 0) throw new Error('apt has no sources of this machine\u2019s release')
  return `${[...new Set(lines)].join('\n')}\n`
}
