/** npm and apt, as far as they bring archives of one architecture to a directory. Nothing of the machine is changed. */
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Architecture } from './parts.ts'

const LIMIT_MS = 300_000

/** Downloads a package of npm. @returns the archive. */
export async function fetchFromNpm(name: string, version: string, directory: string): Promise<string> {
  await execa('npm', ['pack', '--silent', `${name}@${version}`], { cwd: directory, timeout: LIMIT_MS })
  return join(directory, `${name}-${version}.tgz`)
}

/** The packages of one architecture that this machine's sources have, with lists of their own. */
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
      'Acquire::Languages=none',
      // Downloads go to a directory of this user.
      'APT::Sandbox::User=',
    ].flatMap((option) => ['-o', option])
  }

  /** @throws where there is no apt, or no answer. */
  static async open(directory: string, architecture: Architecture): Promise<Apt> {
    for (const name of ['state/lists/partial', 'cache/archives/partial', 'files'])
      await mkdir(join(directory, name), { recursive: true })
    await writeFile(join(directory, 'state/status'), '')
    const apt = new Apt(directory, architecture)
    await apt.#run('apt-get', ['update', '-qq'])
    return apt
  }

  /** Returns the version that would be installed. */
  async newest(name: string): Promise<string> {
    const stdout = await this.#run('apt-cache', ['show', '--no-all-versions', name])
    const version = /^Version: (.+)$/m.exec(stdout)?.[1]
    if (version === undefined) throw new Error(`${name}: apt knows no version of it`)
    return version
  }

  /** Downloads a package. @returns the archive. */
  async fetch(name: string, version: string): Promise<string> {
    await this.#run('apt-get', ['download', '-qq', `${name}=${version}`])
    const files = await readdir(join(this.#directory, 'files'))
    const file = files.find((one) => one.startsWith(`${name}_`))
    if (file === undefined) throw new Error(`${name}: apt has downloaded nothing`)
    return join(this.#directory, 'files', file)
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
