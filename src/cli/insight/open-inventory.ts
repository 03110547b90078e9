/** Opens the inventory of an image: from the store, from a running registry, or from a CycloneDX document. */
import { readFile, realpath, stat } from 'node:fs/promises'
import { machinePlatform } from '../../archive/platform.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import type { Json } from '../../core/json.ts'
import { storePathAround } from '../../core/nix/store-path.ts'
import type { Inventory } from '../../insight/inventory/component.ts'
import { registryInventory } from '../../insight/registry-inventory.ts'
import { readCyclonedx } from '../../insight/sbom/read-cyclonedx.ts'
import type { Settings } from '../../settings/settings.ts'
import { parseImageArgument } from '../image-argument.ts'
import { withInsights } from './with-insights.ts'
import { UsageError } from '../usage-error.ts'

/** For all requests together. A registry answers in milliseconds, unless it has to hash an image first. */
const TIMEOUT_MS = 120_000
/** As much as is read from a registry. */
const MAX_DOCUMENT_BYTES = 256 * 1024 * 1024

/**
 * @param name an image, or a file outside of the store that holds a CycloneDX document.
 * @param from the registry to ask instead of the store.
 * @throws RegistryError of any kind, UsageError for a registry that isn't a URL.
 */
export async function openInventory(
  name: string,
  settings: Settings,
  from: { readonly registry?: string },
): Promise<Inventory> {
  const document = await readDocument(name)
  if (document !== undefined) return readCyclonedx(name, document)
  if (from.registry === undefined)
    return withInsights(name, settings, async ({ insights, image }) => insights.inventory(await image()))
  const { reference, tag } = await parseImageArgument(name)
  return registryInventory({
    registry: registryUrlOf(from.registry),
    image: { reference, selector: { kind: 'tag', tag } },
    platform: machinePlatform(process.arch),
    timeoutMs: TIMEOUT_MS,
  })
}

/** Whether a name on the command line is a document, and not an image. */
export async function isDocument(name: string): Promise<boolean> {
  const target = await realpath(name).catch(() => undefined)
  return target !== undefined && storePathAround(target) === undefined
}

function registryUrlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'http:' || url?.protocol === 'https:') return url
  throw new UsageError(`--registry ${text}: expected a URL such as http://127.0.0.1:5000`)
}

async function readDocument(name: string): Promise<Json | undefined> {
  if (!(await isDocument(name))) return undefined
  const facts = await stat(name)
  if (!facts.isFile()) return undefined
  if (facts.size > MAX_DOCUMENT_BYTES)
    throw new RegistryError(
      'too-large',
      `${name}: a document has at most ${MAX_DOCUMENT_BYTES / 1024 ** 2} MiB`,
    )
  const text = await readFile(name, 'utf8')
  try {
    const value: Json = JSON.parse(text)
    return value
  } catch (cause) {
    throw new RegistryError('malformed', `${name}: neither an image nor a CycloneDX document`, { cause })
  }
}
