# Rules of the controllers of Pods that are not in the schema.
let
  inherit (builtins)
    concatStringsSep
    elem
    isInt
    isString
    map
    toJSON
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/choice.nix) choice;
in
{
  # "Recreate" -> { type = "Recreate"; }
  toStrategy =
    builder: field: types: fields:
    let
      value = fields.${field};
    in
    if !(fields ? ${field}) then
      fields
    else if isString value then
      fields // { ${field}.type = choice builder field types value; }
    else if !isPlainSet value then
      refuse builder field value
        "${concatStringsSep " or " (map toJSON types)}, or an attribute set with `type` in it"
    else if value ? type then
      builtins.seq (choice builder "${field}.type" types value.type) fields
    else
      fields;

  checkReplicas =
    builder: fields:
    let
      replicas = fields.replicas or 1;
    in
    if isInt replicas && replicas >= 0 then
      fields
    else
      refuse builder "replicas" replicas "a number from 0 on";

  # Each controller accepts only some restart policies. If a Pod has none, and its default isn't accepted, the first
  # policy is set.
  checkRestart =
    builder: allowed: template:
    let
      policy = template.spec.restartPolicy or null;
    in
    if elem "Always" allowed && template.spec ? activeDeadlineSeconds then
      throw "${builder}: activeDeadlineSeconds is given, expected it of Pods that end: those of a Job or a CronJob"
    else if elem policy allowed || (policy == null && elem "Always" allowed) then
      template
    else if policy == null then
      template
      // {
        spec = template.spec // {
          restartPolicy = builtins.head allowed;
        };
      }
    else
      refuse builder "restartPolicy" policy (concatStringsSep " or " (map toJSON allowed));
}
