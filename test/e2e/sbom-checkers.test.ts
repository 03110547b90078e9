/** SBOMs as checkers judge them: CycloneDX's schema, SPDX's rules, and NTIA's minimum elements. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import t from 'tap'
import { insightImage } from './insight-image.ts'
import { root } from '../nix/nix-command.ts'
import { nixEnv } from '../support/nix.ts'
import { missingCheckers, runChecker } from '../support/python-tools.ts'
import { missing } from '../support/requirement.ts'
import { temporaryDirectory } from '../support/scope.ts'

const TIME_LIMIT_MS = 60_000
const CYCLONEDX = `
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
error = JsonStrictValidator(SchemaVersion.V1_6).validate_str(open(sys.argv[1]).read())
sys.exit(None if error is None else str(error)[:500])
`

void t.test('checkers', { skip: missing('nix') || (await missingCheckers()) }, async (t) => {
  const image = await insightImage()
  const directory = await temporaryDirectory(t, 'checkers')
  const sbom = async (...args: readonly string[]): Promise<string> => {
    const command = ['--disable-warning=ExperimentalWarning', `${root}dist/main.js`, 'sbom', ...args, image]
    const env = { ...nixEnv, PUSHLESS_STATE: join(directory, 'state') }
    const { stdout } = await execa(process.execPath, command, { env, timeout: TIME_LIMIT_MS })
    const file = join(directory, 'sbom.json')
    await writeFile(file, stdout)
    return file
  }

  for (const args of [[], ['--deep']])
    t.match(
      await runChecker('-c', CYCLONEDX, await sbom(...args)),
      { exitCode: 0 },
      `CycloneDX ${args.join(' ')}`,
    )
  const ntia = async (...args: readonly string[]) => {
    const { text } = await runChecker(
      '-m',
      'ntia_conformance_checker.main',
      '--comply',
      'ntia',
      await sbom('--format', 'spdx', ...args),
    )
    return text
  }
  for (const args of [[], ['--deep']]) {
    const report = await ntia(...args)
    t.notMatch(report, /not a valid|validation/i, 'valid SPDX')
    t.match(report, /Dependency relationships provided\? +\| True/)
    t.strictSame(missingParts(report), ['versions', 'suppliers'], 'busybox has neither, and nobody guesses')
  }
  t.strictSame(
    missingParts(await ntia('--supplier', 'Example')),
    ['versions'],
    'with a supplier of the operator',
  )
})

/** The parts that NTIA's checker finds missing in some component. */
function missingParts(report: string): readonly (string | undefined)[] {
  return [...report.matchAll(/^All component (\w+) provided\? +\| False$/gm)].map(([, part]) => part)
}
