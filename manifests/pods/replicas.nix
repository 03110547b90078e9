# What controllers of Pods ask of their arguments, and schemas don't say.
let
  inherit (builtins)
    concatStringsSep
    elem
    isInt
    toJSON
    ;
  inherit (import ../../nix/refuse.nix) refuse;
in
{
  checkReplicas =
    builder: fields:
    let
      replicas = fields.replicas or 1;
    in
    if isInt replicas && replicas >= 0 then
      fields
    else
      refuse builder "replicas" replicas "a number from 0 on";

  # Each controller takes some policies only. Where none is said, and a Pod's default isn't one of them, the first is set.
  checkRestart =
    builder: allowed: template:
    let
      policy = template.spec.restartPolicy or null;
    in
    if elem policy allowed || (policy == null && elem "Always" allowed) then
      template
    else if policy == null then
      template // { spec = template.spec // { restartPolicy = builtins.head allowed; }; }
    else
      refuse builder "restartPolicy" policy (concatStringsSep " or " (map toJSON allowed));
}
