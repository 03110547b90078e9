/** The processor time of another process. */
import { readFile } from 'node:fs/promises'

/** The clock of /proc/<pid>/stat on Linux (USER_HZ). */
const TICK_MS = 10

/** Milliseconds of a processor that a process has had so far, in all its threads (proc_pid_stat(5): utime and stime). */
export async function cpuMs(pid: number): Promise<number> {
  const [, fields = ''] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')
  const [utime, stime] = fields.split(' ').slice(11, 13).map(Number)
  return ((utime ?? NaN) + (stime ?? NaN)) * TICK_MS
}
