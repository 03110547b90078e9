/** Builds kubelet, unless that was done before: `node scripts/kubelet.ts`, which setup.sh calls before the tests. */
import { kubeletProgram } from '../test/support/kubelet-program.ts'

await kubeletProgram()
