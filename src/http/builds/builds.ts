/**
 * Shows builds and fetches: state, failure and log, also while the log grows. `GET /builds`, and `GET` and `DELETE
 * /builds/<hash>` with the hash of a derivation or of a path.
 *
 * A builder prints anything, secrets too. So these pages are for clients on this machine, where `nix log` shows the
 * same (see loopback-trust.ts), and for clients with the token. `kubectl port-forward` counts as this machine, since
 * access to it is controlled. Other developers get the reason in the failed pull, and the address of the log.
 * Forgetting a failure changes something: it needs the token where there is one, else a client on this machine.
 */
import { queryOf } from '../request-target.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RegistryError } from '../../core/errors/errors.ts'
import { parseStoreHash, type StoreHash } from '../../core/nix/store-path.ts'
import { isOver } from '../../registry/work/follow.ts'
import type { WorkJournal } from '../../registry/work/work-journal.ts'
import { WORK_STATES, type WorkRecord } from '../../registry/work/work-records.ts'
import { preferred } from '../pull/accept.ts'
import { sendPage } from '../pages/send-page.ts'
import { buildPage, listPage } from './builds-page.ts'
import { eventText, lineText, workView } from './builds-view.ts'
import { Followers, type FollowForm } from './followers.ts'
import { demandLocalOr, type Access } from '../access/access.ts'

export type BuildsOptions = {
  readonly journal: WorkJournal
  readonly access: Access
  /** Whether the navigation of the pages leads to images. */
  readonly hasImages: boolean
}

const READ = ['GET', 'HEAD']
/** Newest first; more are found by their hashes. */
const LIST_LENGTH = 100
/** A name of the store behind its hash, or nothing. */
const ID = /^([0-9a-z]{32})(?:-.*)?$/

const EVENTS: FollowForm = {
  contentType: 'text/event-stream; charset=utf-8',
  text: eventText,
  keepAlive: ':\n\n',
  end: (state) => `event: end\ndata: ${state}\n\n`,
}
const LINES: FollowForm = {
  contentType: 'text/plain; charset=utf-8',
  text: lineText,
  keepAlive: '',
  end: () => '',
}

export function registerBuilds(app: FastifyInstance, options: BuildsOptions): void {
  const { journal, access, hasImages } = options
  const followers = new Followers()
  // Before the server waits for its requests to end.
  app.addHook('preClose', async () => followers.close())

  app.route({
    method: READ,
    url: '/builds',
    handler: async (request, reply) => {
      demandReader(request, options)
      const asked = queryOf(request.raw.url).get('state')
      const state = WORK_STATES.find((known) => known === asked)
      const records = asked !== null && state === undefined ? [] : journal.list(LIST_LENGTH, state)
      if (preferred(request.headers.accept, ['application/json', 'text/html']) === 'text/html')
        return sendPage(request, reply, listPage(records, hasImages))
      return sendJson(request, reply, { builds: records.map((record) => view(record, journal)) })
    },
  })
  app.route<{ Params: { id: string } }>({
    method: READ,
    url: '/builds/:id',
    handler: async (request, reply) => {
      demandReader(request, options)
      const record = find(journal, request.params.id)
      return queryOf(request.raw.url).has('follow')
        ? follow(request, reply, record, journal, followers)
        : answer(request, reply, record, options)
    },
  })
  app.delete<{ Params: { id: string } }>('/builds/:id', async (request, reply) => {
    if (access.hasCredentials || !access.loopback.isLocal(request)) access.demand(request, 'admin')
    if (!journal.forget(find(journal, request.params.id).id)) throw unknownBuild(request.params.id)
    return reply.code(204).send()
  })
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  record: WorkRecord,
  { journal, hasImages }: BuildsOptions,
): Promise<FastifyReply> {
  switch (preferred(request.headers.accept, ['application/json', 'text/html', 'text/plain'])) {
    case 'application/json':
      return sendJson(request, reply, view(record, journal))
    case 'text/html':
      return sendPage(
        request,
        reply,
        buildPage(record, isOver(record) ? await journal.log(record) : undefined, hasImages),
      )
    case 'text/plain': {
      const log = await journal.log(record)
      if (log === undefined)
        throw new RegistryError('not-found', 'the log of this build is not kept any more')
      return sendText(request, reply, 'text/plain; charset=utf-8', log)
    }
  }
}

async function follow(
  request: FastifyRequest,
  reply: FastifyReply,
  record: WorkRecord,
  journal: WorkJournal,
  followers: Followers,
): Promise<FastifyReply> {
  const isEvents = preferred(request.headers.accept, ['text/event-stream', 'text/plain']) !== 'text/plain'
  const form = isEvents ? EVENTS : LINES
  if (request.method === 'HEAD')
    return reply.header('content-type', form.contentType).header('cache-control', 'no-store').send()
  const last = Number(request.headers['last-event-id'] ?? 0)
  const from = Number.isSafeInteger(last) && last >= 0 ? last : 0
  // An EventSource whose stream ended asks again; this answer ends it (HTML standard, section 9.2.3).
  if (isEvents && from > 0 && isOver(record) && from >= (record.log?.lines ?? 0))
    return reply.code(204).send()
  return followers.send(reply, form, (signal) => journal.follow(record, from, signal))
}

function demandReader(request: FastifyRequest, { access }: BuildsOptions): void {
  demandLocalOr(request, access, 'builds')
}

/** @throws RegistryError `name-unknown`. */
function find(journal: WorkJournal, id: string): WorkRecord {
  const hash = hashOf(id)
  const record = hash === undefined ? undefined : journal.get(hash)
  if (record === undefined) throw unknownBuild(id)
  return record
}

function hashOf(id: string): StoreHash | undefined {
  return parseStoreHash(ID.exec(id)?.[1] ?? '')
}

function unknownBuild(id: string): RegistryError {
  return new RegistryError('not-found', 'no build or fetch of this is known', {
    detail: { id: id.slice(0, 300) },
  })
}

function view(record: WorkRecord, journal: WorkJournal): Readonly<Record<string, unknown>> {
  return workView(record, journal.remembered(record))
}

function sendJson(request: FastifyRequest, reply: FastifyReply, value: unknown): FastifyReply {
  return sendText(request, reply, 'application/json', `${JSON.stringify(value)}\n`)
}

function sendText(request: FastifyRequest, reply: FastifyReply, type: string, text: string): FastifyReply {
  const bytes = Buffer.from(text)
  reply
    .header('content-type', type)
    .header('content-length', bytes.length)
    .header('cache-control', 'no-store')
    .header('vary', 'accept')
    .header('x-content-type-options', 'nosniff')
  return request.method === 'HEAD' ? reply.send() : reply.send(bytes)
}
