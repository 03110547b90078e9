/** Returns the processor time that `work` takes on this thread. Unlike wall time it doesn't grow beside other programs. */
export function processorMs(work: () => void): number {
  const before = process.threadCpuUsage()
  work()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}
