/** The tools that people have find what is told about an image, and verify it. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { pullManifest } from './client.ts'
import { insightImage } from './insight-image.ts'
import { root } from '../nix/nix-command.ts'
import { goTool, missingTool, type GoTool } from '../support/go-tools.ts'
import { startPushless } from '../support/registry-process.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TIME_LIMIT_MS = 60_000
const skips = {
  oras: missing('nix') || (await missingTool('oras')),
  regctl: missing('nix') || (await missingTool('regctl')),
  cosign: missing('nix') || (await missingTool('cosign')),
}

void t.test('tools', { skip: missing('nix') }, async (t) => {
  const directory = await temporaryDirectory(t, 'tools')
  const publicKey = async (name: string): Promise<string> => {
    const { stdout } = await execa(process.execPath, [`${root}dist/main.js`, 'key', join(directory, name)])
    await writeFile(join(directory, `${name}.pub`), stdout)
    return join(directory, `${name}.pub`)
  }
  const key = await publicKey('key')
  const otherKey = await publicKey('other')
  const server = await startPushless(t, { args: ['--signing-key', join(directory, 'key')] })
  const image = await insightImage()
  const { digest } = await pullManifest(server.url, image)
  const name = `${new URL(server.url).host}${image}`
  const run = async (tool: GoTool, ...args: readonly string[]) => {
    const env = { HOME: directory, DOCKER_CONFIG: directory }
    const options = { cwd: directory, env, timeout: TIME_LIMIT_MS, all: true, reject: false } as const
    const { all, exitCode } = await execa(await goTool(tool), [...args], options)
    return { text: all, exitCode }
  }

  await t.test('oras discovers and pulls', { skip: skips.oras }, async (t) => {
    const found = await run('oras', 'discover', '--plain-http', '--format', 'json', `${name}@${digest}`)
    t.equal(found.exitCode, 0, found.text)
    const { referrers } = JSON.parse(found.text) as { referrers: { artifactType: string; digest: string }[] }
    t.equal(referrers.length, 7)
    const sbom = referrers.find(({ artifactType }) => artifactType === 'application/vnd.cyclonedx+json')
    t.equal((await run('oras', 'pull', '--plain-http', `${name}@${sbom?.digest}`)).exitCode, 0)
    t.match(JSON.parse(await readFile(join(directory, 'sbom.cdx.json'), 'utf8')), { bomFormat: 'CycloneDX' })
  })

  await t.test('regctl shows the tree and gets the SBOM', { skip: skips.regctl }, async (t) => {
    await run('regctl', 'registry', 'set', '--tls', 'disabled', new URL(server.url).host)
    const tree = await run('regctl', 'artifact', 'tree', `${name}:nix`)
    t.match(tree.text, /application\/vnd\.cyclonedx\+json/)
    const filter = ['--filter-artifact-type', 'application/spdx+json']
    const got = await run('regctl', 'artifact', 'get', '--subject', `${name}:nix`, ...filter)
    t.match(JSON.parse(got.text), { spdxVersion: 'SPDX-2.3' })
  })

  await t.test('cosign verifies', { skip: skips.cosign }, async (t) => {
    const offline = ['--insecure-ignore-tlog', '--allow-http-registry']
    const cosign = (command: string, by: string, ...more: readonly string[]) =>
      run('cosign', command, '--key', by, ...offline, ...more, `${name}@${digest}`)
    const image = await cosign('verify', key)
    t.equal(image.exitCode, 0, image.text)
    for (const type of ['slsaprovenance1', 'cyclonedx', 'spdxjson']) {
      const { exitCode, text } = await cosign('verify-attestation', key, '--type', type)
      t.equal(exitCode, 0, `${type}: ${text}`)
    }
    t.not((await cosign('verify', otherKey)).exitCode, 0, 'with another key nothing is right')
    t.not((await cosign('verify-attestation', otherKey, '--type', 'cyclonedx')).exitCode, 0)
    const tree = await run('cosign', 'tree', '--allow-http-registry', `${name}@${digest}`)
    t.match(tree.text, /https:\/\/slsa\.dev\/provenance\/v1/)
  })
})
