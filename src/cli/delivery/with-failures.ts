/** Turns failures of a delivery into messages and exit statuses: 1 for what failed, 2 for wrong input. */
import { DeliveryError, type DeliveryErrorKind } from '../../delivery/delivery-error.ts'
import { describeProblem } from '../../delivery/set/object-set.ts'
import { NixFailure } from '../../kubernetes/app/run-nix.ts'
import { KubernetesError } from '../../kubernetes/client/kubernetes-error.ts'
import { UsageError } from '../usage-error.ts'

const FAILED = 1
/** Failures by input that is wrong for this cluster. */
const OF_INPUT: ReadonlySet<DeliveryErrorKind> = new Set(['invalid', 'no-such-kind', 'not-found'])

/** Problems that are shown; the others are counted. */
const MAX_SHOWN = 50

/** @returns the exit status. @throws UsageError for wrong input, and every error that isn't of a delivery. */
export async function withFailures(work: () => Promise<number>): Promise<number> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof KubernetesError && error.kind === 'configuration')
      throw new UsageError(error.message, { cause: error })
    const isOfDelivery =
      error instanceof DeliveryError || error instanceof KubernetesError || error instanceof NixFailure
    if (!isOfDelivery) throw error
    const text = error instanceof DeliveryError ? describeFailure(error) : error.message
    if (error instanceof DeliveryError && OF_INPUT.has(error.kind))
      throw new UsageError(text, { cause: error })
    process.stderr.write(`pushless: ${text}\n`)
    return FAILED
  }
}

function describeFailure({ message, problems }: DeliveryError): string {
  const shown = problems.slice(0, MAX_SHOWN).map((problem) => `  ${describeProblem(problem)}`)
  const more = problems.length - shown.length
  return [message, ...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n')
}
