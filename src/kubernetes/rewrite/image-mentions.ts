/**
 * Finds names of images within texts: arguments, values of variables, data of a ConfigMap, annotations. A name is found
 * by its form where that is certain (`quay.io/x/y:1`), and else only where a label says that it is an image:
 * the option, the variable or the field before it (`--engine-image`, `RELATED_IMAGE_X`, `sidecarImage`).
 */
import { MAX_IMAGE_NAME_LENGTH } from '../../core/oci/image-name.ts'

export type ImageMention = {
  readonly name: string
  /** The position of the name in the text. */
  readonly start: number
  readonly end: number
  /**
   * `name`: an image. `part`: the beginning of names that something else completes, such as a repository without its
   * tag. `word`: a single word where an image is expected, which may be something else.
   */
  readonly kind: 'name' | 'part' | 'word'
}

type Name = {
  readonly host: string | undefined
  /** Without host and tag. */
  readonly path: string
  /** Whether it has a tag or a digest. */
  readonly isWhole: boolean
}

const TOKEN = /[A-Za-z0-9][A-Za-z0-9._:/@+-]*/g
/** Escapes for white space and quotes, in JSON or a shell within a text. */
const ESCAPE = /\\[nrt"'\\]/g
/** Grammar of distribution/reference; every class excludes what follows it, so that each is linear. */
const HOST = /^[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::[0-9]+)?$/
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const DIGEST = /^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[0-9a-f]{32,128}$/
/** `apps.example.org/v1:Kind`, `example.org/v1beta1` */
const API_VERSION = /^v[0-9]+(?:(?:alpha|beta)[0-9]+)?$/

/** Hosts that serve nothing but images: their names need no tag to be known. */
const REGISTRY =
  /(?:^|\.)(?:docker\.io|quay\.io|ghcr\.io|gcr\.io|pkg\.dev|registry\.k8s\.io|mcr\.microsoft\.com|public\.ecr\.aws|nvcr\.io|cgr\.dev|registry\.gitlab\.com|registry\.redhat\.io|registry\.access\.redhat\.com|azurecr\.io|icr\.io|lscr\.io|xpkg\.upbound\.io)$|^registry[.-]|^[0-9]+\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com$/

/** How far back the label of a name is looked for. */
const LABEL_LENGTH = 120
/** `key: `, `KEY=`, `"key":["`, or an option and a blank. */
const LABEL =
  /(?:([A-Za-z0-9_.-]*[A-Za-z0-9_])["'\\]*[ \t]*[:=][ \t]*|(--?[A-Za-z0-9_.-]+)[ \t]+)(?:\[[ \t]*)?["'\\]*$/
const SEPARATOR = /^["'\\]*,[ \t]*["'\\]*$/

const PART_WORDS = new Set(['registry', 'repository', 'repo', 'hub', 'prefix', 'base', 'mirror'])
/** Values that are no word for an image. */
const SWITCH = /^(?:true|false|yes|no|on|off|null|none)$/
/** Last words of labels of addresses, whose `:8080` is a port. */
const ADDRESS_WORDS = new Set(['address', 'addr', 'endpoint', 'host', 'listen', 'server', 'service', 'url'])

/**
 * @param label what the text is called, such as its field, its variable, or the option before it.
 * @returns what it finds in the order of the text, without checking that such images exist.
 */
export function* imageMentions(text: string, label: string): Generator<ImageMention> {
  const plain = text.replace(ESCAPE, '  ')
  let last = { end: 0, label: '' }
  for (const { 0: token, index: start } of plain.matchAll(TOKEN)) {
    const end = start + withoutEnd(token)
    const before = labelBefore(plain, start, last)
    last = { end: start + token.length, label: before }
    if (/[/.~*%$@_]/.test(plain.charAt(start - 1)) || end - start > MAX_IMAGE_NAME_LENGTH) continue
    const name = plain.slice(start, end)
    const isContinued = /[:/@${]/.test(plain.charAt(end)) || /^[-._+]?[${%]/.test(plain.slice(end, end + 2))
    const kind = kindOf(name, before === '' ? [label] : [before, label], {
      isContinued,
      isAll: name === text.trim(),
    })
    if (kind !== undefined) yield { name, start, end, kind }
  }
}

/** Whether a label such as `--engine-image` or `RELATED_IMAGE_X` says that there is an image. */
function saysImage(label: string): boolean {
  return wordsOf(label).some((word) => word === 'image' || word === 'images')
}

/** Whether it is the name of an image, with its registry's host, which serves nothing else. */
export function isRegistryName(text: string): boolean {
  const host = parseName(text)?.host
  return host !== undefined && isRegistryHost(host)
}

function isRegistryHost(host: string): boolean {
  return REGISTRY.test(host.replace(/:[0-9]+$/, ''))
}

function kindOf(
  text: string,
  labels: readonly string[],
  { isContinued, isAll }: { readonly isContinued: boolean; readonly isAll: boolean },
): ImageMention['kind'] | undefined {
  const name = parseName(text)
  if (name === undefined) return undefined
  const { host, path, isWhole } = name
  const label = labels.find(saysImage)
  const lastWord = label === undefined ? undefined : wordsOf(label).at(-1)
  const isNamed = lastWord === 'image' || lastWord === 'images'
  if (host !== undefined) {
    if (isWhole) return isContinued ? 'part' : 'name'
    if (!isRegistryHost(host) && label === undefined && !labels.some(saysRegistry)) return undefined
    return isContinued || !isNamed || labels.some(saysPart) ? 'part' : 'name'
  }
  if (label === undefined || isContinued || !/[a-z]/.test(path)) return undefined
  if (isWhole) return lastWord !== undefined && ADDRESS_WORDS.has(lastWord) ? undefined : 'name'
  if (!isNamed || !isAll || SWITCH.test(path)) return undefined
  return path.includes('/') ? 'name' : 'word'
}

function saysPart(label: string): boolean {
  return wordsOf(label).some((word) => PART_WORDS.has(word))
}

/** Whether names of images begin with what it calls. */
function saysRegistry(label: string): boolean {
  return wordsOf(label).some((word) => word === 'registry' || word === 'hub')
}

/** Returns the label of an assignment or an option before the name; in a list, the label before its first item. */
function labelBefore(
  text: string,
  start: number,
  last: { readonly end: number; readonly label: string },
): string {
  const from = Math.max(0, start - LABEL_LENGTH, text.lastIndexOf('\n', start - 1) + 1)
  const [, key, option] = LABEL.exec(text.slice(from, start)) ?? []
  if (key !== undefined || option !== undefined) return key ?? option ?? ''
  return SEPARATOR.test(text.slice(last.end, start)) ? last.label : ''
}

function parseName(text: string): Name | undefined {
  const at = text.indexOf('@')
  const digest = at === -1 ? undefined : text.slice(at + 1)
  if (digest !== undefined && !DIGEST.test(digest)) return undefined
  const named = at === -1 ? text : text.slice(0, at)
  const slash = named.lastIndexOf('/')
  const colon = named.indexOf(':', slash + 1)
  const tag = colon === -1 ? undefined : named.slice(colon + 1)
  if (tag !== undefined && !TAG.test(tag)) return undefined
  const parts = (colon === -1 ? named : named.slice(0, colon)).split('/')
  const host = parts.length > 1 && isHost(parts[0] ?? '') ? parts.shift() : undefined
  if (!parts.every((part) => COMPONENT.test(part))) return undefined
  if (host !== undefined && parts.length === 1 && API_VERSION.test(parts[0] ?? '')) return undefined
  return { host, path: parts.join('/'), isWhole: tag !== undefined || digest !== undefined }
}

/** As clients tell a host from the first part of a path, but for numbers, such as those of 10.0.0.0/8. */
function isHost(part: string): boolean {
  if (part === 'localhost') return true
  if (!HOST.test(part)) return false
  return part.includes(':') || (part.includes('.') && /[A-Za-z]/.test(part.slice(part.lastIndexOf('.'))))
}

/** Length without the punctuation at its end. */
function withoutEnd(token: string): number {
  let end = token.length
  while (end > 0 && '.:/@+-_'.includes(token.charAt(end - 1))) end -= 1
  return end
}

/** `RELATED_IMAGE_X`, `--engine-image` and `sidecarImage` in words, in lower case. */
function wordsOf(label: string): readonly string[] {
  return label
    .replace(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '')
}
