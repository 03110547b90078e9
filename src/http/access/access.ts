/** Decides what a request may do: by the rights of its subject, by the one token, or because it comes from here. */
import type { FastifyRequest } from 'fastify'
import type { Right, Subject } from '../../access/subject.ts'
import { RegistryError } from '../../core/errors/errors.ts'
import { clientOf } from './client.ts'
import type { LoopbackTrust } from './loopback-trust.ts'
import { demandToken, hasToken, type Token } from './token.ts'

export type Access = {
  readonly loopback: LoopbackTrust
  /** Whether anybody has credentials here. */
  readonly hasCredentials: boolean
  readonly has: (request: FastifyRequest, right: Right) => boolean
  /** Whether a subject may pull, as far as its rights decide that. */
  readonly mayPull: (subject: Subject) => boolean
  /**
   * @throws RegistryError `unauthorized` for a client without credentials, `too-many-guesses`, `refused` for one whose
   * credentials have no such right, and `denied` if that right is to pull: it looks as if the image weren't there.
   */
  readonly demand: (request: FastifyRequest, right: Right) => void
}

/** Everybody who reaches the server may pull, and the token of --token-file gives all other rights. */
export function tokenAccess(token: Token | undefined, loopback: LoopbackTrust): Access {
  return {
    loopback,
    hasCredentials: token !== undefined,
    has: (request, right) => right === 'pull' || hasToken(request, token),
    mayPull: () => true,
    demand: (request, right) => {
      if (right !== 'pull') demandToken(request, token)
    },
  }
}

/** The subject has rights: for servers whose authentication.ts finds the subject of each request. */
export function subjectAccess(loopback: LoopbackTrust): Access {
  return {
    loopback,
    hasCredentials: true,
    has: hasRight,
    mayPull: ({ rights }) => rights.has('pull'),
    demand: (request, right) => {
      if (hasRight(request, right)) return
      const { kind, name } = clientOf(request).subject
      if (kind === 'anonymous')
        throw new RegistryError('unauthorized', `this needs credentials with the right ${right}`)
      if (right === 'pull') throw new RegistryError('denied', `${name} has not the right to pull`)
      throw new RegistryError('refused', `these credentials do not have the right ${right}`, {
        detail: { right },
      })
    },
  }
}

function hasRight(request: FastifyRequest, right: Right): boolean {
  return clientOf(request).subject.rights.has(right)
}

/** Somebody on this machine, or somebody who may see builds: they may read the same in the log of a build. */
export function mayRead(request: FastifyRequest, access: Access): boolean {
  return access.loopback.isLocal(request) || access.has(request, 'builds')
}

/** @throws RegistryError as `Access.demand` does. */
export function demandLocalOr(request: FastifyRequest, access: Access, right: Right): void {
  if (!access.loopback.isLocal(request)) access.demand(request, right)
}
