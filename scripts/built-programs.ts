/** Makes programs that tests use and no Debian has, unless that was done before. setup.sh calls it before the tests. */
import { builtContainerd } from '../test/support/containerd-built.ts'
import { goTool, GO_TOOLS } from '../test/support/go-tools.ts'
import { grypeProgram } from '../test/support/grype.ts'
import { kubernetesProgram } from '../test/support/kubernetes-programs.ts'
import { missingCheckers } from '../test/support/python-tools.ts'

switch (process.argv[2]) {
  case 'kubernetes':
    await kubernetesProgram('kubelet')
    break
  case 'tools':
    for (const name of GO_TOOLS) await goTool(name)
    await grypeProgram('grype')
    break
  case 'containerd':
    await builtContainerd('2.4')
    break
  case 'containerd-2.3':
    await builtContainerd('2.3')
    break
  case 'checkers': {
    const reason = await missingCheckers()
    if (reason !== false) throw new Error(reason)
    break
  }
  default:
    throw new Error(`${process.argv[2]}: expected kubernetes, tools, containerd, containerd-2.3 or checkers`)
}
