/** Processes by their parents. */
import { execa } from 'execa'

/** The processes that a process started, and theirs. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const { stdout } = await execa('ps', ['-eo', 'pid=,ppid='])
  const parents = stdout.split('\n').map((line) => line.trim().split(/\s+/).map(Number))
  const found: number[] = []
  for (let level = [pid]; level.length > 0;) {
    level = parents.flatMap(([child = 0, parent = 0]) => (level.includes(parent) ? [child] : []))
    found.push(...level)
  }
  return found
}
