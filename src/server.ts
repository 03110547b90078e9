/** Wiring: settings in, a registry that answers over HTTP out. */
import { workName } from './store/work.ts'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { FastifyBaseLogger } from 'fastify'
import { RegistryError } from './core/errors/errors.ts'
import { assertClosed } from './settings/assert-closed.ts'
import { listenText, type Settings } from './settings/settings.ts'
import { createApp } from './http/app.ts'
import { connectionLimit, descriptorLimit } from './http/connection/connections.ts'
import { LoopbackTrust } from './http/access/loopback-trust.ts'
import { Metrics } from './http/metrics.ts'
import { imageFindings } from './http/pages/image-findings.ts'
import { pageImages } from './http/pages/page-image.ts'
import { readWebFiles } from './http/pages/web-files.ts'
import { TrustedProxies } from './http/access/trusted-proxies.ts'
import { tokenOf } from './http/access/token.ts'
import { InsightsOnDemand } from './insight/insights-on-demand.ts'
import { Referrers } from './insight/referrers/referrers.ts'
import { readSecretKey } from './insight/signing/signing-key.ts'
import { openTls } from './tls/open-tls.ts'
import { currentAsker } from './core/asker.ts'
import type { DeletionListener } from './core/deletion.ts'
import { deletionEvent, reloadEvent, workEvent } from './access/audit/server-events.ts'
import type { AuditListener } from './access/audit-event.ts'
import { openNixCache } from './nix-cache/nix-cache.ts'
import { openRegistry } from './open-registry.ts'
import { loadMaker } from './registry/artifact/images.ts'
import { logBuildPlace, logServed, zeroCopyListeners } from './server/log-events.ts'
import { openAuditLog } from './server/open-audit-log.ts'
import { openCopies } from './server/open-copies.ts'
import { openTokenFile } from './server/open-token-file.ts'
import { startTracing } from './server/start-tracing.ts'
import type { ZeroCopy } from './zero-copy/open-zero-copy.ts'

/** Says what has changed, and what to do about it. */
const PROXY_SEEN =
  'a request came through a proxy, so loopback is not trusted until a restart: builds, their pages and logs need --allow-builds and the token. With a proxy in front, set --open-on-loopback=false'

/** Beside src/ in a checkout, and beside dist/ in a package. */
const WEB = new URL('../web', import.meta.url)

const STATE_TROUBLE =
  'the state directory cannot be used: pulls go on, nothing is remembered, compressed archives cannot be unpacked'

/**
 * A server gets ready for its first pull when it has listened for so long: a reader thread takes 60 to 150 ms to start
 * (measured). A pull that comes earlier starts it.
 */
const PREPARED_AFTER_MS = 2_000

export type RunningServer = {
  /** `http://127.0.0.1:5000`, with the port that was taken. */
  readonly url: string
  /** Reads the token file and the certificates again, as a SIGHUP asks. */
  readonly reload: () => void
  /** Stops listening, lets running downloads end, for the time set, and cuts the rest. */
  readonly close: () => Promise<void>
}

/**
 * @throws SettingsError where nobody said who may pull; RegistryError `unavailable` for an unusable state directory or
 * file, or when it can't listen.
 */
