/**
 * A real API server has the last word: it takes what every builder makes, and refuses what the check of objects refuses.
 * Where there is none (support/kubernetes-programs.ts) it is skipped, and tests/manifests has the same tables, as the
 * server answered them.
 */
import { isObject, type Json } from '../../src/core/json.ts'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { checkObject, customKinds, type KubernetesObject } from '../../src/kubernetes/check/check-objects.ts'
import { readSchema } from '../../src/kubernetes/check/schema.ts'
import { CUSTOM_PROBLEMS } from '../fixtures/custom-problems.ts'
import { MANIFEST_PROBLEMS } from '../fixtures/manifest-problems.ts'
import { evaluate, root } from '../nix/nix-command.ts'
import { startApiServer } from '../support/api-server.ts'
import { establish, kubernetesClient } from '../support/kubernetes-client.ts'
import { ObjectJudge } from '../support/object-judge.ts'
import { isRefused, mistakes, recordedVerdicts, rightObjects } from '../support/server-verdicts.ts'
import { missingKubernetes } from '../support/kubernetes-programs.ts'
import { missing } from '../support/requirement.ts'
import { customDifferences } from './custom-differences.ts'

const SCHEMAS = fileURLToPath(new URL('../../manifests/schema', import.meta.url))
const skip = missing('nix', 'etcd') || (await missingKubernetes('kube-apiserver'))
const SEED = 20_261_126
/** Of the recorded verdicts one in so many is asked for again. */
const SAMPLE = 5

/** Each definition has a group of its own, so that none waits for another's end. */
function renamed(object: Json, group: string): Json {
  return JSON.parse(JSON.stringify(object).replaceAll('example.org', group)) as Json
}

function isDefinition(object: Json | undefined): object is { readonly [key: string]: Json } {
  return isObject(object) && object['kind'] === 'CustomResourceDefinition'
}

void t.test('an API server', { skip }, async (t) => {
  const client = kubernetesClient(t, (await startApiServer(t)).kubeconfig)
  const schema = await readSchema(SCHEMAS, '1.35')
  const judge = new ObjectJudge(client)
  const refusalOf = async (group: string, resource: Json) => {
    const { status, body } = await client.post(`/apis/${group}/v1/namespaces/default/gadgets`, resource)
    return status === 201 ? undefined : body
  }

  await t.test('takes what every builder makes', async (t) => {
    const objects = await evaluate(
      `import ${root}test/fixtures/every-object.nix { manifests = import ${root}manifests { }; image = some { }; }`,
    )
    const list = Array.isArray(objects) ? (objects as readonly KubernetesObject[]) : []
    // What is in a namespace that isn't there is refused, whatever it is.
    for (const name of ['shop', 'pushless']) await judge.makeNamespace(name)
    for (const object of list.filter(({ kind }) => kind !== 'Namespace'))
      t.same(
        await judge.judge(object),
        { isRefused: false, reason: '' },
        `${object.kind}/${object.metadata.name}`,
      )
    t.ok(list.length > 30)
  })

  await t.test('decides as the check does about random custom resources', async (t) => {
    const { pairs, refused, differences } = await customDifferences(client, schema, SEED)
    t.same(differences, [])
    t.ok(pairs > 1000 && refused > pairs / 4 && refused < (pairs * 3) / 4, `${refused} of ${pairs} refused`)
  })

  const customCases = CUSTOM_PROBLEMS.flatMap(({ what, objects, problems }, i) => {
    const group = `case-${i}.example.org`
    const [definition, ...resources] = objects.map((object) => renamed(object, group))
    return isDefinition(definition) ? [{ what, problems, group, definition, resources }] : []
  })
  // The server takes two seconds for one, and no longer for all.
  const refusals = await Promise.all(
    customCases.map(async ({ group, definition }) =>
      establish(client, definition, `/apis/${group}/v1/gadgets`),
    ),
  )
  for (const [i, { what, problems, group, definition, resources }] of customCases.entries()) {
    await t.test(`${problems.length === 0 ? 'takes' : 'refuses'} ${what}`, async (t) => {
      const refusal = refusals[i]
      const isRefused = resources.length === 0 && problems.length > 0
      t.equal(refusal !== undefined, isRefused, JSON.stringify(refusal))
      if (isRefused) return
      const customs = customKinds([definition])
      const found = await Promise.all(resources.map(async (resource) => refusalOf(group, resource)))
      const expected = resources.map((resource) =>
        checkObject(schema, customs, resource as KubernetesObject).some(
          ({ isWarning }) => isWarning !== true,
        ),
      )
      t.same(
        found.map((one) => one !== undefined),
        expected,
        JSON.stringify(found),
      )
      t.equal(expected.includes(true), problems.length > 0)
    })
  }

  for (const { what, objects, problems } of MANIFEST_PROBLEMS) {
    const isCustom = JSON.stringify(objects).includes('Gadget')
    if (isCustom) continue
    const isRight = problems.every((line) => line.startsWith('warning: '))
    await t.test(`${isRight ? 'takes' : 'refuses'} ${what}`, async (t) => {
      const judged = await Promise.all(objects.map(async (one) => judge.judge(one as KubernetesObject)))
      const reasons = judged.flatMap(({ isRefused, reason }) => (isRefused ? [reason] : []))
      t.equal(reasons.length === 0, isRight, reasons.join('; '))
    })
  }

  await t.test('says of mistakes what is recorded', async (t) => {
    const [right, made, verdicts] = [await rightObjects(), await mistakes(), await recordedVerdicts()]
    for (const object of right)
      t.same(await judge.judge(object), { isRefused: false, reason: '' }, object.metadata.name)
    for (const [index, { what, object }] of made.entries()) {
      if (index % SAMPLE !== 0) continue
      const { isRefused: isNow, reason } = await judge.judge(object)
      if (isNow !== isRefused(verdicts, index)) t.fail(`${what}: ${isNow ? reason : 'taken'}`)
    }
  })
})
