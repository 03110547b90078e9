/** Builds kubelet and kube-apiserver, unless that was done before. setup.sh calls it before the tests. */
import { kubernetesProgram } from '../test/support/kubernetes-programs.ts'

await kubernetesProgram('kubelet')
