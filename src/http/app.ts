/** The HTTP side, assembled: no listening, no signals, so that tests can have one too. */
import type { RequestListener, Server } from 'node:http'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { RegistryError } from '../core/errors/errors.ts'
import type { NixCache } from '../nix-cache/nix-cache.ts'
import { registerClientCertificates } from './access/client-certificate.ts'
import type { ClientAuth } from './access/client-auth.ts'
import { registerBodyDeadline } from './connection/body-deadline.ts'
import { registerBuilds, type BuildsOptions } from './builds/builds.ts'
import { registerPages, type PagesOptions } from './pages/pages.ts'
import { registerWebFiles, type WebFiles } from './pages/web-files.ts'
import { subjectAccess, tokenAccess } from './access/access.ts'
import { audienceOf } from './access/audience.ts'
import { registerAuthentication, type AuthenticationOptions } from './access/authentication.ts'
import { registerClientLimits, type ClientLimits } from './access/client-limits.ts'
import { registerOrigins } from './access/client.ts'
import { TrustedProxies } from './access/trusted-proxies.ts'
import { registerRequestAudit, requestIds } from './access/request-audit.ts'
import { registerRequestSpans } from './request-span.ts'
import type { AuditListener } from '../access/audit-event.ts'
import { PullGate, type PullGateOptions } from './access/pull-gate.ts'
import { registerTokenEndpoint } from './access/token-endpoint.ts'
import type { Token } from './access/token.ts'
import { registerShortWay } from './short-way/short-way.ts'
import { ANONYMOUS } from '../access/subject.ts'
import { registerErrors, sendRefusal } from './errors.ts'
import { CONNECTION_TIMES, connectionLimit, registerConnections } from './connection/connections.ts'
import { originForm, type HostPattern } from './access/host-name.ts'
import { LoopbackTrust } from './access/loopback-trust.ts'
import { registerListeners, type ListenerAddress, type ListenerName } from './connection/listeners.ts'
import { registerNixCache } from './nix-cache.ts'
import { registerHealth } from './health.ts'
import type { Metrics } from './metrics.ts'
import { registerLoopTurn } from './connection/loop-turn.ts'
import { registerPipelining } from './connection/pipelining.ts'
import { registerPullCheck } from './check/pull-check.ts'
import { bodiesFor } from './connection/request-bodies.ts'
import { refusalOf, registerRequestGuard } from './access/request-guard.ts'
import { RequestLog, registerRequestLog, requestLogger } from './request-log.ts'
import { registerStalledClients } from './connection/stalled-clients.ts'
import { createTlsServer, type TlsService } from './connection/tls-server.ts'
import { registerV2, type V2Options } from './pull/v2.ts'
import { registerWarm } from './warm/warm.ts'

export type AppOptions = Omit<V2Options, 'gate'> &
  Omit<BuildsOptions, 'access' | 'hasImages'> & {
    /** The token of --token-file. It counts only without `authentication`, which has its own. */
    readonly token: Token | undefined
    /** Finds the subjects of requests. Default: everybody may pull, and the token gives all other rights. */
    readonly authentication?: Omit<AuthenticationOptions, 'loopback'> | undefined
    /** The rules of the policy as they are now. Default: none, so who may pull may pull everything. */
    readonly rules?: PullGateOptions['rules']
    /** Names of this server beside the default ones. Default: none. */
    readonly hosts?: readonly HostPattern[]
    /** Default: open, for as long as no request comes through a proxy. */
    readonly loopback?: LoopbackTrust
    /** How many there may be at once. */
    readonly connections?: number
    readonly metrics: Metrics
    /** Hears what the audit log has. Default: nobody does. */
    readonly onAudit?: AuditListener
    /** Whether requests have spans. Default: no. */
    readonly isTraced?: boolean
    /** Addresses beside the one of the API. Default: none. */
    readonly listeners?: Readonly<Partial<Record<ListenerName, ListenerAddress | undefined>>>
    /** Default: none, so the client is who connects. */
    readonly proxies?: TrustedProxies
    /** The limits of one client. Default: no limits. */
    readonly limits?: ClientLimits & { readonly connections: number }
    /** Default: HTTP without TLS. */
    readonly tls?: TlsOptions | undefined
    /** Whether the state directory can't be used. Default: it can. */
    readonly isStateTroubled?: () => boolean
    /** None: `/nix-cache` isn't there. */
    readonly nixCache?: NixCache | undefined
    /** Styles and scripts of pages. Default: none, and pages are plain. */
    readonly web?: WebFiles
    /** The source of pages about images. None: `/` and `/images` aren't there. */
    readonly pages?: Omit<PagesOptions, 'access' | 'gate'> | undefined
  }

/** `clientAuth` is what clients without a certificate may do. */
type TlsOptions = Omit<TlsService, 'asksClients'> & { readonly clientAuth: ClientAuth }

