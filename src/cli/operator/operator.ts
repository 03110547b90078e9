/** `pushless operator`: runs until it is told to stop, and releases its Lease then. */
import { mkdir } from 'node:fs/promises'
import { isatty } from 'node:tty'
import closeWithGrace from 'close-with-grace'
import { DEFAULT_HOST } from '../../core/oci/reference.ts'
import { makeEvaluator } from '../../catalogue/evaluator.ts'
import { kubeconfigAccess } from './kubeconfig-access.ts'
import { openStore } from '../../open-registry.ts'
import type { OperatorOptions } from '../../operator/operator-options.ts'
import { runOperator } from '../../operator/run-operator.ts'
import { appSource } from '../../operator/source/app-source.ts'
import { catalogueSource } from '../../operator/source/catalogue-source.ts'
import { SourceError } from '../../operator/source/source-error.ts'
import { policyOf } from '../../settings/policy.ts'
import type { Settings } from '../../settings/settings.ts'
import { buildQuestion } from '../delivery/build-question.ts'
import { readNumber } from '../delivery/flag-values.ts'
import { imageLines, onceAState } from '../delivery/image-lines.ts'
import { warmImages } from '../delivery/warm-images.ts'
import { logStyle, openLog } from '../display/serve-log.ts'
import type { ProcessFacts } from '../process-facts.ts'
import { parseRegistryUrl } from '../registry-url.ts'
import { UsageError } from '../usage-error.ts'
import type { OperatorFlags } from './operator-flags.ts'

const STDOUT = 1
const LEASE = 'pushless-operator'
/** For work that is under way, and for the release of the Lease. */
const SHUTDOWN_MS = 30_000
/** As long as the registry by default lets a build take. */
const BUILD_MS = 7_200_000

/** @throws UsageError for flags that can't be used. */
export async function operator(
  flags: OperatorFlags,
  settings: Settings,
  { environment, library }: ProcessFacts,
): Promise<void> {
  const access = kubeconfigAccess(flags, environment)
  const listen = readAddress(flags.healthListen)
  const perTarget = readNumber('--concurrency', flags.concurrency)
  const durationMs = readNumber('--lease-seconds', flags.leaseSeconds) * 1000
  if (flags.registry !== undefined) parseRegistryUrl(flags.registry)
  const log = await openLog(
    settings.logLevel,
    logStyle(settings.logFormat, isatty(STDOUT), environment['NO_COLOR'] === undefined),
  )
  const { stateDirectory } = settings
  await mkdir(stateDirectory, { recursive: true, mode: 0o700 })
  const { store } = await openStore(settings)
  const end = new AbortController()
  const running = runOperator(
    {
      access,
      namespace: flags.namespace,
      lease: { namespace: flags.leaseNamespace, name: LEASE, durationMs },
      store,
      stateDirectory,
      // Authors of profiles aren't always trusted with builds, so these are off unless they are allowed.
      policy: policyOf(settings, () => false),
      makeApp: appSource({ library, registry: flags.host[0] ?? DEFAULT_HOST, timeoutMs: BUILD_MS }),
      makeEntry:
        flags.catalogue === undefined
          ? undefined
          : catalogueSource(
              flags.catalogue,
              makeEvaluator({ library, environment, registry: flags.host[0] ?? DEFAULT_HOST }),
            ),
      warm: warmed(flags),
      buildOf: buildQuestion(flags),
      defaultServiceAccount: flags.defaultServiceAccount,
      perTarget,
      listen,
      log,
    },
    end.signal,
  )
  const grace = closeWithGrace({ delay: SHUTDOWN_MS, logger: log }, async ({ err, signal }) => {
    if (err !== undefined) log.fatal({ err }, 'stopping after a defect')
    else log.info({ signal }, 'stopping')
    end.abort(new Error('the operator stops'))
    await running.catch(() => undefined)
    store.close()
    log.info('stopped')
  })
  try {
    await running
  } catch (error) {
    // Such as a port that is taken.
    grace.uninstall()
    store.close()
    throw error
  }
}

function warmed({ registry, host, tokenFile }: OperatorFlags): OperatorOptions['warm'] {
  return async ({ objects, revision }, timeoutMs, signal) => {
    if (registry === undefined) return
    const messages: string[] = []
    const files = objects.map(({ object }) => ({ source: revision, text: JSON.stringify(object) }))
    const reporter = {
      signal,
      onImage: onceAState((image) => {
        if (image.state === 'failed') messages.push(...imageLines(image))
      }),
      onEvent: (event: { readonly kind: string; readonly message?: string }) => {
        if (event.message !== undefined) messages.push(event.message)
      },
    }
    const isReady = await warmImages(files, { registry, host, tokenFile }, { timeoutMs, reporter })
    if (!isReady) throw new SourceError('ImagesNotReady', messages.join('\n'))
  }
}

function readAddress(text: string): { readonly host: string; readonly port: number } {
  const [, host = '', port = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? []
  if (host === '' || Number(port) > 65_535)
    throw new UsageError(`--health-listen ${text}: expected an address and a port, such as 127.0.0.1:8081`)
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}
