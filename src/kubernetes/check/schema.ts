/** Reads the schemas of Kubernetes, manifests/schema. scripts/kubernetes-schema.ts describes their form. */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Rules } from './rules/rules.ts'

export type FieldType =
  | string
  | { readonly enum: readonly string[] }
  | { readonly additionalProperties: FieldType }
  | {
      readonly items: FieldType
      readonly keys?: readonly string[]
      readonly mergeKey?: string
      readonly unique?: true
    }

type Definition = {
  readonly properties?: { readonly [name: string]: FieldType }
  readonly required?: readonly string[]
}

export type Scope = 'Namespaced' | 'Cluster'

export type KubernetesSchema = {
  /** Minor version: `1.37`. */
  readonly version: string
  /** By `apps/v1/Deployment`. */
  readonly kinds: { readonly [key: string]: { readonly definition: string; readonly scope: Scope } }
  readonly definitions: { readonly [name: string]: Definition }
  /** The same for all versions. */
  readonly rules: Rules
}

/** The versions there are, oldest first. @param directory manifests/schema. */
export async function kubernetesVersions(directory: string): Promise<readonly string[]> {
  const versions = (await readdir(directory)).flatMap((file) => /^v(1\.\d+)\.json$/.exec(file)?.[1] ?? [])
  return versions.sort((a, b) => minor(a) - minor(b))
}

/** @throws where there is no such version: see `kubernetesVersions`. */
export async function readSchema(directory: string, version: string): Promise<KubernetesSchema> {
  const read = async (name: string) => readFile(join(directory, name), 'utf8')
  const [schema, rules] = await Promise.all([read(`v${version}.json`), read('rules.json')])
  // One is made by our own script, the other is written by hand; tests check both.
  const parsed = JSON.parse(schema) as Omit<KubernetesSchema, 'rules'>
  return { ...parsed, rules: JSON.parse(rules) as Rules }
}

function minor(version: string): number {
  return Number(version.slice(version.indexOf('.') + 1))
}
