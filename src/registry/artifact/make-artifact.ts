/** From a valid store path to what is served for it: one image, or an index of several. */
import { traced } from '../../tracing/traced.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { StorePath } from '../../core/nix/store-path.ts'
import type { ClosurePath } from '../../store/store.ts'
import { closureFiles } from '../../source/files/closure-files.ts'
import { readRoot, type Root } from '../../source/detect.ts'
import type { LayoutIndex, SourceOptions } from '../../source/source.ts'
import { namingImage } from '../work/naming-image.ts'
import { makeImage, type Image, type ImageDeps, type SourceDeps, type Step } from './image.ts'
import { EROFS_TAG, formFor, type ImageForm } from './image-form.ts'
import type { ImageRoot } from './image-root.ts'
import { formRefusal, type ImageIndex, type Artifact } from './image-index.ts'
import { platformIndex, type PlatformParts } from './platform-index.ts'
import { remembering } from '../work/single-flight.ts'
import { demandSignatures } from '../trust.ts'
import type { Archives } from '../../unpack/archives.ts'

type Timer = <T>(step: Step, work: () => Promise<T>) => Promise<T>

export type ArtifactDeps = ImageDeps &
  PlatformParts & {
    /** An image of an index is made after the index. */
    readonly onLaterImage: (image: Image) => void
  }

/**
 * @param tag that the path itself has; none for its first image.
 * @param onStep told how many milliseconds each step took.
 * @throws RegistryError of any kind for an image for several platforms, else `denied`, `unservable`, `unavailable`.
 */
export async function makeArtifact(
  maker: ArtifactDeps,
  root: StorePath,
  tag: string | undefined,
  onStep: (step: Step, ms: number) => void,
): Promise<Artifact> {
  return namingImage(root, () => make(maker, root, tag, onStep))
}

async function make(
  maker: ArtifactDeps,
  root: StorePath,
  tag: string | undefined,
  onStep: (step: Step, ms: number) => void,
): Promise<Artifact> {
  const timed: Timer = async (step, work) => {
    const start = performance.now()
    const result = await traced(step, { 'pushless.path': root }, work)
    onStep(step, performance.now() - start)
    return result
  }
  const closureOf = remembering(() => maker.store.closure(root))
  const files = closureFiles(root, async () => pathsIn(await closureOf()), maker.store.directory, maker)
  const found = await timed('source', () =>
    readServed(maker, root, { tag, files, archives: archivesOf(maker) }),
  )
  if (found.kind === 'platforms') {
    // Its images are checked when they are made; its closure may be all that their derivations need, and isn't served.
    if (maker.requiredKeys.length > 0) {
      const closure = await timed('closure', closureOf)
      demandSignatures(
        maker.requiredKeys,
        closure.filter(({ path }) => path === root),
      )
    }
    return platformIndex(root, found, maker)
  }
  const closure = await timed('closure', closureOf)
  demandSignatures(maker.requiredKeys, closure)
  if (found.kind === 'image') return makeImage(maker, { root, closure, files }, found, timed)
  return layoutIndex(maker, { root, closure, files }, found)
}

/**
 * @param form that the image must have, if the tag says so.
 * @throws RegistryError `denied`, `manifest-unknown`, `unservable` for a valid path that can't be pulled by this tag.
 */
export async function demandImage(
  maker: SourceDeps,
  root: StorePath,
  tag: string | undefined,
  form: ImageForm | undefined,
): Promise<void> {
  const found = await namingImage(root, () => readServed(maker, root, optionsOf(maker, root, tag)))
  if (form !== undefined && !canHaveForm(found, form)) throw formRefusal(root)
}

/** Whether images for several platforms can is known once they are made. */
function canHaveForm(found: Root, form: ImageForm): boolean {
  return found.kind === 'platforms' || (found.kind === 'image' && formFor(found, form) === form)
}

/** The tags that an image has itself, and `erofs` where it can be had. @throws RegistryError `denied`, `unservable`. */
export async function imageTags(maker: SourceDeps, root: StorePath): Promise<readonly string[]> {
  const found = await namingImage(root, () => readServed(maker, root, optionsOf(maker, root, undefined)))
  const own = found.kind === 'platforms' ? [] : (found.tags ?? [])
  return canHaveForm(found, 'erofs') ? [...own, EROFS_TAG] : own
}

function layoutIndex(
  maker: ArtifactDeps,
  at: ImageRoot,
  { format, index, documents, images }: LayoutIndex,
): ImageIndex {
  const { root } = at
  return {
    kind: 'index',
    root,
    format,
    manifest: index,
    documents,
    missing: [],
    images: images.map(({ manifest, platform, blobs, read }) => ({
      manifest,
      platform,
      blobs,
      make: remembering(() =>
        namingImage(root, async () => {
          const source = await read()
          const image = await makeImage(maker, at, source, (_step, work) => work())
          maker.onLaterImage(image)
          return image
        }),
      ),
    })),
  }
}

/**
 * Reads a path, if it is served at all. A path that isn't served has no tags, so that no answer reveals them.
 * @throws RegistryError `denied` for what the operator didn't open, and those of `readRoot`.
 */
async function readServed(
  { servePackages }: Pick<SourceDeps, 'servePackages'>,
  root: StorePath,
  options: SourceOptions,
): Promise<Root> {
  const found = await readRoot(root, options).catch(async (error: unknown) => {
    const isTag = error instanceof RegistryError && error.kind === 'manifest-unknown'
    if (isTag) assertServed(await readRoot(root, { ...options, tag: undefined }))
    throw error
  })
  assertServed(found)
  return found

  function assertServed({ format }: Root): void {
    if (format !== 'package' || servePackages) return
    throw new RegistryError('denied', `a plain package, and those are not served (--serve-packages): ${root}`)
  }
}

/**
 * Signatures of the whole closure are checked once it is known, and those of a compressed archive before it is read.
 */
function archivesOf({ store, archives, requiredKeys }: SourceDeps): Archives {
  return {
    ...archives,
    demandTrusted: async (path) => {
      if (requiredKeys.length === 0) return
      const info = await store.info(path)
      if (info !== undefined) demandSignatures(requiredKeys, [info])
    },
  }
}

function optionsOf(maker: SourceDeps, root: StorePath, tag: string | undefined): SourceOptions {
  const { store, reader } = maker
  const closure = async () => pathsIn(await store.closure(root))
  const files = closureFiles(root, closure, store.directory, { reader })
  return { tag, files, archives: archivesOf(maker) }
}

function pathsIn(closure: readonly ClosurePath[]): ReadonlySet<StorePath> {
  return new Set(closure.map(({ path }) => path))
}

/**
 * All that belongs to what a valid path is served as; `undefined` where it can't be pulled, or isn't one image or
 * layout.
 * @throws RegistryError `unavailable`.
 */
export async function servedClosure(
  maker: SourceDeps,
  root: StorePath,
): Promise<readonly ClosurePath[] | undefined> {
  try {
    const found = await readServed(maker, root, optionsOf(maker, root, undefined))
    // The closure of an image for several platforms may be all that their derivations need.
    if (found.kind === 'platforms') return undefined
    const closure = await maker.store.closure(root)
    demandSignatures(maker.requiredKeys, closure)
    return closure
  } catch (error) {
    if (error instanceof RegistryError && (error.kind === 'denied' || error.kind === 'unservable'))
      return undefined
    throw error
  }
}
