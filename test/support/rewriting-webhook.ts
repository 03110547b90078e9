/** A mutating webhook for Deployments that are labelled `rewrite: yes`. */
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { fieldAt, listAt, textAt } from '../../src/core/json-fields.ts'
import { parseJson } from '../../src/core/json.ts'
import type { DesiredObject } from '../../src/kubernetes/client/cluster.ts'
import { testAuthority } from './certificates.ts'
import type { Scope } from './scope.ts'

const AUTHORITY = testAuthority()

/**
 * Runs until the scope ends. It writes the label `injected`, and `mirror/` before the name of the first image.
 * @returns the object by which an API server knows it.
 */
export async function rewritingWebhook(scope: Scope): Promise<DesiredObject> {
  const { certificate, key } = AUTHORITY.server()
  const server = createServer({ cert: certificate, key }, (request, response) => {
    void (async () => {
      const review = parseJson(await text(request))
      const container = '/spec/template/spec/containers/0/image'
      const image = textAt(
        listAt(review, 'request', 'object', 'spec', 'template', 'spec', 'containers')[0],
        'image',
      )
      const patch = [
        { op: 'add', path: '/metadata/labels/injected', value: 'x' },
        { op: 'replace', path: container, value: `mirror/${image?.replace('mirror/', '')}` },
      ]
      const answer = {
        uid: fieldAt(review, 'request', 'uid'),
        allowed: true,
        patchType: 'JSONPatch',
        patch: Buffer.from(JSON.stringify(patch)).toString('base64'),
      }
      response.setHeader('content-type', 'application/json')
      response.end(
        JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: answer }),
      )
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  scope.teardown(() => server.close().closeAllConnections())
  return configuration(new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`))
}

function configuration(url: URL): DesiredObject {
  const rule = {
    apiGroups: ['apps'],
    apiVersions: ['v1'],
    operations: ['CREATE', 'UPDATE'],
    resources: ['deployments'],
  }
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: 'rewrite' },
    webhooks: [
      {
        name: 'rewrite.example.org',
        clientConfig: { url: url.href, caBundle: Buffer.from(AUTHORITY.ca).toString('base64') },
        rules: [rule],
        objectSelector: { matchLabels: { rewrite: 'yes' } },
        sideEffects: 'None',
        admissionReviewVersions: ['v1'],
      },
    ],
  }
}
