// The reference in manifests/README.md: a section a function, that has its type, what it takes, and an example.
/** What a section says of a function. */
export interface Section {
  readonly name: string
  /** `service :: { name; … } -> Service`, if there is such a line. */
  readonly type: string | undefined
  /** Names in backquotes in the first column of its table. */
  readonly takes: readonly string[]
  /** An expression. */
  readonly example: string | undefined
  /** Part of the example's value, as JSON. */
  readonly gives: string | undefined
}

/** The sections of a reference, below its headings of the third level that are one word. */
export function sectionsOf(markdown: string): Section[] {
  return [...markdown.matchAll(/^### (\w+)\n(.*?)(?=^##|$(?![^]))/gms)].map(([, name = '', text = '']) => ({
    name,
    type: new RegExp(String.raw`^ {4}(${name} :: .+ -> .+)$`, 'm').exec(text)?.[1],
    takes: [...text.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) => wordsIn(cell)),
    example: block(text, 'nix'),
    gives: block(text, 'json'),
  }))
}

/** The words in backquotes in the rows of the table below a heading. */
export function argumentsBelow(markdown: string, heading: string): string[] {
  const text = markdown.split(`\n${heading}\n`)[1]?.split('\n## ')[0] ?? ''
  return [...text.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell = '']) => wordsIn(cell))
}

/** A function of the library, as it is. */
export interface Export {
  readonly name: string
  /** The arguments that it names. */
  readonly takes: readonly string[]
}

/** What a reference and tests lack of a library's exports, or have too much; a line each. */
export function gaps(exports: readonly Export[], sections: readonly Section[], tests: string): string[] {
  const stale = sections.filter(({ name }) => !exports.some((one) => one.name === name))
  return [
    ...exports.flatMap(({ name, takes }) => {
      const section = sections.find((one) => one.name === name)
      const untested = new RegExp(String.raw`\b${name} (?:\w+ )?[{("\[]`).test(tests)
        ? []
        : [`${name} has no test`]
      if (section === undefined) return [`${name} has no section`, ...untested]
      return [
        ...(section.type === undefined ? [`${name} has no type`] : []),
        ...(section.example === undefined ? [`${name} has no example`] : []),
        ...takes
          .filter((argument) => !section.takes.includes(argument))
          .map((argument) => `${name}: ${argument} isn't described`),
        ...untested,
      ]
    }),
    ...stale.map(({ name }) => `${name} has a section and isn't exported`),
  ]
}

function block(text: string, language: string): string | undefined {
  return new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(text)?.[1]
}

function wordsIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, word = '']) => word)
}
