# What Kubernetes tells objects apart by, as text: "apps/v1 Deployment shop/web".
let
  inherit (builtins) unsafeDiscardStringContext;
in
object:
unsafeDiscardStringContext (
  "${object.apiVersion} ${object.kind} "
  + "${object.metadata.namespace or ""}/${object.metadata.name}"
)
