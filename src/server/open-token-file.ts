/** Opens the token file, which is read again when it changes. */
import type { FastifyBaseLogger } from 'fastify'
import type { AuditListener } from '../access/audit-event.ts'
import { reloadEvent } from '../access/audit/server-events.ts'
import { TokenFile } from '../http/access/token-file.ts'

export function openTokenFile(
  file: string | undefined,
  onAudit: AuditListener,
  logger: FastifyBaseLogger,
): TokenFile | undefined {
  if (file === undefined) return undefined
  return new TokenFile(file, {
    onChange: () => {
      logger.info({ file }, 'another token counts from now on')
      onAudit(reloadEvent(file))
    },
    onTrouble: (error) => {
      logger.error({ err: error, file }, 'token file not read: the last token goes on to count')
      onAudit(reloadEvent(file, error))
    },
    onReadableByAll: (advice) =>
      logger.warn({ file, advice }, 'every user of this machine can read the token'),
  })
}