export async function startServer(
  settings: Settings,
  logger: FastifyBaseLogger,
  version: string,
): Promise<RunningServer> {
  assertClosed(settings)
  const key = settings.signingKey === undefined ? undefined : readSecretKey(settings.signingKey)
  const web = readWebFiles(fileURLToPath(WEB))
  const audit = settings.auditFile === undefined ? undefined : openAuditLog(settings.auditFile, logger)
  const onAudit: AuditListener = (event) => audit?.write(event)
  const onDeletion: DeletionListener = (deletion) => onAudit(deletionEvent(deletion, currentAsker()))
  const tokenFile = openTokenFile(settings.tokenFile, onAudit, logger)
  const tls =
    settings.tls === undefined
      ? undefined
      : openTls(settings.tls, logger, (file, error) => onAudit(reloadEvent(file, error)))
  const tracing = await startTracing(settings, version, logger)
  const auth =
    settings.authFile === undefined
      ? undefined
      : (await import('./http/access/open-authentication.ts')).openAuthentication(
          settings.authFile,
          tokenFile?.current,
          onAudit,
          logger,
        )
  const proxies = new TrustedProxies(settings.trustedProxies)
  const isLocalTrusted = settings.openOnLoopback && settings.trustedProxies.length === 0
  const loopback = new LoopbackTrust(isLocalTrusted, (sign, request) =>
    logger.warn({ sign, address: request.ip }, PROXY_SEEN),
  )
  const descriptors = descriptorLimit()
  const connections = connectionLimit(descriptors)
  const metrics = new Metrics()
  if (tls !== undefined) metrics.watchCertificate(tls.end)
  const { registry, images, journal, store, zeroCopyImages, isStateTroubled, close } = await openRegistry(
    settings,
    {
      isLoopbackTrusted: () => loopback.isTrusted,
      onLookup: metrics.onLookup,
      onStateTrouble: (error) => logger.warn({ err: error }, STATE_TROUBLE),
      onBuildPlace: (place) => logBuildPlace(logger, place),
      onWork: (work, event) => {
        metrics.onWork(work, event)
        const name = workName(work)
        if (event.kind === 'done' || event.kind === 'failed') {
          const { kind: outcome, ...facts } = event
          onAudit(workEvent({ what: work.kind, target: name, outcome, ...facts }, currentAsker()))
        }
        if (event.kind === 'log')
          logger.debug({ work: name, derivation: event.derivation, line: event.line }, 'nix log')
        // Why it failed is logged where it is answered.
        else if (event.kind !== 'queued') logger.info({ work: name, ...event, error: undefined }, 'nix')
      },
      onDeletion,
      onRootTrouble: (error) => logger.warn({ err: error }, 'no root: the image may be collected'),
      onImage: (artifact, steps, before) => logServed(logger, artifact, steps, before),
    },
  )
  const nixCache = openNixCache({
    mode: settings.nixCacheMode,
    state: settings.stateDirectory,
    store,
    onDeletion,
    reader: images.reader,
    servedClosure: async (path) => (await loadMaker()).servedClosure(images, path),
    hold: (path) => registry.roots.hold(path),
    keep: (path) => registry.roots.keep(path),
  })
  const copies = openCopies(settings, onDeletion, (error) =>
    logger.warn({ err: error }, 'layers are sent without compression for a minute: no copy could be written'),
  )
  const advisories =
    settings.advisories === undefined
      ? undefined
      : (await import('./server/open-advisories.ts')).openAdvisories(settings.advisories, logger)
  const insights = new InsightsOnDemand({
    registry,
    store,
    journal,
    key,
    supplier: settings.supplier,
    advisories: advisories === undefined ? undefined : () => advisories.current(),
    version,
  })
  const pages = {
    listImages: () => registry.knownImages(),
    imageOf: pageImages({
      artifact: (reference, tag) => registry.artifact(reference, tag),
      image: (reference, tag, platform) => registry.image(reference, tag, platform),
      inventoryOf: (image) => insights.inventory(image),
      findingsOf: (image) => imageFindings(insights, image),
      provenanceOf: async (artifact) => ({
        facts: await insights.provenance(artifact),
        statement: () => insights.document(artifact, { kind: 'plain', predicate: 'provenance' }),
      }),
    }),
  }
  const app = createApp(
    {
      tls,
      registry,
      referrers: new Referrers(registry, insights),
      journal,
      token: tokenFile === undefined ? undefined : tokenOf(tokenFile.current),
      authentication: auth?.options,
      rules: () => auth?.file().rules,
      onAudit,
      isTraced: tracing !== undefined,
      proxies,
      limits: {
        requests: settings.clientRequests,
        connections: settings.clientConnections,
        bytes: settings.clientBytes,
      },
      listeners: { metrics: settings.metricsListen, admin: settings.adminListen },
      hosts: settings.hosts,
      loopback,
      connections,
      nixCache,
      web,
      pages: settings.pages ? pages : undefined,
      metrics,
      isStateTroubled,
      compression: settings.compressionMode,
      copies,
      wait: settings.waitMode,
    },
    logger,
  )
  const { host, port } = settings.listen
  let zeroCopy: ZeroCopy | undefined
  try {
    if (settings.nriSocket !== undefined && zeroCopyImages !== undefined) {
      const { openZeroCopy } = await import('./zero-copy/open-zero-copy.ts')
      zeroCopy = await openZeroCopy({
        socket: settings.nriSocket,
        store,
        images: zeroCopyImages,
        stateDirectory: settings.stateDirectory,
        registry,
        listeners: zeroCopyListeners(logger, metrics),
      })
      metrics.watchZeroCopy(zeroCopy.figures)
    }
    // Fastify doesn't know of the TLS below it.
    const toUrl = (address: string) => (tls === undefined ? address : address.replace(/^http:/, 'https:'))
    const listenTextResolver = (address: string) => `bound to ${toUrl(address)}`
    const url = toUrl(await app.listen({ host, port, listenTextResolver }))
    logger.info(
      { url, nix: store.name, state: settings.stateDirectory, connections, descriptors },
      'listening',
    )
    const preparation = setTimeout(() => void registry.prepare(), PREPARED_AFTER_MS).unref()
    void registry.warmUp().then(
      (version) => logger.info({ version }, 'Nix answers'),
      (error: unknown) => logger.warn({ err: error }, 'Nix does not answer; each pull tries again'),
    )
    return {
      url,
      reload: () => {
        audit?.reopen()
        onAudit(reloadEvent('SIGHUP'))
        tokenFile?.reload()
        auth?.reload()
        tls?.reload()
      },
      close: async () => {
        clearTimeout(preparation)
        const closed = app.close()
        await Promise.race([closed, delay(settings.graceMs, undefined, { ref: false })])
        app.server.closeAllConnections()
        await closed
        await zeroCopy?.close()
        nixCache?.close()
        await copies?.close()
        advisories?.close()
        auth?.close()
        tls?.close()
        await close()
        await tracing?.close()
        audit?.close()
      },
    }
  } catch (error) {
    await zeroCopy?.close()
    nixCache?.close()
    await copies?.close()
    advisories?.close()
    auth?.close()
    tls?.close()
    await close()
    if (error instanceof RegistryError) throw error
    throw new RegistryError('unavailable', `cannot listen on ${listenText(settings.listen)}`, {
      cause: error,
    })
  }
}
