/**
 * Names the files of a set of objects, `NN-kind[-namespace]-name`, so that kubectl applies them in the right order.
 * `manifests/output/file-names.nix` has the same rules and reads the same table.
 */
import order from '../../../manifests/output/object-order.json' with { type: 'json' }

/** The fields by which Kubernetes tells objects apart. */
export type ObjectIdentity = {
  readonly apiVersion: string
  readonly kind: string
  readonly namespace: string | undefined
  readonly name: string
}

const NUMBERS = new Map(order.groups.flatMap(({ number, kinds }) => kinds.map((kind) => [kind, number])))
/** File systems allow 255 bytes; the rest is for what tells equal names apart, and the extension. */
const MAX_LENGTH = 220

/** `apps/v1 Deployment shop/web` */
export function describeIdentity({ apiVersion, kind, namespace = '', name }: ObjectIdentity): string {
  return `${apiVersion} ${kind} ${namespace}/${name}`
}

/**
 * Each object with the name of its file, without extension, in their order. Names that only differ in what files can't
 * show are told apart by a number.
 */
export function nameFiles<T extends { readonly identity: ObjectIdentity }>(
  objects: readonly T[],
): readonly (T & { readonly base: string })[] {
  const groups = Map.groupBy(objects, ({ identity }) => baseOf(identity))
  const named = [...groups].flatMap(([base, group]) =>
    group
      .toSorted((a, b) => compare(describeIdentity(a.identity), describeIdentity(b.identity)))
      .map((object, i) => ({ ...object, base: i === 0 ? base : `${base}_${i + 1}` })),
  )
  return named.sort((a, b) => compare(a.base, b.base))
}

function baseOf({ apiVersion, kind, namespace, name }: ObjectIdentity): string {
  const slash = apiVersion.lastIndexOf('/')
  const groupKind = slash === -1 ? kind : `${kind}.${apiVersion.slice(0, slash)}`
  const parts = [NUMBERS.get(groupKind) ?? order.others, kind, namespace, name]
  return parts
    .filter((part) => part !== undefined)
    .join('-')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    .replace(/[^a-z0-9.-]+/g, '-')
    .slice(0, MAX_LENGTH)
}

/** By bytes, as Nix and kubectl sort; localeCompare would ask the machine's language. */
function compare(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
