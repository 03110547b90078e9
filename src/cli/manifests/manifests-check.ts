/**
 * `pushless manifests check`: checks whether Kubernetes takes manifests of any origin, and whether a running registry
 * can serve the images that they name. Nothing is built, fetched or applied.
 */
import { RegistryError } from '../../core/errors/errors.ts'
import {
  findReferences,
  mergeReferences,
  type ImageReferences,
} from '../../kubernetes/references/image-references.ts'
import { describePlace } from '../../kubernetes/references/place.ts'
import { celRulesOf, checkObject, customKinds } from '../../kubernetes/check/check-objects.ts'
import { asYamlStream } from '../../kubernetes/read/yaml-chunks.ts'
import { readObjects, type ReadManifest, type ReadObject } from '../../kubernetes/read/read-objects.ts'
import { kubernetesVersions, readSchema } from '../../kubernetes/check/schema.ts'
import { readObjectFiles, type ManifestFile } from './object-files.ts'
import { askPullChecks, type ImagePullCheck } from './ask-pull-checks.ts'
import { UsageError } from '../usage-error.ts'

export type CheckOptions = {
  /** manifests/schema. */
  readonly schemas: string
  /** `1.37`; defaults to the newest that is known. */
  readonly kubernetes: string | undefined
  /** Files or directories with CustomResourceDefinitions of what is in the cluster already. */
  readonly definitions: readonly string[]
  /** URL; none: images aren't asked about. */
  readonly registry: string | undefined
  /** Hosts that the registry is known by, beside `nix.internal` and that of its URL. */
  readonly hosts: readonly string[]
  /** Warnings are errors. */
  readonly isStrict: boolean
  readonly asJson: boolean
}

type Severity = 'error' | 'warning'

type Finding = {
  readonly severity: Severity
  readonly source: string
  readonly line: number
  readonly column?: number | undefined
  /** `Deployment/web`; `undefined` where the document isn't an object. */
  readonly object?: string
  readonly message: string
}

/** @returns the exit status: 0 when nothing is wrong, else 1. @throws UsageError for what can't be read. */
export async function checkManifests(names: readonly string[], options: CheckOptions): Promise<number> {
  const schema = await readSchema(options.schemas, await versionOf(options))
  const texts = (await Promise.all(names.map(readObjectFiles))).flat()
  const definitions = (await Promise.all(options.definitions.map(readObjectFiles))).flat()
  const given = readAll(texts)
  const defined = readAll(definitions)
  const { objects } = given
  const unread = [...defined.problems, ...given.problems].map((one) => ({
    ...one,
    severity: 'error' as const,
  }))
  if (objects.length === 0) throw new UsageError(whyNone(names, unread))
  const customs = customKinds([...defined.objects, ...objects].map(({ object }) => object))
  const findings: readonly Finding[] = [
    ...unread,
    ...objects.flatMap((one) =>
      checkObject(schema, customs, one.object)
        .map(({ path, message, isWarning }) => ({
          ...finding(one, one.lineOf(path), withReading(message, one.misreadAt(path))),
          severity: isWarning === true && !options.isStrict ? ('warning' as const) : ('error' as const),
        }))
        .sort((a, b) => a.line - b.line),
    ),
    ...repeated(objects),
  ]
  const { registry } = options
  const hosts = [...(registry === undefined ? [] : [hostOf(registry)]), ...options.hosts]
  const references = mergeReferences(
    texts.map(({ text, source }) =>
      explained(() => findReferences(asYamlStream(text), { source, hosts, skipBroken: true })),
    ),
  )
  const images = registry === undefined ? [] : await askPullChecks(registry, references.images)
  const report = {
    kubernetes: schema.version,
    objects: objects.length,
    findings,
    celRules: celRulesOf(
      customs,
      objects.map(({ object }) => object),
    ),
    references,
    images,
  }
  process.stdout.write(options.asJson ? asJson(report) : asText(report))
  const isServed = images.every(({ state }) => ['present', 'fetchable', 'buildable'].includes(state))
  return !findings.some(isError) && references.malformed.length === 0 && isServed ? 0 : 1
}

async function versionOf({ schemas, kubernetes }: CheckOptions): Promise<string> {
  const versions = await kubernetesVersions(schemas)
  const version = kubernetes ?? versions.at(-1) ?? ''
  if (versions.includes(version)) return version
  throw new UsageError(`--kubernetes ${version}: there are ${versions.join(', ')}`)
}

