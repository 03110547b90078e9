/** apt with directories of its own, so that the machine's settings and lists play no part. */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { parsePackages, type Package } from './packages-file.ts'

const KEYS = '/usr/share/keyrings/debian-archive-keyring.gpg'
const SUITES = ['bookworm', 'trixie'] as const
/** How many packages of a source are tried. Packages may share the directory of another one that has the changelog. */
const ROUNDS = 5
/** Bytes of an archive. */
const LARGE = 3_000_000

export type Apt = {
  /** The packages of a suite such as `bookworm-security`. */
  readonly packages: (suite: string) => Promise<readonly Package[]>
  /** The changelog of each source, from one of its packages. */
  readonly changelogs: (
    bySource: ReadonlyMap<string, readonly Package[]>,
  ) => Promise<ReadonlyMap<string, string>>
}

export async function openApt(
  directory: string,
  { mirror, security }: { readonly mirror: string; readonly security: string },
): Promise<Apt> {
  for (const name of ['lists/partial', 'cache/archives/partial'])
    await mkdir(join(directory, name), { recursive: true })
  const sources = SUITES.map(
    (suite) => line(mirror, suite) + line(mirror, `${suite}-updates`) + line(security, `${suite}-security`),
  )
  await writeFile(join(directory, 'sources.list'), sources.join(''))
  await writeFile(join(directory, 'status'), '')
  const config = join(directory, 'apt.conf')
  await writeFile(
    config,
    `Dir::State "${directory}";\nDir::State::status "${directory}/status";\nDir::Cache "${directory}/cache";\n` +
      'Dir::Cache::pkgcache "pkgcache.bin";\nDir::Cache::srcpkgcache "srcpkgcache.bin";\n' +
      `Dir::Etc::sourcelist "${directory}/sources.list";\nDir::Etc::sourceparts "-";\n` +
      'Acquire::Languages "none";\nAPT::Architecture "amd64";\n',
  )
  const run = { env: { APT_CONFIG: config }, maxBuffer: 2 ** 30 }
  await execa('apt-get', ['update'], run)
  return {
    packages: async (suite) => {
      const file = (await readdir(join(directory, 'lists'))).find((name) =>
        name.includes(`_dists_${suite}_main_binary-amd64_Packages`),
      )
      if (file === undefined) throw new Error(`apt has no list of ${suite}`)
      const { stdout } = await execa(
        '/usr/lib/apt/apt-helper',
        ['cat-file', join(directory, 'lists', file)],
        run,
      )
      return parsePackages(stdout)
    },
    changelogs: async (bySource) => {
      const found = new Map<string, string>()
      for (let round = 0; round < ROUNDS; round++) {
        const wanted = [...bySource].flatMap(([source, packages]) => {
          const next = inOrder(source, packages)[round]
          return found.has(source) || next === undefined ? [] : [[source, next] as const]
        })
        if (wanted.length === 0) break
        const debs = join(directory, `debs-${round}`)
        await rm(debs, { recursive: true, force: true })
        await mkdir(debs)
        const names = wanted.map(([, { name, version }]) => `${name}=${version}`)
        await execa('apt-get', ['download', ...names], { ...run, cwd: debs })
        const files = await readdir(debs)
        for (const [source, { name }] of wanted) {
          const deb = files.find((file) => file.startsWith(`${name}_`))
          const text = deb === undefined ? '' : await changelogIn(join(debs, deb))
          if (text !== '') found.set(source, text)
        }
        await rm(debs, { recursive: true })
      }
      return found
    },
  }
}

/** A package named like its source, or ending in -base, has the changelog most often. Then small ones are first. */
function inOrder(source: string, packages: readonly Package[]): readonly Package[] {
  const rank = ({ name, archiveBytes }: Package) =>
    archiveBytes < LARGE && (name === source || name.endsWith('-base')) ? 0 : archiveBytes
  return packages.toSorted((a, b) => rank(a) - rank(b))
}

/** A native package has no separate changelog of Debian. */
async function changelogIn(deb: string): Promise<string> {
  const script =
    'dpkg-deb --fsys-tarfile "$0" | tar -x --to-stdout --wildcards "./usr/share/doc/*/changelog*.gz" | gunzip'
  const { stdout } = await execa('sh', ['-c', script, deb], { reject: false })
  return stdout
}

const line = (uri: string, suite: string) => `deb [signed-by=${KEYS}] ${uri} ${suite} main\n`
