/** Commands that take many arguments at once: requests of single ones share them. Starting Nix takes longer than most of its work. */

/**
 * @param run takes inputs, and gives as many outputs in their order.
 * @returns a function for one input. While a run is under way, others wait and share the next. A failure is that of all
 *   who share it.
 */
export function batched<Input, Output>(
  run: (inputs: readonly Input[]) => Promise<readonly Output[]>,
): (input: Input) => Promise<Output> {
  let waiting: Input[] = []
  let next: Promise<readonly Output[]> | undefined
  let last: Promise<unknown> = Promise.resolve()
  const runNext = async () => {
    await last
    const inputs = waiting
    waiting = []
    next = undefined
    const outputs = run(inputs)
    last = outputs.catch(() => undefined)
    return outputs
  }
  return async (input) => {
    const place = waiting.push(input) - 1
    next ??= runNext()
    const output = (await next)[place]
    if (output === undefined) throw new Error(`no output for ${String(input)}`)
    return output
  }
}
