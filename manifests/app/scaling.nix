# The number of an application's Pods, and how many of them may be away at once.
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
        # This is Kubernetes' default, written so that people can see it.
        cpu = known.cpu or (if known ? memory then null else 80);
        memory = known.memory or null;
      };
in
/**
  Returns { replicas; objectsFor; }. `replicas` is a field of the workload, or { } where the number is scaled.
  `objectsFor` is a function from the workload to a list of objects.
*/
{
  # the builder that refuses
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
      # A budget for one Pod would forbid to take it away, and its node could never be drained.
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
