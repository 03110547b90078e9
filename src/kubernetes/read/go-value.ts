/**
 * The value of a YAML document as kubectl makes JSON of it (sigs.k8s.io/yaml): keys become text, merge keys win over
 * what stands before them, and aliases are copies, of which a document may not have too many.
 */
import { isAlias, isMap, isScalar, isSeq, type Document, type Node, type Scalar, type YAMLMap } from 'yaml'
import { MAX_DEPTH, TOO_DEEP } from '../../core/errors/nesting.ts'
import { isMergeKey, nameOf, scalarValue, textOf } from './go-node.ts'
import type { GoScalar } from './go-scalar.ts'

export type GoValue = GoScalar | readonly GoValue[] | { readonly [key: string]: GoValue }

/** A fault of a document, and its position in the text. */
export type GoProblem = {
  readonly offset: number
  readonly message: string
  /** Whether kubectl refuses the document for it. */
  readonly isFatal: boolean
}

type Mutable = { [key: string]: GoValue }

/** Ends the reading of a document, as a panic does in Go. */
class Refused extends Error {
  readonly offset: number

  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

/**
 * @param document without errors.
 * @param hasOtherEscapes whether the text in double quotes there has escapes that YAML hasn't.
 * @returns no value where a problem is fatal.
 */
export function goValue(
  document: Document,
  hasOtherEscapes?: (start: number, end: number) => boolean,
): {
  readonly value: GoValue | undefined
  readonly problems: readonly GoProblem[]
} {
  const problems: GoProblem[] = []
  try {
    const value = new Decoder(anchorsOf(document), problems, hasOtherEscapes).value(document.contents, 0)
    return { value: problems.some(({ isFatal }) => isFatal) ? undefined : value, problems }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    problems.push({ offset: error.offset, message: error.message, isFatal: true })
    return { value: undefined, problems }
  }
}

/** The node of each alias: the last one before it with that anchor. */
function anchorsOf(document: Document): (alias: Node) => Node | undefined {
  const targets = new Map<Node, Node>()
  const anchors = new Map<string, Node>()
  let hasAliases = false
  const visit = (node: unknown): void => {
    if (isAlias(node)) {
      assertAnchor(node, node.source)
      const target = anchors.get(node.source)
      if (target !== undefined) targets.set(node, target)
      hasAliases = true
      return
    }
    if (isScalar(node) || isMap(node) || isSeq(node)) {
      if (node.anchor !== undefined) {
        assertAnchor(node, node.anchor)
        anchors.set(node.anchor, node)
      }
    }
    if (isMap(node)) {
      for (const { key, value } of node.items) {
        visit(key)
        visit(value)
      }
    } else if (isSeq(node)) node.items.forEach(visit)
  }
  visit(document.contents)
  return (alias) => (hasAliases ? targets.get(alias) : undefined)
}

function assertAnchor(node: Node, name: string): void {
  if (!/^[\w-]+$/.test(name))
    throw new Refused(
      offsetOf(node),
      `kubectl takes only letters, digits, - and _ for an anchor, not ${name}`,
    )
}

/** One document's values are made with one of these: it counts how much of them comes from aliases. */
class Decoder {
  readonly #targetOf: (alias: Node) => Node | undefined
  readonly #problems: GoProblem[]
  readonly #hasOtherEscapes: ((start: number, end: number) => boolean) | undefined
  readonly #open = new Set<Node>()
  #count = 1
  #fromAliases = 0

  constructor(
    targetOf: (alias: Node) => Node | undefined,
    problems: GoProblem[],
    hasOtherEscapes: ((start: number, end: number) => boolean) | undefined,
  ) {
    this.#targetOf = targetOf
    this.#problems = problems
    this.#hasOtherEscapes = hasOtherEscapes
  }

  value(node: unknown, depth: number): GoValue {
    this.#noteOne(node)
    if (depth > MAX_DEPTH) throw new Refused(offsetOf(node), TOO_DEEP)
    if (isAlias(node)) return this.#throughAlias(node, (target) => this.value(target, depth + 1))
    if (isMap(node)) return this.#map(node, createMap(), depth)
    if (isSeq(node)) return node.items.map((item) => this.value(item, depth + 1))
    return isScalar(node) ? this.#scalar(node) : null
  }

