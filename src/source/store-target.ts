/**
 * Where a path of an image leads, if that is in the store. Links in the store may point anywhere on the machine that
 * serves: what is there is no part of the image, would differ from machine to machine, and must not be shown.
 */
import { realpath } from 'node:fs/promises'
import { storePathAround } from '../core/store-path.ts'
import { fsPath } from '../layer/walk.ts'

/** @param path a byte string. @returns a byte string without links, or nothing if it leads nowhere or elsewhere. */
export async function storeTarget(path: string): Promise<string | undefined> {
  const target = await realpath(fsPath(path), 'latin1').catch(() => undefined)
  return target !== undefined && storePathAround(target) !== undefined ? target : undefined
}
