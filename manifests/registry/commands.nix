# The commands that Pods of the registry's image run beside the registry: its init container, and the set-up of nodes.
[
  "cat"
  "chmod"
  "chown"
  "cmp"
  "cp"
  "grep"
  "kill"
  "mkdir"
  "mv"
  "printf"
  "rm"
  "rmdir"
  "sh"
  "sleep"
]
