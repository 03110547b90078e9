/** Builds programs for the tests from Go modules, unless that was done before. setup.sh calls it before the tests. */
import { goTool, GO_TOOLS } from '../test/support/go-tools.ts'
import { kubernetesProgram } from '../test/support/kubernetes-programs.ts'

if (process.argv[2] === 'kubernetes') await kubernetesProgram('kubelet')
else for (const name of GO_TOOLS) await goTool(name)
