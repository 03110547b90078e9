/**
 * Derivations from their text in the store: the ATerm form has not changed since Nix 1, while every JSON form has.
 * Source: Nix manual, "Derivation ATerm Format". Parses `Derive([outputs],[inputs],[sources],"system",…)`.
 */
import { parseStorePath, type StorePath } from './store-path.ts'

export type Derivation = {
  /** Output names to paths; no path for content-addressed outputs, which aren't known before the build. */
  readonly outputs: ReadonlyMap<string, StorePath | undefined>
  readonly inputDerivations: ReadonlyMap<string, readonly string[]>
  readonly inputSources: readonly string[]
  readonly system: string
  readonly builder: string
  readonly args: readonly string[]
  readonly env: ReadonlyMap<string, string>
}

type Term = string | readonly Term[]

/** @throws Error saying at which character the text stops being a derivation. */
export function parseDerivation(text: string): Derivation {
  const term = new AtermParser(text).derive()
  const [outputs, inputs, sources, system, builder, args, env] = term
  return {
    outputs: new Map(rows(outputs).map((row) => [str(row[0]), parseStorePath(str(row[1]))])),
    inputDerivations: new Map(rows(inputs).map((row) => [str(row[0]), list(row[1]).map(str)])),
    inputSources: list(sources).map(str),
    system: str(system),
    builder: str(builder),
    args: list(args).map(str),
    env: new Map(rows(env).map((row) => [str(row[0]), str(row[1])])),
  }
}

function str(term: Term | undefined): string {
  if (typeof term !== 'string') throw new Error('derivation: expected a string')
  return term
}

function list(term: Term | undefined): readonly Term[] {
  if (term === undefined || typeof term === 'string') throw new Error('derivation: expected a list')
  return term
}

function rows(term: Term | undefined): readonly (readonly Term[])[] {
  return list(term).map(list)
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }
/** Deeper than any derivation: outputs, rows, output names. */
const MAX_DEPTH = 8

class AtermParser {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  derive(): readonly Term[] {
    this.#expect('Derive(')
    this.#at -= 1
    const term = this.#sequence('(', ')', 0)
    if (this.#text.slice(this.#at).trim() !== '') this.#fail('the end')
    return term
  }

  #term(depth: number): Term {
    if (depth > MAX_DEPTH) this.#fail('fewer brackets')
    switch (this.#text[this.#at]) {
      case '"':
        return this.#string()
      case '[':
        return this.#sequence('[', ']', depth)
      case '(':
        return this.#sequence('(', ')', depth)
      default:
        return this.#fail('a string, a list or a tuple')
    }
  }

  #sequence(open: string, close: string, depth: number): readonly Term[] {
    this.#expect(open)
    const items: Term[] = []
    while (this.#text[this.#at] !== close) {
      if (items.length > 0) this.#expect(',')
      items.push(this.#term(depth + 1))
    }
    this.#at += 1
    return items
  }

  #string(): string {
    this.#expect('"')
    let value = ''
    for (;;) {
      const end = this.#next(/["\\]/g)
      value += this.#text.slice(this.#at, end)
      this.#at = end + 1
      if (this.#text[end] === '"') return value
      const escaped = this.#text[this.#at] ?? ''
      value += ESCAPES[escaped] ?? escaped
      this.#at += 1
    }
  }

  #next(pattern: RegExp): number {
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.#text)
    return match === null ? this.#fail('a closing quote') : match.index
  }

  #expect(text: string): void {
    if (!this.#text.startsWith(text, this.#at)) this.#fail(JSON.stringify(text))
    this.#at += text.length
  }

  #fail(expected: string): never {
    throw new Error(`derivation: expected ${expected} at character ${this.#at}`)
  }
}
