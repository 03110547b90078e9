/**
 * app.yaml: applications for Kubernetes, in a file without Nix in it. Read and checked here, so that what is wrong is
 * said with its line and column; what it means is decided by `appFile` in manifests/app/file.nix.
 */
import { LineCounter, isScalar, parseAllDocuments, type Document, type Node } from 'yaml'
import { assertShallowYaml } from '../../core/errors/yaml-nesting.ts'
import { APP, APPS, validateApp, validateApps } from './app-file-schema.ts'
import { offsetOf } from '../../core/yaml-place.ts'
import { findProblems, type Problem } from '../../core/schema-problem.ts'
import { keepTexts, type Ambiguity } from './app-file-scalar.ts'

/** An application, or several below `apps`, and where its fields stand. */
export type AppDocument = {
  /** As JSON has it. */
  readonly value: object
  /** `app.yaml:3:7`: where a field of an application stands, or the nearest that is there. */
  readonly placeOf: (app: string, field: string) => string | undefined
}

/** A file that can't be read as applications; the message has a line for each thing that is wrong. */
export class AppFileError extends Error {}

/**
 * @param source what the file is called in messages.
 * @throws AppFileError; RegistryError `manifest-invalid` for what is nested too deeply.
 */
export function readAppFile(text: string, source: string): readonly AppDocument[] {
  assertShallowYaml(text, source)
  const lines = new LineCounter()
  const parsed = parseAllDocuments(text, { schema: 'core', lineCounter: lines, prettyErrors: false })
  const documents = 'empty' in parsed ? [] : parsed
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `${source}:${line}:${col}`
  }
  const broken = documents
    .flatMap(({ errors, warnings }) => [...errors, ...warnings])
    .map(({ pos: [offset], message }) => `${place(offset)}: ${message}`)
  if (broken.length > 0) throw new AppFileError(broken.join('\n'))

  // What ends with `---` has an empty document behind it.
  const filled = documents.filter(({ contents }) => contents !== null && !isEmpty(contents))
  if (filled.length === 0) throw new AppFileError(`${source}: is empty, expected an application`)
  return filled.map((document) => toAppDocument(document, place))
}

function isEmpty(node: Node): boolean {
  return isScalar(node) && node.value === null
}

function toAppDocument(document: Document, place: (offset: number) => string): AppDocument {
  const ambiguous = keepTexts(document)
  const value = toValue(document, place)
  const hasApps = typeof value === 'object' && value !== null && 'apps' in value
  const problems = hasApps
    ? findProblems(APPS, value, validateApps.Errors(value))
    : findProblems(APP, value, validateApp.Errors(value))
  if (problems.length + ambiguous.length > 0)
    throw new AppFileError(describe(problems, ambiguous, document, place))
  if (typeof value !== 'object' || value === null) throw new AppFileError('not an application')
  return {
    value,
    placeOf(app, field) {
      const isHere = hasApps ? document.hasIn(['apps', app]) : document.get('name') === app
      return isHere ? place(offsetOf(document, hasApps ? ['apps', app, field] : [field])) : undefined
    },
  }
}

/** Aliases may make more of a small file than is there; yaml sets a limit, and says so by throwing. */
function toValue(document: Document, place: (offset: number) => string): unknown {
  try {
    return document.toJS()
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new AppFileError(`${place(offsetOf(document, []))}: ${message}`, { cause })
  }
}

/** In the order of the file. */
function describe(
  problems: readonly Problem[],
  ambiguous: readonly Ambiguity[],
  document: Document,
  place: (offset: number) => string,
): string {
  return [
    ...ambiguous,
    ...problems.map(({ path, message }) => ({ offset: offsetOf(document, path), message })),
  ]
    .sort((a, b) => a.offset - b.offset)
    .map(({ offset, message }) => `${place(offset)}: ${message}`)
    .join('\n')
}
