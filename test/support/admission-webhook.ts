/** An admission webhook on loopback, which answers as a test says. */
import { once } from 'node:events'
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { fieldAt, textAt } from '../../src/core/json-fields.ts'
import { parseJson, type Json } from '../../src/core/json.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { testAuthority } from './certificates.ts'
import type { Scope } from './scope.ts'

/** A refusal, or a JSON patch, or nothing. */
export type Admission =
  | { readonly code: number; readonly message: string; readonly reason?: string; readonly field?: string }
  | { readonly patch: readonly Json[] }
  | undefined

export type Webhook = {
  /** Its configuration, for objects of a namespace. @param kinds such as `configmaps`. */
  readonly configuration: (
    kind: 'Mutating' | 'Validating',
    namespace: string,
    rule: {
      readonly groups?: readonly string[]
      readonly resources: readonly string[]
      /** Default: CREATE and UPDATE. */
      readonly operations?: readonly string[]
    },
  ) => DesiredObject
  /** Breaks off all connections, and refuses new ones. */
  readonly stop: () => Promise<void>
}

export async function startWebhook(
  scope: Scope,
  admit: (object: Json, isDryRun: boolean) => Admission,
): Promise<Webhook> {
  const { ca, server: issue } = testAuthority()
  const { certificate, key } = issue()
  const server = createServer({ cert: certificate, key }, (asked, response) => {
    void (async (): Promise<void> => {
      const body = await text(asked)
      const request = fieldAt(parseJson(body), 'request')
      const admission = admit(fieldAt(request, 'object') ?? null, fieldAt(request, 'dryRun') === true)
      const answer = { uid: textAt(request, 'uid') ?? '', ...answerOf(admission) }
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }),
      )
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async (): Promise<void> => {
    if (!server.listening) return
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  scope.teardown(stop)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    stop,
    configuration: (kind, namespace, { groups = [''], resources, operations = ['CREATE', 'UPDATE'] }) => ({
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: `${kind}WebhookConfiguration`,
      metadata: { name: `${kind.toLowerCase()}-${namespace}` },
      webhooks: [
        {
          name: `test.${namespace}.example.org`,
          admissionReviewVersions: ['v1'],
          sideEffects: 'None',
          timeoutSeconds: 2,
          clientConfig: {
            url: `https://127.0.0.1:${address.port}/`,
            caBundle: Buffer.from(ca).toString('base64'),
          },
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          rules: [{ apiGroups: groups, apiVersions: ['*'], operations, resources }],
        },
      ],
    }),
  }
}

function answerOf(admission: Admission): { readonly [key: string]: Json } {
  if (admission === undefined) return { allowed: true }
  if ('patch' in admission) {
    const patch = Buffer.from(JSON.stringify(admission.patch)).toString('base64')
    return { allowed: true, patchType: 'JSONPatch', patch }
  }
  const { code, message, reason = '', field } = admission
  const details =
    field === undefined ? {} : { details: { causes: [{ field, message, reason: 'FieldValueInvalid' }] } }
  return { allowed: false, status: { code, message, reason, ...details } }
}