const NO_AUDIT = () => undefined
const NO_RULES = () => undefined
const NO_LIMITS = { requests: 0, bytes: 0, connections: 0 }
/** No route has a schema. By default fastify loads two compilers for them, before the server listens. */
const NO_SCHEMAS = { buildValidator: demandNoSchema, buildSerializer: demandNoSchema }

export function createApp(options: AppOptions, logger: FastifyBaseLogger): FastifyInstance {
  const {
    hosts = [],
    loopback = new LoopbackTrust(true),
    connections = connectionLimit(undefined),
    tls,
    proxies = new TrustedProxies([]),
    limits = NO_LIMITS,
  } = options
  const requestId = requestIds()
  const app = Fastify({
    loggerInstance: logger,
    genReqId: requestId,
    logController: new RequestLog(),
    childLoggerFactory: requestLogger(proxies),
    exposeHeadRoutes: false,
    // Streams of gigabytes to slow clients are what we are here for.
    requestTimeout: 0,
    connectionTimeout: 0,
    ...CONNECTION_TIMES,
    ...(tls === undefined ? {} : { serverFactory: (handler: RequestListener) => tlsServer(tls, handler) }),
    // Running downloads end when they are done, or when server.ts loses patience.
    forceCloseConnections: 'idle',
    // A malformed URL, which reaches no route and no hook.
    frameworkErrors: (_error, request, reply) => {
      const malformed = new RegistryError('name-invalid', 'malformed percent-encoding')
      void sendRefusal(reply, refusalOf(request, { hosts, loopback }) ?? malformed, request)
    },
    rewriteUrl: ({ url = '/' }) => originForm(url),
    routerOptions: { maxParamLength: 2048 },
    schemaController: { compilersFactory: NO_SCHEMAS },
  })
  registerOrigins(app, proxies)
  const { metrics: metricsAddress, admin: adminAddress } = options.listeners ?? {}
  registerListeners(app, {
    metrics: metricsAddress && { address: metricsAddress },
    admin: adminAddress && {
      address: adminAddress,
      ...(tls === undefined ? {} : { createServer: (handler: RequestListener) => tlsServer(tls, handler) }),
    },
  })
  const turnsOf = registerPipelining(app)
  registerRequestLog(app)
  const { authentication, token } = options
  const access = authentication === undefined ? tokenAccess(token, loopback) : subjectAccess(loopback)
  registerRequestAudit(app, options.onAudit ?? NO_AUDIT)
  if (options.isTraced === true) registerRequestSpans(app)
  registerErrors(app, (request, refusal) => audienceOf(request, refusal, access))
  const connectionUse = registerConnections(app, connections, {
    most: limits.connections,
    isExempt: (address) => proxies.has(address),
  })
  registerBodyDeadline(app)
  registerStalledClients(app)
  registerLoopTurn(app)
  registerRequestGuard(app, { hosts, loopback })
  registerClientCertificates(app, tls?.clientAuth ?? 'off')
  const bodies = bodiesFor(access)
  if (authentication !== undefined) {
    registerAuthentication(app, { ...authentication, loopback })
    registerTokenEndpoint(app, { ...authentication, loopback, bodies })
  }
  options.metrics.register(app, () => options.registry.figures())
  registerHealth(app, () => options.registry.askNix(), options.isStateTroubled)
  const uses = registerClientLimits(app, limits, (what) => options.metrics.onLimit(what))
  const gate = new PullGate({ access, registry: options.registry, rules: options.rules ?? NO_RULES })
  registerV2(app, { ...options, gate })
  const { nixCache, compression } = options
  registerWarm(app, { ...options, access, gate, bodies })
  registerPullCheck(app, { registry: options.registry, bodies, access, gate })
  const { web, pages } = options
  registerBuilds(app, { ...options, access, hasImages: pages !== undefined })
  if (web !== undefined) registerWebFiles(app, web)
  if (pages !== undefined) registerPages(app, { ...pages, access, gate })
  if (nixCache !== undefined) registerNixCache(app, { nixCache, access, gate, compression, bodies })
  // Spans and subjects of certificates are of the other way alone.
  if (options.isTraced !== true && (tls === undefined || tls.clientAuth === 'off'))
    registerShortWay(app, {
      ...options,
      hosts,
      loopback,
      proxies,
      gate,
      turnsOf,
      uses,
      requestId,
      log: app.log,
      connections: connectionUse,
      anonymous: (isLocal) => authentication?.authenticator.anonymous(isLocal) ?? ANONYMOUS,
    })
  return app
}

function demandNoSchema(): never {
  throw new Error('routes have no schemas here')
}

function tlsServer({ current, clientAuth }: TlsOptions, handler: RequestListener): Server {
  const { keepAliveTimeout, http } = CONNECTION_TIMES
  const service = { current, asksClients: clientAuth !== 'off' }
  return createTlsServer(service, { keepAliveTimeout, ...http }, handler)
}
