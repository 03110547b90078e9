/** The formats of the blocks in docs/nodes/: how each is parsed, and what its program takes. */
import { parse as parseToml } from 'smol-toml'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { parse as parseYaml, parseAllDocuments } from 'yaml'
import { isList, isObject, type Json } from '../../src/core/json.ts'
import {
  BOTTLEROCKET,
  CERTIFICATE,
  CREDENTIAL_PROVIDERS,
  GKE,
  NODE_CONFIG,
  OPENSHIFT,
} from './cloud-schemas.ts'
import {
  AUTH_JSON,
  CONFIG,
  CONFIG_PATCH,
  CRIO,
  HOSTS,
  K3S_MIRRORS,
  KIND,
  REGISTRIES,
  TALOS,
  only,
  yes,
} from './node-schemas.ts'

/** A document of a block, or one within a text of it, and how it is checked. */
export type Part = {
  readonly value: Json
  /** What is wrong with it, or nothing. */
  readonly check: (value: Json) => readonly string[]
}

/** The parts of a block. @throws where it isn't TOML, YAML or JSON at all */
export type Format = (text: string) => readonly Part[]

const toml = (text: string) => parseToml(text) as Json
const yaml = (text: string) => parseYaml(text) as Json
const documents = (text: string) =>
  parseAllDocuments(text).map((document): Json => {
    for (const error of document.errors) throw error
    return document.toJS() as Json
  })

const hostsToml = (text: string): readonly Part[] => [
  { value: toml(text), check: both(bySchema(HOSTS), serverIsHost) },
]
const configPatch = (text: string): Part => ({ value: toml(text), check: bySchema(CONFIG_PATCH) })

/** By the word behind the fence. Objects of Kubernetes aren't among them: its own schemas are in the project. */
export const NODE_FORMATS: Readonly<Record<string, Format>> = {
  'hosts.toml': hostsToml,
  'config.toml': (text) => [{ value: toml(text), check: bySchema(CONFIG) }],
  'registries.conf': (text) => [{ value: toml(text), check: bySchema(REGISTRIES) }],
  'crio.conf': (text) => [{ value: toml(text), check: bySchema(CRIO) }],
  'auth.json': (text) => [{ value: JSON.parse(text) as Json, check: bySchema(AUTH_JSON) }],
  'registries.yaml': (text) => [{ value: yaml(text), check: bySchema(K3S_MIRRORS) }],
  'k3s-config': (text) => [
    { value: yaml(text), check: bySchema(only({ 'disable-default-registry-endpoint': yes })) },
  ],
  talos: (text) => documents(text).map((value) => ({ value, check: bySchema(TALOS) })),
  kind: (text) => {
    const value = yaml(text)
    return [{ value, check: bySchema(KIND) }, ...textsAt(value, ['containerdConfigPatches']).map(configPatch)]
  },
  NodeConfig: (text) => {
    const value = yaml(text)
    return [
      { value, check: bySchema(NODE_CONFIG) },
      ...textsAt(value, ['spec', 'containerd', 'config']).map(configPatch),
    ]
  },
  'user-data': (text) => {
    const [, written] = /<<'END'\n([^]*?\n)END$/m.exec(text) ?? []
    if (written === undefined) throw new Error('the script writes no hosts.toml')
    return hostsToml(written)
  },
  bottlerocket: (text) => [{ value: toml(text), check: bySchema(BOTTLEROCKET) }],
  gke: (text) => [{ value: yaml(text), check: bySchema(GKE) }],
  openshift: (text) => documents(text).map((value) => ({ value, check: bySchema(OPENSHIFT) })),
  CredentialProviderConfig: (text) => [{ value: yaml(text), check: bySchema(CREDENTIAL_PROVIDERS) }],
  'cert-manager': (text) => [{ value: yaml(text), check: bySchema(CERTIFICATE) }],
}

function bySchema(schema: TSchema): Part['check'] {
  const validator = Compile(schema)
  return (value) =>
    validator.Check(value)
      ? []
      : validator.Errors(value).map(({ instancePath, message }) => `${instancePath}: ${message}`)
}

function both(first: Part['check'], second: Part['check']): Part['check'] {
  return (value) => [...first(value), ...second(value)]
}

/** Else containerd asks the host in the image's name when the registry fails. */
function serverIsHost(value: Json): readonly string[] {
  if (!isObject(value)) return []
  const { server, host } = value
  return typeof server === 'string' && isObject(host) && server in host
    ? []
    : [`server ${JSON.stringify(server)} is not among the hosts`]
}

/** The text, or texts, below these keys. */
function textsAt(value: Json, [key, ...rest]: readonly string[]): readonly string[] {
  if (key === undefined) return (isList(value) ? value : [value]).filter((one) => typeof one === 'string')
  return isObject(value) ? textsAt(value[key] ?? null, rest) : []
}
