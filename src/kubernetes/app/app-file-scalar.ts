/**
 * Scalars of app.yaml that readers of YAML take for different values: `0022` is 18 to Kubernetes and 22 in YAML 1.2,
 * and a user meant neither who writes a umask. The value of a variable is its text. Anywhere else such a scalar is
 * refused.
 */
import { isMap, isPair, isScalar, visit, type Document, type Pair, type Scalar } from 'yaml'
import { resolvePlain } from '../read/go-scalar.ts'

/** Types of fields that take text alone. A value there is text if YAML 1.2 reads it as text. */
const TEXTS = new Set([
  'name',
  'namespace',
  'flake',
  'labels',
  'image',
  'package',
  'command',
  'args',
  'host',
  'hosts',
  'ingressClass',
  'schedule',
  'serviceAccount',
  'secrets',
  'capabilities',
])

export type Ambiguity = { readonly offset: number; readonly message: string }

/**
 * Makes text of the values of variables that aren't written as JSON has them.
 * @param document parsed by the core schema of YAML 1.2; it is changed.
 * @returns what is to be refused.
 */
export function keepTexts(document: Document): readonly Ambiguity[] {
  const found: Ambiguity[] = []
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || node.type !== 'PLAIN' || node.source === undefined || node.tag !== undefined)
        return
      const [field, ...inside] = fieldOf(ancestors)
      if (field === 'env' && inside.length === 1) keepText(node, node.source)
      else {
        const message = ambiguity(node, node.source, TEXTS.has(field ?? ''))
        if (message !== undefined) found.push({ offset: node.range?.[0] ?? 0, message })
      }
    },
  })
  return found
}

/** The keys that lead there, below an application. */
function fieldOf(ancestors: readonly unknown[]): readonly string[] {
  const keys = ancestors.filter(isPair).map(({ key }: Pair) => (isScalar(key) ? String(key.value) : '?'))
  return keys[0] === 'apps' && isMap(ancestors[1]) ? keys.slice(2) : keys
}

function keepText(node: Scalar, source: string): void {
  if (isOther(node.value) && (String(node.value) !== source || isInexact(node.value))) node.value = source
}

function ambiguity(node: Scalar, source: string, isText: boolean): string | undefined {
  const { value } = node
  if (isText) {
    if (!isOther(value) || String(value) === source) return undefined
    // Told here, and not once more by the schema.
    node.value = source
    return `${source} is ${describe(value)} here, expected text: write ${JSON.stringify(source)}`
  }
  if (/^[-+]?[0-9]+$/.test(source) && isInexact(value))
    return `${source} has more digits than a number can keep here: write ${JSON.stringify(source)} for text`
  const kubernetes = resolvePlain(source)
  if (value === null || typeof value === 'object' || value === kubernetes) return undefined
  if (Number.isNaN(value) && Number.isNaN(kubernetes)) return undefined
  const plain = [...new Set([kubernetes, value].filter(isOther).map(String))].join(' or ')
  return `${source} is ${describe(kubernetes)} to Kubernetes and ${describe(value)} in YAML 1.2: write ${plain}, or ${JSON.stringify(source)} for text`
}

function isOther(value: unknown): value is number | boolean | bigint {
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
}

/** As whole numbers go. */
function isInexact(value: unknown): boolean {
  return typeof value === 'number' && !Number.isSafeInteger(value)
}

function describe(value: unknown): string {
  return typeof value === 'string'
    ? 'text'
    : `${typeof value === 'boolean' ? 'the boolean' : 'the number'} ${String(value)}`
}
