/** Helm, for tests: the program that HELM names, else the one on PATH. */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { missing, searchPath } from './requirement.ts'

const given = process.env['HELM']

/** Its path; empty where there is none. */
export const helm =
  given ??
  searchPath()
    .split(delimiter)
    .map((directory) => join(directory, 'helm'))
    .find((file) => existsSync(file)) ??
  ''

/** Why tests that need it can't run, or false. */
export const withoutHelm: string | false = given === undefined ? missing('helm') : false
