/**
 * The pages of docs/nodes/: each block of configuration is read by a parser and checked against what its program takes.
 * Where the program is at hand, it reads the block itself. Each page says how its files are checked and undone.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { parseAllDocuments } from 'yaml'
import { isList, isObject, type Json } from '../../src/core/json.ts'
import { checkObject, type KubernetesObject } from '../../src/kubernetes/check/check-objects.ts'
import { kubernetesVersions, readSchema } from '../../src/kubernetes/check/schema.ts'
import { root } from '../nix/nix-command.ts'
import { missingCri } from '../support/containerd-cri.ts'
import { debianRoot, inRoot } from '../support/debian-root.ts'
import { podmanFor } from '../support/podman.ts'
import { missing, searchPath } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'
import { NODE_FORMATS, type Format, type Part } from './node-formats.ts'
import { anchorsOf, blocksOf, readPages } from './pages.ts'

const SECTIONS = [
  'the-shortest-way',
  'with-tls',
  'with-credentials',
  'check',
  'undo',
  'how-sure-this-is',
] as const
/** Languages of blocks that are no configuration: what a terminal shows, and what other tests evaluate or run. */
const OTHER_LANGUAGES: ReadonlySet<string> = new Set(['', 'sh', 'nix', 'console'])
const COMMAND_LIMIT_MS = 60_000

const pages = (await readPages()).filter(
  ({ name }) => name.startsWith('docs/nodes/') || name === 'docs/clients.md',
)
const blocks = pages.flatMap(({ name, text }) =>
  blocksOf(text).map((block) => ({ ...block, place: `${name}:${block.line}` })),
)
const ofFormat = (format: string) => blocks.filter((block) => block.format === format)
const formats: Readonly<Record<string, Format>> = {
  ...NODE_FORMATS,
  kubernetes: await kubernetesFormat(),
  'credential-provider': () => [],
}

void t.test('each page has its sections', (t) => {
  const nodes = pages.filter(({ name }) => name !== 'docs/clients.md')
  t.ok(nodes.length >= 11, `${nodes.length} pages`)
  for (const { name, text } of nodes) {
    const anchors = [...anchorsOf(text)].filter((anchor) => SECTIONS.some((section) => section === anchor))
    t.strictSame(anchors, SECTIONS, name)
  }
  t.end()
})

void t.test('each block of configuration is what its program takes', (t) => {
  const used = new Set<string>()
  for (const { language, format, text, place } of blocks) {
    if (OTHER_LANGUAGES.has(language)) {
      if (language === '') t.match(text, /^\$ /, `${place}: a block without a language is commands`)
      continue
    }
    const read = formats[format ?? '']
    if (read === undefined) {
      t.fail(`${place}: the fence names no format`)
      continue
    }
    used.add(format ?? '')
    for (const { value, check } of read(text)) t.strictSame(check(value), [], place)
  }
  t.strictSame([...used].sort(), Object.keys(formats).sort(), 'each format is in use')
  t.end()
})

void t.test('a key that is spelled wrong is found, whichever it is', (t) => {
  let keys = 0
  for (const { format, text, place } of blocks)
    for (const { value, check } of formats[format ?? '']?.(text) ?? [])
      for (const [key, wrong] of misspelled(value)) {
        keys += 1
        t.not(check(wrong).length, 0, `${place}: ${key}`)
      }
  t.ok(keys > 200, `${keys} keys`)
  t.end()
})

void t.test('scripts are scripts', async (t) => {
  for (const { text, place, language } of blocks)
    if (language === 'bash')
      t.match(await execa('sh', ['-n'], { input: text, reject: false }), { exitCode: 0 }, place)
})

void t.test('the credential provider answers kubelet', { skip: missing('jq') }, async (t) => {
  const [script] = ofFormat('credential-provider')
  const request = {
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    kind: 'CredentialProviderRequest',
    image: 'nix.internal/nix/store/a',
    serviceAccountToken: 'a.b.c',
  }
  const { stdout } = await execa('sh', ['-c', script?.text ?? ''], { input: JSON.stringify(request) })
  t.strictSame(JSON.parse(stdout), {
    kind: 'CredentialProviderResponse',
    apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
    cacheKeyType: 'Registry',
    cacheDuration: '0s',
    auth: { 'nix.internal': { username: 'service-account', password: 'a.b.c' } },
  })
})

void t.test('podman reads the registries', { skip: missing('podman', 'root') }, async (t) => {
  const read = async (text: string) => {
    const podman = await podmanFor(t, 'http://127.0.0.1:1', text)
    return podman.podman('info', '--format', '{{json .Registries}}')
  }
  for (const { text, place } of ofFormat('registries.conf')) {
    const { stdout, stderr, exitCode } = await read(text)
    t.equal(exitCode, 0, `${place}: ${stderr}`)
    const { 'nix.internal': registry } = JSON.parse(stdout) as Record<string, Json>
    const address = text.includes('127.0.0.1') ? '127.0.0.1:5000' : 'registry.example.org:5000'
    t.match(JSON.stringify(registry), `"Location":"${address}"`, place)
    t.not((await read(text.replace('location', 'locatin'))).exitCode, 0, 'a wrong key')
  }
})

