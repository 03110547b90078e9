/**
 * Reads what `apply` and `diff` are given: store paths and links to them, directories, files with objects, standard input,
 * flake attributes, and files of applications.
 */
import { realpath, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { createHash } from 'node:crypto'
import { storeNameOf, storePathAround } from '../../core/nix/store-path.ts'
import type { GivenObject } from '../../delivery/set/object-set.ts'
import { buildFlakeAttribute } from '../../kubernetes/app/flake-build.ts'
import { readObjects } from '../../kubernetes/read/read-objects.ts'
import { buildAppFiles } from '../manifests/make-manifests.ts'
import { readObjectFiles, type ManifestFile } from '../manifests/object-files.ts'
import { UsageError } from '../usage-error.ts'

export type Source = {
  readonly objects: readonly GivenObject[]
  /** A store path where all objects come from one, else the digest of the files. */
  readonly revision: string
  /** A name for the set, where the source suggests one. */
  readonly suggestedName: string | undefined
  /** The texts, in which images are looked for. */
  readonly files: readonly ManifestFile[]
}

export type SourceOptions = {
  /** Directory that the Nix library is in. */
  readonly library: string
  /** Host that images are pulled from, for files of applications. */
  readonly host: string
  readonly timeoutMs: number
  /** Reports no progress of Nix. */
  readonly isQuiet: boolean
}

/** `.#web`, `github:owner/repository#web` */
const FLAKE_ATTRIBUTE = /^[^#]*#[\w."'+^*-]*$/
/** A document of Kubernetes has both; one of applications has neither. */
const OBJECT_FIELD = /^\s*(?:- )?["']?(?:apiVersion|kind)["']?\s*:|"(?:apiVersion|kind)"\s*:/m
const APP_FIELD = /^(?:name|apps|package|flake|image)\s*:|^\s*"(?:name|apps)"\s*:/m
/** Names that say nothing about what is in them. */
const GENERIC = new Set([
  'manifests',
  'result',
  'results',
  'out',
  'output',
  'objects',
  'k8s',
  'kubernetes',
  'deploy',
  'list',
  'app',
  'source',
])

/** @throws UsageError for what can't be read or holds no objects, NixFailure for what Nix can't build. */
export async function readSource(names: readonly string[], options: SourceOptions): Promise<Source> {
  const located = await Promise.all(names.map(async (name) => locate(name, options)))
  const files = (await Promise.all(located.map(async ({ path, shown }) => readFiles(path, shown)))).flat()
  const read = files.map(({ text, source }) => readObjects(text, source))
  const problems = read.flatMap((one) => one.problems)
  if (problems.length > 0)
    throw new UsageError(
      problems
        .map(({ source, line, column, message }) =>
          [source, line, ...(column === undefined ? [] : [column]), ` ${message}`].join(':'),
        )
        .join('\n'),
    )
  const objects = read.flatMap((one) =>
    one.objects.map(({ object, source, lineOf }) => ({
      object,
      placeOf: (path: Parameters<typeof lineOf>[0]) => `${source}:${lineOf(path)}`,
    })),
  )
  const [first] = located
  const storePath = located.length === 1 ? first?.storePath : undefined
  return {
    objects,
    revision: storePath ?? digestOf(files),
    suggestedName:
      located.length === 1 && first !== undefined ? nameOf(first.storePath ?? first.shown) : undefined,
    files,
  }
}

type Located = {
  readonly path: string
  /** As its author knows it, for messages. */
  readonly shown: string
  readonly storePath: string | undefined
}

async function locate(name: string, options: SourceOptions): Promise<Located> {
  if (name === '-') return { path: name, shown: name, storePath: undefined }
  const target = await realpath(name).catch(() => undefined)
  if (target === undefined && FLAKE_ATTRIBUTE.test(name)) {
    const built = await buildFlakeAttribute(name, {
      timeoutMs: options.timeoutMs,
      onNews: (line) => {
        if (!options.isQuiet) process.stderr.write(`${line}\n`)
      },
    })
    return { path: built, shown: name, storePath: built }
  }
  if (target !== undefined && (await isAppFile(target, name))) {
    const built = await buildAppFiles([name], {
      ...options,
      link: undefined,
      registry: options.host,
      mode: 'out',
    })
    return { path: built, shown: name, storePath: built }
  }
  const storePath = target === undefined ? undefined : storePathAround(target)
  return { path: name, shown: name, storePath: storePath === target ? storePath : undefined }
}

async function readFiles(path: string, shown: string): Promise<readonly ManifestFile[]> {
  const files = await readObjectFiles(path)
  return path === shown
    ? files
    : files.map(({ text, source }) => ({ text, source: source.replace(path, shown) }))
}

/** A file whose documents are no objects of Kubernetes, and look like an application. */
async function isAppFile(target: string, name: string): Promise<boolean> {
  if (!/\.(?:ya?ml|json)$/.test(target) || !(await stat(target)).isFile()) return false
  const [file] = await readObjectFiles(name)
  return file !== undefined && !OBJECT_FIELD.test(file.text) && APP_FIELD.test(file.text)
}

/** The name of `/nix/store/<hash>-web.json`, `./web/` and `web.yaml` is `web`. */
function nameOf(path: string): string | undefined {
  const storePath = storePathAround(path)
  const base = storePath === undefined ? basename(path) : storeNameOf(storePath)
  const name = base
    .replace(/\.(?:json|ya?ml)$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
  return name === '' || GENERIC.has(name) ? undefined : name
}

function digestOf(files: readonly ManifestFile[]): string {
  const hash = createHash('sha256')
  for (const { text } of files) hash.update(text).update('\0')
  return `sha256:${hash.digest('hex')}`
}
