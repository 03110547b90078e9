/**
 * What a Kubernetes API server says of thousands of mistakes in our objects, recorded: fixtures/api-server-verdicts.json
 * by scripts/record-verdicts.ts. The mistakes themselves are made anew each time, and a digest of them all tells when
 * they aren't those that the server was asked about.
 */
import type { Json } from '../../src/core/json.ts'
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import type { KubernetesObject } from '../../src/kubernetes/check/check-objects.ts'
import { readSchema, type KubernetesSchema } from '../../src/kubernetes/check/schema.ts'
import { seededRandom } from '../seeded-random.ts'
import { mutate } from './object-mutations.ts'

export type Mistake = { readonly what: string; readonly object: KubernetesObject }

export type Verdicts = {
  /** Of the API server. */
  readonly kubernetes: string
  /** SHA-256 of the mistakes as JSON, in Base64. */
  readonly digest: string
  /** In Base64: a bit for each mistake, the lowest of a byte first, set where the server refuses the object. */
  readonly refused: string
}

const MISTAKES = 6_000
const SEED = 1
/** The server's own minor version. */
const MINOR = '1.35'

export const VERDICTS_FILE = fixture('api-server-verdicts.json')

export async function serverSchema(): Promise<KubernetesSchema> {
  return readSchema(fileURLToPath(new URL('../../manifests/schema', import.meta.url)), MINOR)
}

/** Objects that the server takes. */
export async function rightObjects(): Promise<readonly KubernetesObject[]> {
  const documents = parseAllDocuments(await readFile(fixture('kubernetes-objects.yaml'), 'utf8'))
  return documents.map((document) => document.toJS() as KubernetesObject)
}

/** Mistakes in those, more of them in larger objects. Without those that leave the object without a name. */
export async function mistakes(): Promise<readonly Mistake[]> {
  const [schema, objects] = [await serverSchema(), await rightObjects()]
  const random = seededRandom(SEED)
  const tickets = objects.flatMap((object) =>
    Array.from({ length: Math.ceil(Math.sqrt(JSON.stringify(object).length)) }, () => object),
  )
  const made: Mistake[] = []
  while (made.length < MISTAKES) {
    const right = tickets[random.below(tickets.length)]
    if (right === undefined) throw new Error('there are no objects')
    const { apiVersion, kind, metadata } = right
    const definition = schema.kinds[`${apiVersion}/${kind}`]?.definition ?? 'any'
    const mutation = mutate(schema, right, definition, random)
    if (mutation !== undefined && hasName(mutation.object))
      made.push({ what: `${kind}/${metadata.name} ${mutation.what}`, object: mutation.object })
  }
  return made
}

export function digestOf(made: readonly Mistake[]): string {
  return createHash('sha256').update(JSON.stringify(made)).digest('base64')
}

export async function recordedVerdicts(): Promise<Verdicts> {
  return JSON.parse(await readFile(VERDICTS_FILE, 'utf8')) as Verdicts
}

export function packBits(bits: readonly boolean[]): string {
  const bytes = new Uint8Array(Math.ceil(bits.length / 8))
  for (const [i, bit] of bits.entries()) if (bit) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7))
  return Buffer.from(bytes).toString('base64')
}

export function isRefused({ refused }: Verdicts, index: number): boolean {
  const byte = Buffer.from(refused, 'base64')[index >> 3] ?? 0
  return ((byte >> (index & 7)) & 1) === 1
}

function hasName(object: Json): object is KubernetesObject {
  const { metadata } = object as { readonly metadata?: { readonly name?: Json } | null }
  return typeof metadata?.name === 'string'
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url))
}
