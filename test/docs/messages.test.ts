/** docs/troubleshooting.md quotes messages as they are in the source, and has each reason that an answer may give. */
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { root } from '../nix/nix-command.ts'

const page = await readFile(join(root, 'docs/troubleshooting.md'), 'utf8')
const source = await sourceText()

/** Messages of clients and of Kubernetes. */
const FOREIGN: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'server gave HTTP response to HTTPS client',
  'no such host',
  'exec format error',
  'net/http: timeout awaiting response headers',
  'unexpected EOF',
  'max depth exceeded',
  'dial tcp: lookup nix.internal: no such host',
  'http: server gave HTTP response to HTTPS client',
  'connection refused',
  'i/o timeout',
  'https://nix.internal',
  'ImageGCFailed',
  'DiskPressure',
  // The standard phrase of the status.
  'Service Unavailable',
])

/** Names of programs and of images, in columns of messages. */
const NAME = /^(?:ctr|nix\.internal\S*|\/readyz)$/

void t.test('messages are those of the source', (t) => {
  const quoted = messagesOf(page)
  t.ok(quoted.length > 60, `${quoted.length} messages`)
  for (const message of quoted)
    if (!FOREIGN.has(message) && !NAME.test(message))
      t.strictSame(partsNotIn(message, source), [], `${message}: a part isn't in the source`)
  const used = new Set(quoted)
  t.strictSame(
    [...FOREIGN].filter((message) => !used.has(message)),
    [],
    'none is listed in vain',
  )
  t.end()
})

void t.test('each reason of the error table has its line', async (t) => {
  const table = await readFile(join(root, 'src/http/error-table.ts'), 'utf8')
  const reasons = [...table.matchAll(/\breason: '([^']+)'/g)].map(([, reason = '']) => reason)
  t.ok(reasons.length >= 12, `${reasons.length} reasons`)
  for (const reason of reasons) t.ok(page.includes(reason), reason)
})

void t.test('a message that is worded otherwise is found', (t) => {
  t.strictSame(partsNotIn('nix build failed: …', source), [])
  t.strictSame(partsNotIn('nix build has failed: …', source), ['nix build has failed'])
  t.end()
})

/** What stands in backquotes in the columns of messages, whichever table it is. */
function messagesOf(text: string): readonly string[] {
  return text.split(/\n\n/).flatMap((block) => {
    const [head = '', , ...rows] = block.split('\n')
    const column = cellsOf(head).findIndex((name) =>
      /^(?:message|you see|reason in the log|sign)$/.test(name),
    )
    if (!head.startsWith('| ') || column === -1) return []
    return rows.flatMap((row) =>
      [...(cellsOf(row)[column] ?? '').matchAll(/`([^`]+)`/g)].map(([, code = '']) => code),
    )
  })
}

function cellsOf(row: string): readonly string[] {
  return row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

/** The parts of a message that the text doesn't have. Names, numbers and what the source puts in stand between them. */
function partsNotIn(message: string, text: string): readonly string[] {
  return message
    .split(/…|\bnix-daemon\b|\b\d+\b|: |; /)
    .map((part) => part.replaceAll(/^[\s:,;?]+|[\s:,;?]+$/g, ''))
    .filter((part) => part.length > 3 && !text.includes(part))
}

async function sourceText(): Promise<string> {
  const files = await Array.fromAsync(glob('src/**/*.ts', { cwd: root }))
  return (await Promise.all(files.map(async (file) => readFile(join(root, file), 'utf8')))).join('\n')
}
