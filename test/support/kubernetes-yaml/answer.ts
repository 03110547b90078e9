/** What a reader made of a text, in a form that compares: the JSON of each document, keys sorted and numbers exact. */
import { readDocuments } from '../../../src/kubernetes/read/read-documents.ts'

/** A line for each document, or `!` where any is refused. */
export type Answer = string

/** @param line of what the program of main.go prints. */
export function goAnswer(line: string): Answer {
  const found: unknown = JSON.parse(line, (_, value: unknown, context?: { source?: string }) =>
    typeof value === 'number' && context?.source !== undefined ? exact(context.source) : value,
  )
  if (
    typeof found !== 'object' ||
    found === null ||
    !('documents' in found) ||
    !Array.isArray(found.documents)
  )
    throw new Error(`not an answer: ${line}`)
  return 'error' in found ? '!' : found.documents.map(canonical).join('\n')
}

/** One answer, or two where it is doubtful. */
export function ourAnswers(text: string): readonly Answer[] {
  const documents = readDocuments(text)
  if (documents.some(({ verdict }) => verdict === 'refused')) return ['!']
  const answer = documents
    .flatMap(({ value }) => (value === null || value === undefined ? [] : [canonical(value)]))
    .join('\n')
  return documents.some(({ verdict }) => verdict === 'doubtful') ? [answer, '!'] : [answer]
}

function exact(source: string): number | bigint {
  const number = Number(source)
  if (!/^-?[0-9]+$/.test(source) || Number.isSafeInteger(number)) return number
  const whole = BigInt(source)
  return whole < 2n ** 64n && whole >= -(2n ** 63n) ? whole : number
}

function canonical(value: unknown): string {
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${fields.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`
}