for (const [origin, version] of [
  ['machine', 2],
  ['sid', 2],
  ['sid', 3],
] as const) {
  const title = `containerd of ${origin} takes settings of version ${version}`
  void t.test(title, { skip: await missingCri(origin) }, async (t) => {
    const directory = await temporaryDirectory(t, 'config')
    const place = origin === 'machine' ? directory : '/mnt'
    const dump = async (...files: readonly string[]) => {
      for (const [at, text] of files.entries()) await writeFile(join(directory, `${at}.toml`), text)
      const command = ['containerd', '--config', `${place}/0.toml`, 'config', 'dump']
      const [file = '', ...args] =
        origin === 'machine'
          ? command
          : inRoot(await debianRoot(origin), command, { binds: { '/mnt': directory } })
      const { all } = await execa(file, args, {
        all: true,
        env: { PATH: searchPath() },
        timeout: COMMAND_LIMIT_MS,
      })
      return all
    }
    const CONFIG_PATH = /config_path = ['"]\/etc\/containerd\/certs\.d['"]/
    const settings = ofFormat('config.toml').filter(
      ({ text }) => text.startsWith(`version = ${version}\n`) && text.includes('config_path'),
    )
    t.ok(settings.length > 0)
    for (const { text, place } of settings) {
      t.match(await dump(text), CONFIG_PATH, place)
      t.notMatch(await dump(text.replace('config_path', 'confg_path')), CONFIG_PATH, 'a wrong key')
      if (origin === 'sid' && version === 2) continue
      await t.test('as a drop-in', async (t) => {
        const plugin = version === 2 ? 'io.containerd.grpc.v1.cri' : 'io.containerd.cri.v1.images'
        const main = `version = ${version}\nimports = ["/etc/containerd/conf.d/*.toml"]\n[plugins."${plugin}"]\n  max_concurrent_downloads = 7\n`
        const all = await dump(
          main.replace('/etc/containerd/conf.d/*', `${directoryOf(origin, directory)}/1`),
          text,
        )
        t.match(all, CONFIG_PATH)
        // 1.x resets what the drop-in doesn't have.
        t.equal(all.includes('max_concurrent_downloads = 7'), version === 3)
      })
    }
  })
}

/** Where containerd finds the directory. */
function directoryOf(origin: 'machine' | 'sid', directory: string): string {
  return origin === 'machine' ? directory : '/mnt'
}

/** Objects of Kubernetes, by its schemas. A Service selects the Pods of the registry. */
async function kubernetesFormat(): Promise<Format> {
  const directory = join(root, 'manifests/schema')
  const version = (await kubernetesVersions(directory)).at(-1) ?? ''
  const schema = await readSchema(directory, version)
  const rendered = documentsOf(await readFile(join(root, 'manifests/registry/rendered/cache.yaml'), 'utf8'))
  const selectors = rendered.flatMap((one) =>
    isObject(one) && one['kind'] === 'Service' ? [selectorOf(one)] : [],
  )
  const check: Part['check'] = (value) => {
    if (!isKubernetesObject(value)) return ['no object of Kubernetes']
    const problems = checkObject(schema, new Map(), value).map(({ message }) => message)
    const isOther = value['kind'] === 'Service' && !selectors.includes(selectorOf(value))
    return isOther ? [...problems, 'selects other Pods than the registry’s'] : problems
  }
  return (text) => documentsOf(text).map((value) => ({ value, check }))
}

function isKubernetesObject(value: Json): value is KubernetesObject {
  if (!isObject(value)) return false
  const { kind, apiVersion, metadata } = value
  return (
    typeof kind === 'string' &&
    typeof apiVersion === 'string' &&
    isObject(metadata) &&
    typeof metadata['name'] === 'string'
  )
}

function selectorOf(service: { readonly [key: string]: Json }): string {
  const { spec } = service
  return JSON.stringify(isObject(spec) ? spec['selector'] : undefined)
}

function documentsOf(text: string): readonly Json[] {
  return parseAllDocuments(text).map((document) => document.toJS() as Json)
}

/** The value once for each of its keys, with that key spelled wrong. */
function* misspelled(value: Json, at = ''): Generator<readonly [key: string, value: Json]> {
  if (isList(value))
    for (const [index, item] of value.entries())
      for (const [key, wrong] of misspelled(item, `${at}/${index}`)) yield [key, value.with(index, wrong)]
  else if (isObject(value))
    for (const [key, item] of Object.entries(value)) {
      const entries = Object.entries(value)
      const place = entries.findIndex(([one]) => one === key)
      yield [`${at}/${key}`, Object.fromEntries(entries.with(place, [`${key}x`, item]))]
      for (const [inner, wrong] of misspelled(item, `${at}/${key}`))
        yield [inner, Object.fromEntries(entries.with(place, [key, wrong]))]
    }
}
