/**
 * Writes manifests/schema/, what Kubernetes takes in an object, a file a minor version: `node scripts/kubernetes-schema.ts`
 * for all, with versions (`1.37`) for some. What is checked in is what this wrote; a new minor is a line in RELEASES.
 *
 * The source is Kubernetes' own published Go module, whose archive has the API's OpenAPI description (about 20 MB, by
 * `go mod download`, which checks it against Go's checksum database; the sum below holds it besides). The enumerations
 * are in that description's Go source alone. Descriptions, defaults and the kinds that nobody writes in a manifest
 * (requests such as TokenReview, lists, what only the server says) are left out.
 *
 * The files, for readers in Nix and in TypeScript; one definition a line, keys sorted:
 *
 *   { "version": "1.37",
 *     "kinds": { "apps/v1/Deployment": { "definition": "apps.v1.Deployment", "scope": "Namespaced" }, … },
 *     "definitions": { "apps.v1.Deployment": { "properties": { "spec": TYPE, … }, "required": ["spec"] }, … } }
 *
 * A kind is found by `apiVersion + "/" + kind`; its scope is Namespaced or Cluster. A definition's properties are all it
 * may have; `required` is absent where nothing is. A TYPE is a string or an object:
 *
 *   "core.v1.PodSpec"                 a definition: what has a dot in it
 *   "string" "boolean" "number"       JSON's own
 *   "int32" "int64"                   whole numbers
 *   "byte"                            a string in Base64
 *   "time"                            a string, RFC 3339
 *   "quantity"                        a string such as "500m", or a number
 *   "intOrString"                     a port or a percentage: whole number, or string
 *   "object"                          any object: what is in it is described elsewhere
 *   "any"                             any JSON
 *   { "enum": ["TCP", …] }            one of these strings
 *   { "additionalProperties": TYPE }  an object with keys of its author's choice
 *   { "items": TYPE }                 a list, and further
 *       "keys": ["name"]                no two items agree in all of these (x-kubernetes-list-map-keys): server-side
 *                                       apply refuses them; one that is absent has the server's default
 *       "mergeKey": "name"              by which `kubectl apply` merges items (x-kubernetes-patch-merge-key)
 *       "unique": true                  no item is there twice (x-kubernetes-list-type: set)
 *
 * As for every field of Kubernetes, null is as good as absent. `required` and `enum` are what the API says. Further
 * checks of the server are rules.json beside these files, for all versions; src/kubernetes/check/rules/rules.ts has its form.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { execa } from 'execa'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { kubernetesDefinitions } from './kubernetes/definitions.ts'
import { kubernetesEnumerations } from './kubernetes/enumerations.ts'
import { Swagger } from './kubernetes/swagger.ts'

/** A minor version of Kubernetes: the release whose description is taken, and the checksum of its Go module. */
export const RELEASES = {
  '1.34': { release: '1.34.4', sum: 'h1:Yy6R4QB8C9kJPp25GFqEvX5XQwY5qzKeqD0Xx6oAcmk=' },
  '1.35': { release: '1.35.4', sum: 'h1:o/8dBC/pHVpYoGV4OAIytAlNPZbdYVTXJHoYvXC4qzM=' },
  '1.36': { release: '1.36.3', sum: 'h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=' },
  '1.37': { release: '1.37.1', sum: 'h1:LTUzSbp9n0W7649oVKBYfC48zcoD3vCk++1PZQn28q8=' },
} as const satisfies Record<string, { readonly release: string; readonly sum: string }>

export type Minor = keyof typeof RELEASES

const DIRECTORY = fileURLToPath(new URL('../manifests/schema', import.meta.url))
/** Of 20 MB; a few seconds where the network is good. */
const DOWNLOAD_LIMIT_MS = 300_000

const Download = Compile(Type.Object({ Dir: Type.String(), Sum: Type.String() }))
const swaggerFile = Compile(Swagger)

/** Where the file of a version is. */
export function schemaFile(minor: Minor): string {
  return join(DIRECTORY, `v${minor}.json`)
}

/**
 * The directory of the Go module's files, read-only, from Go's own cache where it is there.
 * @throws when it can't be downloaded, or isn't what it was
 */
export async function downloadKubernetes(minor: Minor): Promise<string> {
  const { release, sum } = RELEASES[minor]
  const { stdout } = await execa('go', ['mod', 'download', '-json', `k8s.io/kubernetes@v${release}`], {
    // Outside of any Go module, whose go.mod would have a say.
    cwd: '/',
    env: { GOFLAGS: '' },
    timeout: DOWNLOAD_LIMIT_MS,
  })
  const { Dir, Sum } = Download.Parse(JSON.parse(stdout))
  if (Sum !== sum) throw new Error(`Kubernetes ${release} is ${Sum}, expected ${sum}`)
  return Dir
}

/** @param directory of Kubernetes' Go module */
export async function kubernetesSchema(minor: Minor, directory: string): Promise<string> {
  const read = async (path: string): Promise<string> => readFile(join(directory, path), 'utf8')
  const swagger = swaggerFile.Parse(JSON.parse(await read('api/openapi-spec/swagger.json')))
  const enumerations = kubernetesEnumerations(await read('pkg/generated/openapi/zz_generated.openapi.go'))
  const { kinds, definitions } = kubernetesDefinitions(swagger, enumerations)
  return `{"version":${JSON.stringify(minor)},
"kinds":${lines(kinds)},
"definitions":${lines(definitions)}}
`
}

/** A JSON object with a line for each of its own. */
function lines(entries: ReadonlyMap<string, unknown>): string {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  return `{\n${sorted.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',\n')}}`
}

function isMinor(text: string): text is Minor {
  return Object.hasOwn(RELEASES, text)
}

if (import.meta.main) {
  const asked = process.argv.slice(2)
  await mkdir(DIRECTORY, { recursive: true })
  for (const minor of asked.length === 0 ? Object.keys(RELEASES) : asked) {
    if (!isMinor(minor)) throw new Error(`${minor} is not one of ${Object.keys(RELEASES).join(', ')}`)
    const text = await kubernetesSchema(minor, await downloadKubernetes(minor))
    await writeFile(`${schemaFile(minor)}.part`, text)
    await rename(`${schemaFile(minor)}.part`, schemaFile(minor))
    console.log(`${schemaFile(minor)}: ${Math.ceil(Buffer.byteLength(text) / 1000)} kB`)
  }
}
