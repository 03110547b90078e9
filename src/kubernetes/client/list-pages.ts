/** Lists a collection page by page, so that no answer is larger than the server likes. */
import { textAt } from '../../core/json-fields.ts'
import { isList, isObject, type Json } from '../../core/json.ts'
import type { Page } from './cluster.ts'
import { KubernetesError } from './kubernetes-error.ts'
import { liveObject, malformedAnswer } from './live-object.ts'

const PAGE_SIZE = 500

/**
 * Returns all objects, as they were at one version. Where the server forgets that version in between (410), it begins
 * again and asks for all at once.
 * @param ask makes one request with a query. @throws KubernetesError of any kind.
 */
export async function listPages(
  query: URLSearchParams,
  ask: (query: URLSearchParams) => Promise<Json>,
): Promise<Page> {
  const paged = new URLSearchParams(query)
  paged.set('limit', String(PAGE_SIZE))
  try {
    return await allPages(paged, ask)
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.kind !== 'expired') throw error
    return allPages(query, ask)
  }
}

async function allPages(
  query: URLSearchParams,
  ask: (query: URLSearchParams) => Promise<Json>,
): Promise<Page> {
  const pages: Page['items'][] = []
  for (let next = ''; ;) {
    const asked = new URLSearchParams(query)
    if (next !== '') asked.set('continue', next)
    const page = await ask(asked)
    const items = isObject(page) ? page['items'] : undefined
    const resourceVersion = textAt(page, 'metadata', 'resourceVersion')
    if (items === undefined || !isList(items) || resourceVersion === undefined)
      throw malformedAnswer('a list')
    // Objects of a list name no kind.
    const kind = (textAt(page, 'kind') ?? '').replace(/List$/, '')
    const apiVersion = textAt(page, 'apiVersion') ?? ''
    pages.push(items.map((item) => liveObject(isObject(item) ? { apiVersion, kind, ...item } : item)))
    next = textAt(page, 'metadata', 'continue') ?? ''
    if (next === '') return { items: pages.flat(), resourceVersion }
  }
}
