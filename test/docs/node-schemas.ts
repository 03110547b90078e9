/**
 * What the programs of a node take in their files: containerd, CRI-O and its relatives, k3s, Talos, kind. Written from
 * the documentation that the pages of docs/nodes/ name at their ends. Unknown keys are refused, since most of these
 * programs ignore them.
 */
import { Type, type TSchema } from 'typebox'

export const only = <Properties extends Record<string, TSchema>>(properties: Properties) =>
  Type.Object(properties, { additionalProperties: false })
export const some = Type.Optional
export const word = Type.String({ minLength: 1 })
export const words = Type.Array(word, { minItems: 1 })
const path = Type.String({ pattern: '^/' })
export const yes = Type.Boolean()
export const url = Type.String({ pattern: '^https?://[a-z0-9.-]+(:[0-9]+)?$' })
export const host = Type.String({ pattern: '^[a-z0-9.-]+(:[0-9]+)?$' })
/** The registry's own address on these pages. */
const ADDRESS = 'registry.example.org:5000'
/** A table whose keys are addresses of registries. */
const byAddress = <Value extends TSchema>(value: Value) => only({ [ADDRESS]: value })
/** A table that says something of the one registry that these pages are about. */
const byRegistry = <Value extends TSchema>(value: Value) => only({ 'nix.internal': value })

/** containerd's docs/hosts.md, of 1.6 to 2.3. */
const HOST = only({
  capabilities: some(
    Type.Array(Type.Union([Type.Literal('pull'), Type.Literal('resolve'), Type.Literal('push')])),
  ),
  ca: some(Type.Union([path, Type.Array(path)])),
  client: some(Type.Union([path, Type.Array(Type.Tuple([path, path]))])),
  skip_verify: some(yes),
  override_path: some(yes),
  dial_timeout: some(word),
  header: some(only({ Authorization: word })),
})
export const HOSTS = only({ server: url, host: Type.Record(url, HOST) })

const REGISTRY = only({ config_path: path })
/** containerd's settings, as far as these pages write them: CRI has moved in version 3. */
export const CONFIG = Type.Union([
  only({
    version: Type.Literal(2),
    plugins: only({ 'io.containerd.grpc.v1.cri': only({ registry: REGISTRY }) }),
  }),
  only({
    version: Type.Literal(3),
    plugins: only({ 'io.containerd.cri.v1.images': only({ registry: REGISTRY }) }),
  }),
  only({ version: Type.Literal(3), imports: Type.Array(path, { minItems: 1 }) }),
])

/** containers-registries.conf(5), version 2. */
export const REGISTRIES = only({
  registry: Type.Array(
    only({
      prefix: some(Type.String()),
      location: host,
      insecure: some(yes),
      blocked: some(yes),
      'mirror-by-digest-only': some(yes),
      mirror: some(
        Type.Array(
          only({
            location: host,
            insecure: some(yes),
            'pull-from-mirror': some(
              Type.Union([Type.Literal('all'), Type.Literal('digest-only'), Type.Literal('tag-only')]),
            ),
          }),
        ),
      ),
    }),
    { minItems: 1 },
  ),
})

/** crio.conf(5), and containers-auth.json(5). */
export const CRIO = only({ crio: only({ image: only({ global_auth_file: path }) }) })
export const AUTH_JSON = only({
  auths: byAddress(only({ auth: Type.String({ pattern: '^[A-Za-z0-9+/]+=*$' }) })),
})

/** "Private Registry Configuration" of k3s and of RKE2. */
export const K3S_MIRRORS = only({
  mirrors: byRegistry(only({ endpoint: Type.Array(url, { minItems: 1 }) })),
  configs: some(
    byAddress(
      only({
        auth: some(only({ username: word, password: word })),
        tls: some(
          only({
            ca_file: some(path),
            cert_file: some(path),
            key_file: some(path),
            insecure_skip_verify: some(yes),
          }),
        ),
      }),
    ),
  ),
})

/** Talos' reference: v1alpha1, and the documents of `cri` in 1.12 to 1.14. */
const TALOS_DOCUMENT = { apiVersion: Type.Literal('v1alpha1') }
export const TALOS = Type.Union([
  only({
    ...TALOS_DOCUMENT,
    kind: Type.Literal('RegistryMirrorConfig'),
    name: Type.Literal('nix.internal'),
    endpoints: Type.Array(only({ url, overridePath: some(yes) }), { minItems: 1 }),
    skipFallback: some(yes),
  }),
  only({
    ...TALOS_DOCUMENT,
    kind: Type.Literal('RegistryMirrorConfig'),
    name: Type.Literal('nix.internal'),
    $patch: Type.Literal('delete'),
  }),
  only({
    ...TALOS_DOCUMENT,
    kind: Type.Literal('RegistryTLSConfig'),
    name: Type.Literal(ADDRESS),
    ca: Type.String({ pattern: '^-----BEGIN CERTIFICATE-----\n' }),
  }),
  only({
    ...TALOS_DOCUMENT,
    kind: Type.Literal('RegistryAuthConfig'),
    name: Type.Literal(ADDRESS),
    username: word,
    password: word,
  }),
  only({
    machine: only({
      registries: only({
        mirrors: some(
          byRegistry(only({ endpoints: Type.Array(url, { minItems: 1 }), skipFallback: some(yes) })),
        ),
        config: some(
          byAddress(
            only({
              tls: some(only({ ca: word })),
              auth: some(only({ username: word, password: word })),
            }),
          ),
        ),
      }),
    }),
  }),
])

/** kind's "Configuration", v1alpha4. */
export const KIND = only({
  kind: Type.Literal('Cluster'),
  apiVersion: Type.Literal('kind.x-k8s.io/v1alpha4'),
  containerdConfigPatches: some(words),
  nodes: some(
    Type.Array(
      only({
        role: Type.Union([Type.Literal('control-plane'), Type.Literal('worker')]),
        extraMounts: some(
          Type.Array(only({ hostPath: word, containerPath: path, readOnly: some(yes) }), { minItems: 1 }),
        ),
      }),
    ),
  ),
})
/** What is merged into containerd's settings has no version of its own. */
export const CONFIG_PATCH = only({
  plugins: Type.Union([
    only({ 'io.containerd.grpc.v1.cri': only({ registry: REGISTRY }) }),
    only({ 'io.containerd.cri.v1.images': only({ registry: REGISTRY }) }),
  ]),
})
