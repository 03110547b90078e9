# The names by which Pods of the cluster call a Service. The registry refuses a Host that it doesn't know.
{ name, namespace }:
[ name ]
++ (
  if namespace == null then
    [ ]
  else
    [
      "${name}.${namespace}"
      "${name}.${namespace}.svc"
      "${name}.${namespace}.svc.cluster.local"
    ]
)
