/** Opens what `--auth` names: the file, watched, and the authenticator that decides by it. */
import type { FastifyBaseLogger } from 'fastify'
import { reloadEvent } from '../../access/audit/server-events.ts'
import type { AuditListener } from '../../access/audit-event.ts'
import { Authenticator } from '../../access/credentials/authenticator.ts'
import { readAccessFile, type AccessFile } from '../../access/file/read-access-file.ts'
import { WatchedFile } from '../../access/file/watched-file.ts'
import type { RegistryError } from '../../core/errors/errors.ts'
import type { AuthenticationOptions } from './authentication.ts'
import { GuessLimit } from './guess-limit.ts'

export type OpenAuthentication = {
  readonly options: Omit<AuthenticationOptions, 'loopback'>
  /** The auth file as it is now. */
  readonly file: () => AccessFile
  readonly reload: () => void
  readonly close: () => void
}

/**
 * @param token gives the token of --token-file as it is now, if there is one.
 * @throws RegistryError `unavailable` for a file that can't be used.
 */
export function openAuthentication(
  path: string,
  token: (() => string) | undefined,
  onAudit: AuditListener,
  logger: FastifyBaseLogger,
): OpenAuthentication {
  const listener = {
    onChange: () => {
      logger.info({ file: path }, 'the auth file was read: its new content counts from now on')
      onAudit(reloadEvent(path))
    },
    onTrouble: (error: RegistryError) => {
      logger.error({ err: error, file: path }, 'auth file not read: its last good content goes on to count')
      onAudit(reloadEvent(path, error))
    },
  }
  const watched = new WatchedFile(path, readAccessFile, listener)
  const authenticator = new Authenticator({ file: () => watched.current, token, listener })
  return {
    options: { authenticator, guesses: new GuessLimit(), onAudit },
    file: () => watched.current,
    reload: () => {
      watched.reload()
      authenticator.reload()
    },
    close: () => authenticator.close(),
  }
}
