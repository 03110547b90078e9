/** The pages of the documentation as Markdown: their headings, links, blocks of code, and the commands in these. */
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../nix/nix-command.ts'

export type Page = { readonly name: string; readonly text: string }

/** A block of code. */
export type Block = {
  /** The first word behind the fence; `console` for an indented block that begins with a command, else empty. */
  readonly language: string
  /** The second word behind the fence, which names the file or the format: "```toml hosts.toml". */
  readonly format: string | undefined
  readonly text: string
  /** Number of the line of its first line of code. */
  readonly line: number
  /** The file that the line before the block names, as in "`app.yaml`:". */
  readonly file: string | undefined
}

/** A command of a block, and the lines that stand below it. */
export type Command = { readonly text: string; readonly shown: readonly string[]; readonly line: number }

/** The README of the project, and every page that it leads to. manifests/README.md has a test of its own for its code. */
export async function readPages(): Promise<readonly Page[]> {
  const names = await Array.fromAsync(glob('{*.md,docs/**/*.md,nix/*.md,manifests/*.md}', { cwd: root }))
  return Promise.all(
    names.toSorted().map(async (name) => ({ name, text: await readFile(join(root, name), 'utf8') })),
  )
}

const FENCE = /^```(.*)$/
const FILE = /`([\w./-]+\.(?:nix|yaml|json|toml|conf))`[^`]*:$/

/** The blocks of a page, in order. */
export function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = []
  const lines = text.split('\n')
  let before = ''
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i] ?? ''
    const fence = FENCE.exec(line)
    const isIndented = /^ {4}\S/.test(line) && (lines[i - 1] ?? '') === '' && !/^\s*[-*] /.test(before)
    if (fence === null && !isIndented) {
      if (line !== '') before = line
      continue
    }
    const start = fence === null ? i : i + 1
    let end = start
    if (fence === null) while (/^(?: {4}.*)?$/.test(lines[end] ?? 'x')) end += 1
    else while (end < lines.length && !FENCE.test(lines[end] ?? '')) end += 1
    const code = lines.slice(start, end)
    const plain =
      fence === null
        ? code
            .map((one) => one.slice(4))
            .join('\n')
            .trimEnd()
        : code.join('\n')
    const [word = '', format] = (fence?.[1] ?? '').split(' ')
    const language = fence === null && plain.startsWith('$ ') ? 'console' : word
    blocks.push({ language, format, text: plain, line: start + 1, file: FILE.exec(before)?.[1] })
    i = fence === null ? end - 1 : end
  }
  return blocks
}

/** The commands of a block: what stands behind `$ ` in a console, every line of a script; with their continuations. */
export function commandsIn({ language, text, line }: Block): readonly Command[] {
  const commands: { text: string; shown: string[]; line: number }[] = []
  const isConsole = language === 'console'
  if (!isConsole && language !== 'sh') return []
  let isOpen = false
  for (const [i, whole] of text.split('\n').entries()) {
    const last = commands.at(-1)
    if (isOpen && last !== undefined) last.text += `\n${whole}`
    else if (isConsole && whole.startsWith('$ '))
      commands.push({ text: whole.slice(2), shown: [], line: line + i })
    else if (isConsole && whole.startsWith('# ')) continue
    else if (isConsole) last?.shown.push(whole)
    else if (whole.trim() !== '' && !whole.startsWith('#'))
      commands.push({ text: whole, shown: [], line: line + i })
    isOpen = isOpen || isConsole ? whole.endsWith('\\') : whole.endsWith('\\') || /^for .*do$/.test(whole)
  }
  return commands
}

/** What stands in backquotes in the prose of a page. */
export function codeSpansOf(text: string): readonly string[] {
  const prose = text.replaceAll(/^```[^]*?^```$/gm, '').replaceAll(/^ {4}.*$/gm, '')
  return [...prose.matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replaceAll(/\s+/g, ' '))
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  const counts = new Map<string, number>()
  const prose = text.replaceAll(/^```[^]*?^```$/gm, '')
  for (const [, heading = ''] of prose.matchAll(/^#+ +(.+?) *$/gm)) {
    const slug = slugOf(heading)
    const count = counts.get(slug) ?? 0
    counts.set(slug, count + 1)
    anchors.add(count === 0 ? slug : `${slug}-${count}`)
  }
  return anchors
}

/** Lower case, without punctuation, blanks as hyphens; of a link its text. */
function slugOf(heading: string): string {
  return heading
    .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-')
}
