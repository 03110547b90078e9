/** The language of comments: a docstring begins with what a thing does or is, and uses plain words. */
import { glob, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import t from 'tap'

const root = fileURLToPath(new URL('..', import.meta.url))

/** First words of docstrings that describe something by a question. */
const QUESTION = /^(?:Of|What|Who|Whose|Whoever|Those|Where|Which)\b/
/** Words that readers stumble over, in any comment. */
const RIDDLE = /\b(?:whoever|where none (?:is|are) said|for who|nobody's)\b| of ours\b/i
const DOCSTRING = /\/\*\*\s*(?:\*\s*)?([^]*?)\*\//g
const COMMENT = /\/\*\*[^]*?\*\/|^\s*\/\/.*$/gm

void t.test('docstrings say what a thing does or is', async (t) => {
  let count = 0
  for await (const file of glob('src/**/*.ts', { cwd: root })) {
    const text = await readFile(join(root, file), 'utf8')
    for (const [, docstring = ''] of text.matchAll(DOCSTRING)) {
      count += 1
      if (QUESTION.test(docstring)) t.fail(`${file}: ${docstring.slice(0, 60)}`)
    }
    for (const [comment] of text.matchAll(COMMENT)) {
      const found = RIDDLE.exec(comment.replaceAll(/\n\s*\* ?/g, ' '))
      if (found !== null) t.fail(`${file}: ${found[0]}`)
    }
  }
  t.ok(count > 1000, `${count} docstrings`)
})
