/**
 * Writes parts.json anew: `node scripts/registry-image/pin-parts.ts`, then `npm run format`. Node is that of
 * package-lock.json, packages of Debian are the newest of its release.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Apt, fetchFromNpm } from './clients.ts'
import { sha256OfFile } from './fetch-parts.ts'
import { ARCHITECTURES, readParts, writeParts } from './parts.ts'

const LOCK = fileURLToPath(new URL('../../package-lock.json', import.meta.url))

const parts = await readParts()
const work = await mkdtemp(join(tmpdir(), 'pushless-parts-'))
try {
  parts.node.version = String(JSON.parse(await readFile(LOCK, 'utf8')).packages['node_modules/node'].version)
  for (const architecture of ARCHITECTURES) {
    const one = parts.node.packages[architecture]
    one.sha256 = await sha256OfFile(await fetchFromNpm(one.name, parts.node.version, work))
    const apt = await Apt.open(join(work, architecture), architecture, parts.debian.codename)
    const packages = [...parts.debian.packages, ...parts.debian.nixPackages].filter(
      ({ sha256 }) => sha256[architecture] !== undefined,
    )
    const versions = await apt.newest(packages.map((each) => each.package))
    const files = await apt.fetch(versions)
    for (const each of packages) {
      each.version = versions.get(each.package) ?? each.version
      each.sha256[architecture] = await sha256OfFile(files.get(each.package) ?? each.package)
    }
  }
} finally {
  await rm(work, { recursive: true, force: true })
}
await writeParts(parts)
