/** How much of this machine's processors other programs have. */
import { readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'

/** The clock of /proc/stat on Linux (USER_HZ). */
const TICKS_A_SECOND = 100

/** Processor seconds that all programs of this machine had so far, also those of other guests on it (proc_stat(5)). */
export async function machineSeconds(): Promise<number> {
  const [all = ''] = (await readFile('/proc/stat', 'utf8')).split('\n')
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = all
    .split(/\s+/)
    .slice(1)
    .map(Number)
  return (user + nice + system + irq + softirq + steal) / TICKS_A_SECOND
}

/**
 * Returns how many cores were left for a measurement.
 * @param busy processor seconds that all programs had meanwhile. @param own those of the measured ones.
 */
export function coresLeft(busy: number, own: number, seconds: number): number {
  const others = Math.max(0, busy - own) / seconds
  return Math.max(0.1, availableParallelism() - others)
}
