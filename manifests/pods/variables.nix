# Environment variables of a container: { A = 1; B.valueFrom = { ... }; }, or Kubernetes' list.
let
  inherit (builtins)
    attrNames
    isAttrs
    isList
    map
    match
    toJSON
    trace
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  environment = import ../../nix/environment.nix;

  # Manifests are in the Nix store, which everybody on its machine may read, and in git, and in the API server.
  isSecret = name: match ".*(PASSWORD|PASSWD|SECRET|TOKEN|API_?KEY|PRIVATE_?KEY)" name != null;
in
builder: field: env:
if isList env then
  env
else if !isAttrs env || env ? outPath then
  refuse builder field env "an attribute set, variable name to value, or Kubernetes' list"
else
  map (
    name:
    let
      checked = environment.checkName builder field name;
      value = env.${name};
      text = environment.toValue builder "${field}.${toJSON name}" value;
    in
    # { valueFrom = ...; } and the like are Kubernetes' own.
    if isAttrs value && !(value ? outPath) then
      { name = checked; } // value
    else
      {
        name = checked;
        value =
          if isSecret name && text != "" then
            trace "warning: ${builder}: ${field}.${name} is in plain text, expected valueFrom.secretKeyRef, if it is a secret" text
          else
            text;
      }
  ) (attrNames env)
