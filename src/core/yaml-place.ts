/** Finds the places of fields in the text of a YAML document, for messages that name them. */
import { isAlias, isMap, isNode, isScalar, isSeq, type Document } from 'yaml'

/** Returns the offset of a key or an item. For a missing one it is the offset of the node that would hold it. */
export function offsetOf(document: Document, path: readonly string[]): number {
  let offset = startOf(document.contents) ?? 0
  let node: unknown = document.contents
  for (const step of path) {
    const target = isAlias(node) ? node.resolve(document) : node
    if (isMap(target)) {
      const pair = target.items.find(({ key }) => isScalar(key) && String(key.value) === step)
      if (pair === undefined) break
      offset = startOf(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(target)) {
      node = target.items[Number(step)]
      offset = startOf(node) ?? offset
    } else break
  }
  return offset
}

function startOf(node: unknown): number | undefined {
  return isNode(node) ? node.range?.[0] : undefined
}