function readAll(files: readonly ManifestFile[]): ReadManifest {
  const all = files.map(({ text, source }) => readObjects(text, source))
  return {
    objects: all.flatMap(({ objects }) => objects),
    problems: all.flatMap(({ problems }) => problems),
  }
}

function whyNone(names: readonly string[], problems: readonly Finding[]): string {
  return problems.length > 0 ? problems.map(asLine).join('\n') : `no Kubernetes object in ${names.join(', ')}`
}

function asLine({ source, line, column, object, severity, message }: Finding): string {
  const place = [source, line, ...(column === undefined ? [] : [column])].join(':')
  const warning = severity === 'warning' ? 'warning: ' : ''
  return `${place}: ${warning}${object === undefined ? '' : `${object}: `}${message}`
}

function isError({ severity }: Finding): boolean {
  return severity === 'error'
}

/** Adds how YAML read the text, which is often all that is wrong. */
function withReading(message: string, misread: string | undefined): string {
  return misread === undefined ? message : `${message} (${misread})`
}

/**
 * Two of the same name, of which the second would replace the first; a name that the server makes is never the same.
 */
function repeated(objects: readonly ReadObject[]): readonly Finding[] {
  const first = new Map<string, ReadObject>()
  return objects.flatMap((one) => {
    const { apiVersion, kind, metadata } = one.object
    if ('generateName' in metadata) return []
    const identity = JSON.stringify([apiVersion, kind, metadata.namespace ?? '', metadata.name])
    const before = first.get(identity)
    if (before === undefined) {
      first.set(identity, one)
      return []
    }
    return [finding(one, one.lineOf([]), `is there twice: first in ${before.source}:${before.lineOf([])}`)]
  })
}

function finding({ object, source }: ReadObject, line: number, message: string): Finding {
  return { severity: 'error', source, line, object: `${object.kind}/${object.metadata.name}`, message }
}

const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`

type Report = {
  readonly kubernetes: string
  readonly objects: number
  readonly findings: readonly Finding[]
  /** Rules of the objects' definitions that weren't evaluated. */
  readonly celRules: number
  readonly references: ImageReferences
  readonly images: readonly ImagePullCheck[]
}

function asText({ kubernetes, objects, findings, celRules, references, images }: Report): string {
  const width = Math.max(0, ...images.map(({ state }) => state.length))
  const placesOf = new Map(references.images.map(({ name, places }) => [name, places]))
  const wrong = findings.filter(isError).length + references.malformed.length
  const warnings = findings.filter((one) => !isError(one)).length
  const counts = new Map<string, number>()
  for (const { state } of images) counts.set(state, (counts.get(state) ?? 0) + 1)
  return [
    ...findings.map(asLine),
    ...references.malformed.map(
      ({ name, reason, place }) => `${describePlace(place)}: ${JSON.stringify(name)}: ${reason}`,
    ),
    ...images.flatMap(({ ref, state, message }) => [
      `${state.padEnd(width)}  ${ref}${message === undefined ? '' : `  ${message}`}`,
      ...(message === undefined
        ? []
        : (placesOf.get(ref) ?? []).map((place) => `  in ${describePlace(place)}`)),
    ]),
    [
      `${count(objects, 'object')} for Kubernetes ${kubernetes}, ${count(wrong, 'problem')}${warnings === 0 ? '' : `, ${count(warnings, 'warning')}`}`,
      ...(celRules === 0 ? [] : [`${count(celRules, 'rule')} in CEL left to the API server`]),
      ...(images.length === 0
        ? []
        : [
            `${count(images.length, 'image')}: ${[...counts].map(([state, n]) => `${n} ${state}`).join(', ')}`,
          ]),
      ...(references.foreign.length === 0 ? [] : [`${references.foreign.length} of other registries`]),
    ].join('; '),
    '',
  ].join('\n')
}

function asJson({ kubernetes, objects, findings, celRules, references, images }: Report): string {
  const malformed = references.malformed.map(({ name, reason, place }) => ({
    name,
    reason,
    place: describePlace(place),
  }))
  const report = {
    kubernetes,
    objects,
    problems: findings,
    celRules,
    images,
    malformed,
    foreign: references.foreign,
  }
  return `${JSON.stringify(report, null, 2)}\n`
}

function explained<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof RegistryError) throw new UsageError(cause.message, { cause })
    throw cause
  }
}

function hostOf(registry: string): string {
  try {
    return new URL(registry).host
  } catch (cause) {
    throw new UsageError(`--registry ${registry}: not a URL, expected such as http://127.0.0.1:5000`, {
      cause,
    })
  }
}