  /** As goyaml's allowedAliasRatio has it, which decides what is a bomb. */
  #noteOne(node: unknown): void {
    this.#count += 1
    if (this.#open.size > 0) this.#fromAliases += 1
    if (this.#fromAliases <= 100 || this.#count <= 1000) return
    const allowed = Math.min(0.99, Math.max(0.1, 0.99 - 0.89 * ((this.#count - 400_000) / 3_600_000)))
    if (this.#fromAliases / this.#count > allowed)
      throw new Refused(offsetOf(node), 'has too many values by its aliases')
  }

  #throughAlias<T>(alias: Node, read: (target: Node) => T): T {
    const target = this.#targetOf(alias)
    if (target === undefined) throw new Refused(offsetOf(alias), 'no anchor before this alias')
    if (this.#open.has(alias)) throw new Refused(offsetOf(alias), 'the value of this anchor contains itself')
    this.#open.add(alias)
    const result = read(target)
    this.#open.delete(alias)
    return result
  }

  #map(node: YAMLMap, into: Mutable, depth: number): Mutable {
    const seen = new Map<string, number>()
    for (const { key, value } of node.items) {
      if (isMergeKey(key)) {
        this.#merge(value, into, depth, offsetOf(key))
        continue
      }
      const name = this.#key(key, depth)
      const made = this.value(value, depth + 1)
      if (seen.has(name)) {
        const message = `the key ${JSON.stringify(name)} is there twice`
        this.#problems.push({ offset: offsetOf(key), message, isFatal: false })
      }
      seen.set(name, offsetOf(key))
      into[name] = made
    }
    return into
  }

  #key(node: unknown, depth: number): string {
    this.#noteOne(node)
    if (isAlias(node)) return this.#throughAlias(node, (target) => this.#key(target, depth + 1))
    if (isMap(node) || isSeq(node)) throw new Refused(offsetOf(node), 'a list or map can’t be a key')
    if (!isScalar(node)) throw new Refused(offsetOf(node), 'null can’t be a key: write "null"')
    const value = this.#resolved(node)
    const text = textOf(node)
    const name = nameOf(value, text)
    if (name !== undefined) return name
    if (value !== null) throw new Refused(offsetOf(node), `${text} is too large for a key: write "${text}"`)
    throw new Refused(offsetOf(node), `\`${text}\` is read as null, which can’t be a key: write "${text}"`)
  }

  #merge(node: unknown, into: Mutable, depth: number, offset: number): void {
    if (isSeq(node)) {
      for (const item of node.items.toReversed()) this.#mergeOne(item, into, depth, offset)
    } else this.#mergeOne(node, into, depth, offset)
  }

  #mergeOne(node: unknown, into: Mutable, depth: number, offset: number): void {
    this.#noteOne(node)
    if (depth > MAX_DEPTH) throw new Refused(offset, TOO_DEEP)
    const refuse = (): never => {
      throw new Refused(offset, '<< needs a map, or a list of maps')
    }
    if (isMap(node)) this.#map(node, into, depth + 1)
    else if (isAlias(node)) {
      this.#throughAlias(node, (target) => {
        this.#noteOne(target)
        return isMap(target) ? this.#map(target, into, depth + 1) : refuse()
      })
    } else refuse()
  }

  #resolved(node: Scalar): GoScalar {
    const { type, range } = node
    if (type === 'QUOTE_DOUBLE' && range && this.#hasOtherEscapes?.(range[0], range[1]) === true) {
      const message =
        'JSON’s escapes \\/ and \\ud800 to \\udfff aren’t YAML’s: write the characters themselves'
      throw new Refused(range[0], message)
    }
    const value = scalarValue(node)
    if (value !== null && typeof value === 'object') throw new Refused(offsetOf(node), value.refusal)
    return value
  }

  #scalar(node: Scalar): GoValue {
    const value = this.#resolved(node)
    if (typeof value === 'number' && !Number.isFinite(value)) {
      const text = textOf(node)
      const what = Number.isNaN(value) ? 'not a number' : 'infinite'
      const message = `\`${text}\` is read as a number that is ${what}, which JSON doesn’t have: write "${text}"`
      this.#problems.push({ offset: offsetOf(node), message, isFatal: true })
    }
    return value
  }
}

/** Without a prototype, so that any key is only a key. */
function createMap(): Mutable {
  return Object.create(null) as Mutable
}

function offsetOf(node: unknown): number {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0
}
