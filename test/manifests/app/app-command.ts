// What `app` and `appFile` make, for tests: by real Nix, with the manifest builder in scope.
import { evaluateAll, root } from '../../nix/nix-command.ts'

const BEFORE = `with { inherit (import ${root}manifests { }) app appFile; };`

export type KubernetesObject = {
  readonly kind: string
  readonly [field: string]: unknown
}

/** Lists of objects, by one process: an expression each. */
export async function objectsOf(expressions: readonly string[]): Promise<KubernetesObject[][]> {
  return (await evaluateAll(expressions, BEFORE)) as KubernetesObject[][]
}

/** The one object of that kind. */
export function ofKind(objects: readonly KubernetesObject[] | undefined, kind: string): KubernetesObject {
  const [object, ...more] = (objects ?? []).filter((each) => each.kind === kind)
  if (object === undefined || more.length > 0) throw new Error(`one ${kind} expected, not ${more.length + 1}`)
  return object
}
