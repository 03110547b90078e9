/** The memory of a process, in megabytes of 10^6 bytes: `VmRSS` now, `VmHWM` at its highest. */
import { readFile } from 'node:fs/promises'

export async function memoryOf(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8')
  return (Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(text)?.[1]) * 1024) / 1e6
}
