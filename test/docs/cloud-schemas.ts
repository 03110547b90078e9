/**
 * What clouds and clusters take: EKS with Bottlerocket, GKE, OpenShift, kubelet's credential providers, cert-manager.
 * Written from the documentation that the pages of docs/nodes/ name at their ends.
 */
import { Type } from 'typebox'
import { host, only, some, url, word, words, yes } from './node-schemas.ts'

/** nodeadm's API, node.eks.aws/v1alpha1. */
export const NODE_CONFIG = only({
  apiVersion: Type.Literal('node.eks.aws/v1alpha1'),
  kind: Type.Literal('NodeConfig'),
  spec: only({ containerd: only({ config: word }) }),
})

/** Bottlerocket's settings: container-registry and pki. */
export const BOTTLEROCKET = only({
  settings: Type.Union([
    only({
      'container-registry': only({
        mirrors: Type.Array(only({ registry: word, endpoint: Type.Array(url, { minItems: 1 }) })),
      }),
    }),
    only({ pki: only({ pushless: only({ trusted: yes, data: word }) }) }),
  ]),
})

/** Google's REST reference of ContainerdConfig. */
const GKE_SECRET = only({
  gcpSecretManagerSecretUri: Type.String({
    pattern: '^projects/[^/]+/(locations/[^/]+/)?secrets/[^/]+/versions/[^/]+$',
  }),
})
export const GKE = only({
  registryHosts: Type.Array(
    only({
      server: host,
      hosts: Type.Array(
        only({
          host: Type.Union([url, host]),
          capabilities: some(
            Type.Array(
              Type.Union([Type.Literal('HOST_CAPABILITY_PULL'), Type.Literal('HOST_CAPABILITY_RESOLVE')]),
            ),
          ),
          overridePath: some(yes),
          header: some(Type.Array(only({ key: word, value: words }))),
          ca: some(Type.Array(GKE_SECRET, { minItems: 1 })),
          client: some(Type.Array(only({ cert: GKE_SECRET, key: some(GKE_SECRET) }), { minItems: 1 })),
          dialTimeout: some(Type.String({ pattern: '^[0-9.]+s$' })),
        }),
        { minItems: 1, maxItems: 10 },
      ),
    }),
    { minItems: 1, maxItems: 25 },
  ),
})

/** config.openshift.io/v1. */
const MIRRORS = Type.Array(
  only({
    source: host,
    mirrors: Type.Array(host, { minItems: 1 }),
    mirrorSourcePolicy: Type.Union([
      Type.Literal('NeverContactSource'),
      Type.Literal('AllowContactingSource'),
    ]),
  }),
  { minItems: 1 },
)
const OPENSHIFT_OBJECT = {
  apiVersion: Type.Literal('config.openshift.io/v1'),
  metadata: only({ name: word }),
}
export const OPENSHIFT = Type.Union([
  only({
    ...OPENSHIFT_OBJECT,
    kind: Type.Literal('ImageTagMirrorSet'),
    spec: only({ imageTagMirrors: MIRRORS }),
  }),
  only({
    ...OPENSHIFT_OBJECT,
    kind: Type.Literal('ImageDigestMirrorSet'),
    spec: only({ imageDigestMirrors: MIRRORS }),
  }),
  only({
    ...OPENSHIFT_OBJECT,
    kind: Type.Literal('Image'),
    metadata: only({ name: Type.Literal('cluster') }),
    spec: only({ additionalTrustedCA: only({ name: word }) }),
  }),
])

/** kubelet.config.k8s.io/v1 of Kubernetes 1.34. */
export const CREDENTIAL_PROVIDERS = only({
  apiVersion: Type.Literal('kubelet.config.k8s.io/v1'),
  kind: Type.Literal('CredentialProviderConfig'),
  providers: Type.Array(
    only({
      name: word,
      apiVersion: Type.Literal('credentialprovider.kubelet.k8s.io/v1'),
      matchImages: words,
      defaultCacheDuration: Type.String({ pattern: '^[0-9]+[smh]$' }),
      args: some(words),
      tokenAttributes: only({
        serviceAccountTokenAudience: word,
        cacheType: Type.Union([Type.Literal('Token'), Type.Literal('ServiceAccount')]),
        requireServiceAccount: yes,
      }),
    }),
    { minItems: 1 },
  ),
})

/** cert-manager.io/v1. */
export const CERTIFICATE = only({
  apiVersion: Type.Literal('cert-manager.io/v1'),
  kind: Type.Literal('Certificate'),
  metadata: only({ name: word, namespace: word }),
  spec: only({
    secretName: word,
    dnsNames: Type.Array(host),
    ipAddresses: Type.Array(Type.String({ format: 'ipv4' })),
    issuerRef: only({
      kind: Type.Union([Type.Literal('ClusterIssuer'), Type.Literal('Issuer')]),
      name: word,
    }),
  }),
})
