/**
 * Runs files of tests in one process, one after the other: `node scripts/test-group.ts NAME`, with a path in each line of
 * TEST_FILES. Starting Node and tap takes longer than most of them. The name makes the directories of tests their own.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'

const { TEST_FILES = '' } = process.env

// What each file loads may listen to the signals of the process.
process.setMaxListeners(100)

// The tests of the files wait for the end of this one, so that no file is loaded in the middle of another's test.
void t.test('all files can be loaded', async (t) => {
  for (const file of TEST_FILES.split('\n')) await import(pathToFileURL(join(process.cwd(), file)).href)
  t.pass()
})
