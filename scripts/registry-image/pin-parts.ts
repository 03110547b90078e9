/**
 * Writes parts.json anew: `node scripts/registry-image/pin-parts.ts`, then `npm run format`. Node is that of package-lock.json, packages of
 * Debian are the newest of the suite that this machine's apt reads.
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
    const apt = await Apt.open(join(work, architecture), architecture)
    for (const each of parts.debian.packages) {
      each.version = architecture === ARCHITECTURES[0] ? await apt.newest(each.package) : each.version
      each.sha256[architecture] = await sha256OfFile(await apt.fetch(each.package, each.version))
    }
  }
} finally {
  await rm(work, { recursive: true, force: true })
}
await writeParts(parts)
