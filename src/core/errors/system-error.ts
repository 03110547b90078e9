/**
 * Failures of the operating system and of the network as sentences for people: where, what is wrong, and what to do.
 * The one place that knows their codes (errno(3), getaddrinfo(3), and those of Node's own HTTP client).
 */

/** The fault, and what to do about it. */
type Advice = readonly [wrong: string, advice?: string]

const OF_FILES: Readonly<Record<string, Advice>> = {
  ENOENT: ['no such file or directory', 'check its spelling'],
  ENOTDIR: ['not below a directory', 'a part of this path is a file'],
  EISDIR: ['is a directory', 'name a file'],
  EEXIST: ['is there already', 'name another place'],
  ENOTEMPTY: ['the directory is not empty', 'name another place'],
  EACCES: ['permission denied', 'run as a user who may, or change its owner or mode'],
  EPERM: ['the system does not permit that', 'run as the owner, or as root'],
  EROFS: ['the file system is read-only', 'name another place, or mount it for writing'],
  ENOSPC: ['no space left on the disk', 'make room there'],
  EDQUOT: ['the disk quota is used up', 'make room there, or have it raised'],
  EFBIG: ['larger than files can be there', 'name a place on another file system'],
  EIO: ['the disk fails', 'the kernel’s log (dmesg) says more'],
  ELOOP: ['symbolic links lead in a circle', 'name the file itself'],
  ENAMETOOLONG: ['the name is too long', 'Linux allows 255 bytes for a name, 4095 for a path'],
  EXDEV: ['lies on another file system', 'name a place on the same one'],
  EBUSY: ['is in use', 'end what uses it'],
  ETXTBSY: ['is a program that runs', 'end it first'],
  EMFILE: ['too many open files', 'raise the limit: ulimit -n'],
  ENFILE: ['too many open files on this machine', 'raise fs.file-max'],
  ENOMEM: ['no memory left', 'end other programs, or add memory'],
  EAGAIN: ['the system has no process or memory left for it', 'try again, or raise the limit: ulimit -u'],
}

const OF_CONNECTIONS: Readonly<Record<string, Advice>> = {
  ENOENT: ['there is no such socket', 'start what listens there, or name another'],
  ECONNREFUSED: ['nothing listens there', 'start it, or name another address'],
  ECONNRESET: ['the other side ended the connection', 'its log may say why'],
  EPIPE: ['the other side ended the connection', 'its log may say why'],
  ETIMEDOUT: ['no answer in time', 'check the address, and firewalls between here and there'],
  EHOSTUNREACH: ['no route leads there', 'check the address and the network'],
  ENETUNREACH: ['no route leads there', 'check the address and the network'],
  EACCES: ['permission denied', 'run as a user who may connect to it'],
  EINVAL: ['no socket can be there', 'the path of one has at most 107 bytes'],
  EPERM: ['the system does not permit to connect to it', 'check the firewall'],
  ENOTFOUND: ['no such host', 'check its spelling and DNS'],
  EAI_AGAIN: ['DNS does not answer', 'check the network and /etc/resolv.conf'],
  UND_ERR_CONNECT_TIMEOUT: ['no answer in time', 'check the address, and firewalls between here and there'],
  UND_ERR_HEADERS_TIMEOUT: ['no answer in time', 'its log may say why'],
  UND_ERR_BODY_TIMEOUT: ['the answer stopped in the midst', 'its log may say why'],
  UND_ERR_SOCKET: ['the other side ended the connection', 'its log may say why'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['no TLS is spoken there', 'write http:// instead of https://'],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['no TLS is spoken there', 'write http:// instead of https://'],
  CERT_HAS_EXPIRED: ['its certificate has expired', 'renew it'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is signed by itself', 'name it in NODE_EXTRA_CA_CERTS'],
  SELF_SIGNED_CERT_IN_CHAIN: [
    'its certificate’s authority is unknown here',
    'name it in NODE_EXTRA_CA_CERTS',
  ],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    'its certificate’s authority is unknown here',
    'name it in NODE_EXTRA_CA_CERTS',
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another name', 'use a name that it has'],
}

const OF_LISTENING: Readonly<Record<string, (address: string, port: string) => string>> = {
  EADDRINUSE: (_, port) => `port ${port} is in use: choose another with --listen`,
  EACCES: (_, port) =>
    `port ${port} is for root: choose one from 1024 on with --listen, or grant CAP_NET_BIND_SERVICE`,
  EADDRNOTAVAIL: (address) =>
    `${address} is not an address of this machine: choose another with --listen, such as 0.0.0.0 for all`,
  EAFNOSUPPORT: (address) => `this machine has no addresses such as ${address}: choose another with --listen`,
}

/** How errno(3) names are written, unlike `ERR_INVALID_URL` of Node. */
const ERRNO = /^E[A-Z0-9]{2,}$/

/** The system's code of an error, such as `ENOENT`; undefined for one that has none. */
export function systemCode(error: unknown): string | undefined {
  const code = fact(error, 'code')
  if (code === undefined) return undefined
  return ERRNO.test(code) || code in OF_CONNECTIONS ? code : undefined
}

/** As `explainSystemError`, without the place: `no such file or directory; check its spelling`. */
export function systemReason(error: unknown): string | undefined {
  return explainSystemError(error, '')
}

/**
 * `/etc/x: no such file or directory; check its spelling`. Of an error that isn't the system's, undefined.
 * @param place names it where the error doesn't, as for a write to a file that is open; empty for none.
 */
export function explainSystemError(error: unknown, place?: string): string | undefined {
  const code = systemCode(error)
  if (code === undefined) return undefined
  const syscall = fact(error, 'syscall') ?? ''
  const address = fact(error, 'address') ?? ''
  const port = fact(error, 'port') ?? ''
  if (syscall === 'listen' || syscall === 'bind') {
    const explained = OF_LISTENING[code]?.(address, port)
    if (explained !== undefined) return explained
  }
  const program = /^spawn (.+)$/.exec(syscall)?.[1]
  if (program !== undefined && code === 'ENOENT')
    return `${program}: no such program; install it, or add its directory to PATH`
  const isNetwork = isOfNetwork(code, syscall)
  const [wrong, advice] = (isNetwork ? OF_CONNECTIONS : OF_FILES)[code] ?? [plain(error, code)]
  const where = place ?? (isNetwork ? networkPlace(error) : fact(error, 'path'))
  return `${where === undefined || where === '' ? '' : `${where}: `}${wrong}${advice === undefined ? '' : `; ${advice}`}`
}

function isOfNetwork(code: string, syscall: string): boolean {
  if (/^(?:connect|getaddrinfo)/.test(syscall)) return true
  return code in OF_CONNECTIONS && !(code in OF_FILES)
}

function networkPlace(error: unknown): string | undefined {
  const address = fact(error, 'address')
  const port = fact(error, 'port')
  if (address === undefined) return fact(error, 'hostname') ?? fact(error, 'path')
  if (port === undefined) return address
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`
}

/** `ENODEV: no such device, open '/x'` without its code and call. */
function plain(error: unknown, code: string): string {
  const message = error instanceof Error ? error.message : ''
  const [, words] = /^[A-Z0-9_]+: (.+?), [a-z]+(?: '.*)?$/.exec(message) ?? []
  return words ?? `the system says ${code}`
}

function fact(error: unknown, name: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const value = new Map<string, unknown>(Object.entries(error)).get(name)
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
}
