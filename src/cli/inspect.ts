/** `pushless inspect`: what would be served for a reference, made here and now, without a server. */
import type { Settings } from '../settings.ts'
import type { Json } from '../core/image.ts'
import { imageNameOf } from '../core/reference.ts'
import type { Image, Step } from '../registry/image.ts'
import { workName } from '../registry/resolve.ts'
import { openRegistry } from '../server.ts'
import { parseImageArgument } from './image-argument.ts'

type Steps = Readonly<Partial<Record<Step | 'realise', number>>>

/** Somebody sits in front of it: a build may take as long as it takes. */
const NO_HOLD_MS = 2 ** 31 - 1

/** @throws RegistryError of any kind. */
export async function inspect(text: string, settings: Settings, asJson: boolean): Promise<void> {
  const { reference, tag } = await parseImageArgument(text)
  let steps: Steps = {}
  const { registry, close } = openRegistry(
    { ...settings, PUSHLESS_KEEP: 0 },
    {
      holdMs: NO_HOLD_MS,
      onRootTrouble: () => undefined,
      onImage: (_image, taken) => (steps = taken),
      onWork: (work, event) => {
        if (event.kind === 'started') process.stderr.write(`making ${workName(work)}\n`)
        if (event.kind === 'log') process.stderr.write(`${event.line}\n`)
      },
    },
  )
  try {
    const facts = factsOf(await registry.image(reference, tag), steps)
    process.stdout.write(asJson ? `${JSON.stringify(facts, null, 2)}\n` : describe(facts))
  } finally {
    await close()
  }
}

type Facts = ReturnType<typeof factsOf>

function factsOf(image: Image, steps: Steps) {
  return {
    name: imageNameOf(image.root),
    storePath: image.root,
    kind: image.kind,
    platform: `${image.platform.os}/${image.platform.architecture}`,
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
      ...(source.kind === 'entries'
        ? { files: source.entries.map(({ name }) => Buffer.from(name, 'latin1').toString()) }
        : {}),
    })),
    milliseconds: Object.fromEntries(
      Object.entries(steps).map(([step, ms]) => [step, Math.round(ms * 10) / 10]),
    ),
  }
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
    `  took      ${Object.entries(milliseconds)
      .map(([step, ms]) => `${step} ${ms} ms`)
      .join(', ')}`,
  ]
  return `${lines.join('\n')}\n`
}

function megabytes(bytes: number): string {
  return bytes < 1e5 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
