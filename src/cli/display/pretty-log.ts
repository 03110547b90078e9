/** Log lines for people: `[16:20:15] INFO: listening http://127.0.0.1:5000 state=/var/lib/pushless`. */
import pretty from 'pino-pretty'

const STDOUT = 1
/** Fields that every line shows at its head, or nowhere. */
const AT_THE_HEAD: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'reqId'])
/** Facts that need no name, in the order that they are read in. */
const WITHOUT_NAME = ['method', 'url', 'status', 'reason', 'cause'] as const

/** A stream for pino, which writes to standard output. */
export function prettyLines(hasColor: boolean): ReturnType<typeof pretty> {
  return pretty({
    colorize: hasColor,
    translateTime: 'SYS:HH:MM:ss',
    // Facts are put into the line itself, by `describe`.
    hideObject: true,
    errorLikeObjectKeys: [],
    messageFormat: (line) => describe(line),
    destination: STDOUT,
    sync: true,
  })
}

/** One line, below it the stack of a defect. Text that a client sent can't steer the terminal. */
export function describe(line: Readonly<Record<string, unknown>>): string {
  const { msg, err } = line
  const bare = WITHOUT_NAME.flatMap((name) => (line[name] === undefined ? [] : [plain(line[name])]))
  const named = Object.entries(line).flatMap(([name, value]) =>
    AT_THE_HEAD.has(name) || name === 'err' || WITHOUT_NAME.some((one) => one === name) || value === undefined
      ? []
      : [`${name}=${word(value)}`],
  )
  const { message, stack } = errorIn(err)
  const head = `${plain(msg ?? '')}${message === undefined ? '' : `: ${plain(message)}`}`
  return [
    [head, ...bare, ...named].join(' '),
    ...(stack ?? '').split('\n').slice(0, stack === undefined ? 0 : 60),
  ]
    .map(printableLine)
    .join('\n  ')
}

function errorIn(err: unknown): { readonly message?: string; readonly stack?: string } {
  if (typeof err !== 'object' || err === null) return {}
  return {
    ...('message' in err && typeof err.message === 'string' ? { message: err.message } : {}),
    ...('stack' in err && typeof err.stack === 'string' ? { stack: err.stack } : {}),
  }
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** With quotes where it would seem to be several. */
function word(value: unknown): string {
  return typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
}

function printableLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is meant
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '?')
}
