/**
  Returns the text that identifies an object, such as "apps/v1 Deployment shop/web". Kubernetes tells objects apart by
  it.
*/
let
  inherit (builtins) unsafeDiscardStringContext;
in
object:
unsafeDiscardStringContext (
  "${object.apiVersion} ${object.kind} "
  + "${object.metadata.namespace or ""}/${object.metadata.name}"
)
