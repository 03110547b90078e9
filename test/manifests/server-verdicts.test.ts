import t from 'tap'
import { checkObject, type KubernetesObject } from '../../src/kubernetes/check/check-objects.ts'
import type { KubernetesSchema } from '../../src/kubernetes/check/schema.ts'
import {
  digestOf,
  isRefused,
  mistakes,
  recordedVerdicts,
  rightObjects,
  serverSchema,
} from '../support/server-verdicts.ts'

/** Of what the API server refuses without a look at the cluster. */
const LEAST_FOUND = 0.95
/** Of what the API server takes. */
const MOST_ALARMS = 0.002
const SHOWN = 20

void t.test('the checker reports the mistakes that an API server reports', async (t) => {
  const [schema, made, verdicts] = [await serverSchema(), await mistakes(), await recordedVerdicts()]
  t.equal(digestOf(made), verdicts.digest, 'the server was asked about these: scripts/record-verdicts.ts')
  const judged = made.map(({ what, object }, index) => ({
    what,
    isRefused: isRefused(verdicts, index),
    isFound: hasError(schema, object),
  }))
  const refused = judged.filter((one) => one.isRefused)
  const taken = judged.filter((one) => !one.isRefused)
  const missed = refused.filter(({ isFound }) => !isFound)
  const alarms = taken.filter(({ isFound }) => isFound)
  t.comment(`missed ${missed.length} of ${refused.length}, e.g. ${examples(missed)}`)
  t.comment(`alarms ${alarms.length} of ${taken.length}, e.g. ${examples(alarms)}`)
  t.ok(refused.length > 2000 && taken.length > 2000, `${refused.length} refused, ${taken.length} taken`)
  t.ok(1 - missed.length / refused.length >= LEAST_FOUND, `${missed.length} of ${refused.length} missed`)
  t.ok(alarms.length / taken.length <= MOST_ALARMS, `${alarms.length} false alarms of ${taken.length}`)
})

void t.test('right objects have no errors', async (t) => {
  const schema = await serverSchema()
  for (const object of await rightObjects())
    t.notOk(hasError(schema, object), `${object.kind}/${object.metadata.name}`)
})

function hasError(schema: KubernetesSchema, object: KubernetesObject): boolean {
  return checkObject(schema, new Map(), object).some(({ isWarning }) => isWarning !== true)
}

function examples(judged: readonly { readonly what: string }[]): string {
  return judged
    .slice(0, SHOWN)
    .map(({ what }) => what)
    .join('; ')
}
