/**
  Returns the Secrets for pulling images, from [ "registry" ], Kubernetes' [ { name = "registry"; } ], or Secrets
  themselves.
*/
let
  inherit (builtins) isAttrs isList map;
  inherit (import ../../nix/refuse.nix) refuse;
  nameOf = import ../objects/reference.nix;
in
builder: field: secrets:
if !isList secrets then
  refuse builder field secrets "a list of names"
else
  map (
    secret:
    if isAttrs secret && secret ? name && !(secret ? kind) then
      secret
    else
      { name = nameOf "Secret" builder "a name in ${field}" secret; }
  ) secrets
