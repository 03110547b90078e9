/** `pushless manifests <file...>`: files of applications in, a link to their manifests out, or YAML. */
import { readFile } from 'node:fs/promises'
import { text as readText } from 'node:stream/consumers'
import * as Type from 'typebox'
import { validatorOf } from '../../core/validator.ts'
import { AppFileError, readAppFile, type AppDocument } from '../../kubernetes/app/app-file.ts'
import { buildApps, type AppBuild } from '../../kubernetes/app/app-file-build.ts'
import { NixFailure } from '../../kubernetes/app/run-nix.ts'
import { readTextFile } from './object-files.ts'
import { writeYaml } from '../../kubernetes/write-yaml.ts'
import { UsageError } from '../usage-error.ts'

export type ManifestsOptions = Pick<AppBuild, 'library' | 'link' | 'registry' | 'mode' | 'timeoutMs'> & {
  readonly isPrinted: boolean
  readonly isQuiet: boolean
}

const LIST = validatorOf(
  Type.Object({
    items: Type.Array(Type.Object({ kind: Type.String(), metadata: Type.Object({ name: Type.String() }) })),
  }),
)

/** @throws UsageError for what is wrong in a file, NixFailure for what Nix refuses or can't build. */
export async function makeManifests(files: readonly string[], options: ManifestsOptions): Promise<void> {
  const path = await buildAppFiles(files, options)
  const { items } = LIST.Parse(JSON.parse(await readFile(path, 'utf8')))
  if (options.isPrinted) process.stdout.write(toYaml(items))
  else {
    const names = items.map(({ kind, metadata }) => `${kind}/${metadata.name}\n`)
    process.stdout.write(`${names.join('')}${options.link} -> ${path}\n`)
  }
}

/**
 * Builds the manifests of applications.
 * @returns the store path of a JSON `List`. @throws UsageError for what is wrong in a file, NixFailure for what Nix refuses.
 */
export async function buildAppFiles(
  files: readonly string[],
  options: Omit<ManifestsOptions, 'isPrinted'>,
): Promise<string> {
  const documents = (await Promise.all(files.map(readDocuments))).flat()
  return buildApps({
    ...options,
    documents: documents.map(({ value }) => value),
    onNews: (line) => {
      if (!options.isQuiet) process.stderr.write(`${line}\n`)
    },
  }).catch((error: unknown) => {
    throw error instanceof NixFailure ? placed(error, documents, files) : error
  })
}

async function readDocuments(file: string): Promise<readonly AppDocument[]> {
  const text = file === '-' ? await readText(process.stdin) : await readTextFile(file)
  try {
    return readAppFile(text, file === '-' ? 'standard input' : file)
  } catch (cause) {
    if (cause instanceof AppFileError) throw new UsageError(cause.message, { cause })
    throw cause
  }
}

/** A document each. */
function toYaml(items: readonly object[]): string {
  return items.map((item) => writeYaml({ ...item })).join('---\n')
}

/** Adds the place of the field to a refusal. Builders say `app web: port is …`. */
function placed(
  failure: NixFailure,
  documents: readonly AppDocument[],
  files: readonly string[],
): NixFailure {
  const [, app = '', field = ''] =
    /^app (\S+): (?:(?:a|an|the) (?:\w+ )*?(?:in|of) )?([a-zA-Z]+)/.exec(failure.message) ?? []
  const place = documents.map(({ placeOf }) => placeOf(app, field)).find((found) => found !== undefined)
  return new NixFailure(`${place ?? files.join(', ')}: ${failure.message}`, { cause: failure })
}
