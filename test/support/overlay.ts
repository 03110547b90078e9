/** Whether a directory can hold an overlay's layers: overlay can't be stacked on overlay (a test inside a container). */
import { statfs } from 'node:fs/promises'

/** linux/magic.h: OVERLAYFS_SUPER_MAGIC. */
const OVERLAYFS_MAGIC = 0x79_4c_76_30

export async function takesOverlays(directory: string): Promise<boolean> {
  const { type } = await statfs(directory)
  return type !== OVERLAYFS_MAGIC
}
