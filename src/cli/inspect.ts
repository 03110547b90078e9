/** `pushless inspect`: what would be served for a reference, made here and now, without a server. */
import type { Json } from '../core/json.ts'
import { workName } from '../store/work.ts'
import { displayPath } from '../core/byte-string.ts'
import type { Settings } from '../settings/settings.ts'
import { entryNames } from '../layer/packed-entries.ts'
import { imageNameOf } from '../core/oci/reference.ts'
import type { Image } from '../registry/artifact/image.ts'
import { platformName } from '../core/oci/platform.ts'
import type { ImageIndex } from '../registry/artifact/image-index.ts'
import type { Steps } from '../registry/artifact/images.ts'
import { openRegistry } from '../open-registry.ts'
import { parseImageArgument } from './image-argument.ts'
import { NO_HOLD_MS } from './no-hold.ts'

/** @throws RegistryError of any kind. */
export async function inspect(name: string, settings: Settings, asJson: boolean): Promise<void> {
  const { reference, tag } = await parseImageArgument(name)
  let steps: Steps = {}
  const { registry, close } = await openRegistry(
    { ...settings, keepDays: 0 },
    {
      holdMs: NO_HOLD_MS,
      onRootTrouble: () => undefined,
      onImage: (_served, taken) => (steps = taken),
      onWork: (work, event) => {
        if (event.kind === 'started') process.stderr.write(`making ${workName(work)}\n`)
        if (event.kind === 'log') process.stderr.write(`${event.line}\n`)
      },
    },
  )
  try {
    const artifact = await registry.artifact(reference, tag)
    const facts = artifact.kind === 'index' ? indexFactsOf(artifact, steps) : factsOf(artifact, steps)
    const text = 'platforms' in facts ? describeIndex(facts) : describe(facts)
    process.stdout.write(asJson ? `${JSON.stringify(facts, null, 2)}\n` : text)
  } finally {
    await close()
  }
}

type Facts = ReturnType<typeof factsOf>

function factsOf(image: Image, steps: Steps) {
  return {
    name: imageNameOf(image.root),
    storePath: image.root,
    kind: image.format,
    platform: image.platform === undefined ? 'no image' : platformName(image.platform),
    manifest: {
      digest: image.manifest.digest,
      size: image.manifest.bytes.length,
      mediaType: image.manifest.mediaType,
    },
    config: {
      digest: image.config.digest,
      size: image.config.bytes.length,
      document: JSON.parse(Buffer.from(image.config.bytes).toString()) as { readonly [key: string]: Json },
    },
    size: image.layers.reduce((sum, { size }) => sum + size, 0),
    layers: image.layers.map(({ digest, size, createdBy, source }) => ({
      digest,
      size,
      createdBy,
      storePaths: source.kind === 'paths' ? source.paths : [],
      ...(source.kind === 'packed entries'
        ? { files: entryNames(source).map((name) => displayPath(name)) }
        : {}),
    })),
    milliseconds: roundedOf(steps),
  }
}

function indexFactsOf({ root, format, manifest, images, missing }: ImageIndex, steps: Steps) {
  return {
    name: imageNameOf(root),
    storePath: root,
    kind: format,
    manifest: { digest: manifest.digest, size: manifest.bytes.length, mediaType: manifest.mediaType },
    platforms: images.map(({ platform, manifest: { digest, bytes, mediaType } }) => ({
      platform: platform === undefined ? 'none said' : platformName(platform),
      digest,
      size: bytes.length,
      mediaType,
    })),
    missing,
    milliseconds: roundedOf(steps),
  }
}

function roundedOf(steps: Steps): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(steps).map(([step, ms]) => [step, Math.round(ms * 10) / 10]))
}

function describe({ name, kind, platform, manifest, config, size, layers, milliseconds }: Facts): string {
  const { config: runtime } = config.document
  const lines = [
    name,
    `  kind      ${kind}, ${platform}`,
    `  manifest  ${manifest.digest}`,
    `  config    ${config.digest}`,
    ...Object.entries(typeof runtime === 'object' && runtime !== null ? runtime : {}).map(
      ([key, value]) => `            ${key}: ${JSON.stringify(value)}`,
    ),
    `  layers    ${layers.length}, ${megabytes(size)} in all`,
    ...layers.flatMap((layer, i) => [
      `  ${String(i + 1).padStart(4)}  ${layer.digest}  ${megabytes(layer.size)}`,
      ...layer.storePaths.map((path) => `        ${path}`),
      ...('files' in layer ? [`        ${layer.createdBy}, ${layer.files?.length ?? 0} entries`] : []),
    ]),
    tookLine(milliseconds),
  ]
  return `${lines.join('\n')}\n`
}

function describeIndex(facts: ReturnType<typeof indexFactsOf>): string {
  const { name, kind, manifest, platforms, missing, milliseconds } = facts
  const lines = [
    name,
    `  kind      ${kind}, an index`,
    `  index     ${manifest.digest}`,
    `  platforms ${platforms.length}`,
    ...platforms.map(({ platform, digest }) => `            ${platform.padEnd(16)}  ${digest}`),
    ...missing.map((what) => `  missing   ${what}`),
    tookLine(milliseconds),
  ]
  return `${lines.join('\n')}\n`
}

function tookLine(milliseconds: Readonly<Record<string, number>>): string {
  const steps = Object.entries(milliseconds).map(([step, ms]) => `${step} ${ms} ms`)
  return `  took      ${steps.join(', ')}`
}

function megabytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
