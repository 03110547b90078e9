# How many Pods an application has, and how many may be away at once.
let
  inherit (builtins)
    isAttrs
    isInt
    toJSON
    ;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;
  inherit (import ../objects/metadata.nix) optional;
  makeBudget = import ../builders/pod-disruption-budget.nix;
  makeAutoscaler = import ../builders/horizontal-pod-autoscaler.nix;

  isCount = value: isInt value && value > 0;

  checkAutoscale =
    builder: given:
    let
      known = onlyKnown builder "a name in autoscale" [
        "min"
        "max"
        "cpu"
        "memory"
      ] given;
      min = known.min or 1;
      max = known.max or null;
    in
    if !isAttrs given then
      refuse builder "autoscale" given "{ min = 2; max = 10; cpu = 80; }"
    else if !isCount min then
      refuse builder "autoscale.min" min "a number of Pods"
    else if !isCount max || max < min then
      refuse builder "autoscale.max" max "a number of Pods from autoscale.min (${toString min}) on"
    else
      {
        inherit min max;
        # The Kubernetes default, said so that it can be seen.
        cpu = known.cpu or (if known ? memory then null else 80);
        memory = known.memory or null;
      };
in
# -> { replicas: field of the workload, { } where it is scaled; objectsFor: workload -> list of objects }
{
  # who refuses
  builder,
  # name, namespace and labels
  metadata,
  # number of Pods, or null
  replicas,
  # { min; max; cpu; memory; }, or null
  autoscale,
}:
let
  scaled = checkAutoscale builder autoscale;
  count = if replicas == null then 1 else replicas;
  fewest = if autoscale == null then count else scaled.min;
in
if autoscale != null && replicas != null then
  throw "${builder}: replicas is ${toJSON replicas} beside autoscale, expected autoscale.min and autoscale.max alone"
else if autoscale == null && !(isInt count && count >= 0) then
  refuse builder "replicas" replicas "a number from 0 on"
else
  {
    replicas = if autoscale == null then { replicas = count; } else { };
    objectsFor =
      workload:
      # Of one Pod none may ever be away, and its node could never be drained.
      (
        if fewest > 1 then
          [
            (makeBudget (
              metadata
              // {
                for = workload;
                maxUnavailable = 1;
              }
            ))
          ]
        else
          [ ]
      )
      ++ (
        if autoscale == null then
          [ ]
        else
          [
            (makeAutoscaler (
              metadata
              // {
                for = workload;
                minReplicas = scaled.min;
                maxReplicas = scaled.max;
              }
              // optional "cpu" scaled.cpu
              // optional "memory" scaled.memory
            ))
          ]
      );
  }
