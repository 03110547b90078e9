/**
 * The certificates as the files have them now. Kubernetes replaces the files of a Secret by changing a link, certbot
 * changes links too, others rename or rewrite. While the files are missing, half written or don't fit each other, the
 * last good ones stay.
 */
import { statSync } from 'node:fs'
import { RegistryError } from '../core/errors/errors.ts'
import { stampOf } from '../core/file-state.ts'
import { adviceOn } from './certificate-advice.ts'
import { readCertificates, type CertificateFiles, type Certificates } from './certificate-files.ts'

export type CertificateListener = {
  /** Other certificates count for connections from now on. */
  readonly onChange: (certificates: Certificates) => void
  /** The last good ones stay. Heard once until they are good again, or until something else is wrong. */
  readonly onTrouble: (error: RegistryError) => void
  /** Something that clients will complain about. Each is heard once for the same certificates. */
  readonly onAdvice: (advice: string) => void
}

export class CertificateWatch {
  readonly #files: CertificateFiles
  readonly #listener: CertificateListener
  readonly #now: () => Date
  readonly #told = new Set<string>()
  #certificates: Certificates
  #stamp: string
  #trouble: string | undefined

  /** @throws RegistryError `unavailable` for files that can't be used. */
  constructor(files: CertificateFiles, listener: CertificateListener, now: () => Date = () => new Date()) {
    this.#files = files
    this.#listener = listener
    this.#now = now
    this.#stamp = this.#stampNow()
    this.#certificates = readCertificates(files)
    this.#advise()
  }

  get current(): Certificates {
    return this.#certificates
  }

  /** Looks at the files, and reads them if one of them changed. Cheap enough for each connection. */
  refresh(): void {
    if (this.#stampNow() !== this.#stamp) this.reload()
  }

  /** The same, and warns of an end that has come near. To be called now and then. */
  remind(): void {
    this.refresh()
    this.#advise()
  }

  /** Reads the files even if they seem to be unchanged, as after a SIGHUP. */
  reload(): void {
    // Before they are read: what changes meanwhile is read again next time.
    this.#stamp = this.#stampNow()
    try {
      const certificates = readCertificates(this.#files)
      const { cert, key, clientCa } = this.#certificates
      const isSame =
        cert === certificates.cert && key === certificates.key && clientCa === certificates.clientCa
      this.#certificates = certificates
      this.#trouble = undefined
      if (isSame) return
      this.#told.clear()
      this.#listener.onChange(certificates)
      this.#advise()
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      if (error.message !== this.#trouble) this.#listener.onTrouble(error)
      this.#trouble = error.message
    }
  }

  #advise(): void {
    for (const advice of adviceOn(this.#certificates, this.#now())) {
      if (this.#told.has(advice)) continue
      this.#told.add(advice)
      this.#listener.onAdvice(advice)
    }
  }

  #stampNow(): string {
    const { certFile, keyFile, clientCaFile } = this.#files
    return [certFile, keyFile, clientCaFile]
      .map((file) => (file === undefined ? '' : stampNow(file)))
      .join('|')
  }
}

function stampNow(file: string): string {
  try {
    return stampOf(statSync(file, { bigint: true }))
  } catch (error) {
    return String(error)
  }
}
