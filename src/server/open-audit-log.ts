/** Opens the audit log. Its own trouble is told by the server's log. */
import type { FastifyBaseLogger } from 'fastify'
import { AuditLog } from '../access/audit/audit-log.ts'

export function openAuditLog(file: string, logger: FastifyBaseLogger): AuditLog {
  return new AuditLog({
    file,
    onTrouble: (error) =>
      logger.error({ err: error, file }, 'audit log: lines are lost until it can be written'),
  })
}
