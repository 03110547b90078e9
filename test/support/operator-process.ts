/** An operator as a process of its own, which tests can kill: `node operator-process.ts <kubeconfig file> <directory>`. */
import '../../src/prepare-node.ts'
import { readFile } from 'node:fs/promises'
import pino from 'pino'
import { runOperator } from '../../src/operator/run-operator.ts'
import { operatorOptions } from './operator-rig.ts'

const [kubeconfig = '', directory = ''] = process.argv.slice(2)
const end = new AbortController()
process.once('SIGTERM', () => end.abort(new Error('SIGTERM')))
await runOperator(
  operatorOptions(await readFile(kubeconfig, 'utf8'), directory, { log: pino({ level: 'info' }) }),
  end.signal,
)
