/** The certificates of a running server: read again when they change, with a line in the log about each change. */
import type { RegistryError } from '../core/errors/errors.ts'
import { endOf } from './certificate-advice.ts'
import { subjectOf, type CertificateFiles, type Certificates } from './certificate-files.ts'
import { CertificateWatch } from './certificate-watch.ts'

/** The part of a logger that is used. */
export type TlsLog = {
  readonly info: (facts: object, message: string) => void
  readonly warn: (facts: object, message: string) => void
  readonly error: (facts: object, message: string) => void
}

export type OpenTls<ClientAuth> = {
  readonly clientAuth: ClientAuth
  /** The certificates as the files have them now. */
  readonly current: () => Certificates
  /** When the first certificate of the chain ends, in milliseconds since 1970. */
  readonly end: () => number
  /** Reads the files even if they seem to be unchanged. */
  readonly reload: () => void
  readonly close: () => void
}

/** Between connections, for a server that nobody connects to: so the log tells of trouble and of ends. */
const REMIND_MS = 60_000

/**
 * @param onReload hears of each change, and of one that can't be used.
 * @throws RegistryError `unavailable` for files that can't be used.
 */
export function openTls<ClientAuth>(
  { clientAuth, ...files }: CertificateFiles & { readonly clientAuth: ClientAuth },
  log: TlsLog,
  onReload: (file: string, error?: RegistryError) => void = () => undefined,
): OpenTls<ClientAuth> {
  const watch = new CertificateWatch(files, {
    onChange: (certificates) => {
      log.info(factsOf(certificates), 'another certificate counts from now on')
      onReload(files.certFile)
    },
    onTrouble: (error) => {
      log.error({ err: error }, 'TLS files not read: the last good certificate goes on to count')
      onReload(files.certFile, error)
    },
    onAdvice: (advice) => log.warn({ file: files.certFile, advice }, 'clients may refuse TLS'),
  })
  log.info({ ...factsOf(watch.current), clientAuth }, 'TLS')
  const timer = setInterval(() => watch.remind(), REMIND_MS)
  timer.unref()
  return {
    clientAuth,
    current: () => {
      watch.refresh()
      return watch.current
    },
    end: () => endOf(watch.current.chain).getTime(),
    reload: () => watch.reload(),
    close: () => clearInterval(timer),
  }
}

function factsOf({ chain }: Certificates): object {
  const [own] = chain
  const last = chain.at(-1) ?? own
  return {
    subject: subjectOf(own),
    names: own.subjectAltName,
    issuer: last.issuer.replaceAll('\n', ', '),
    certificates: chain.length,
    until: endOf(chain).toISOString(),
  }
}
