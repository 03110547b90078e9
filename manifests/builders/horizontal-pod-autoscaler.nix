/**
  Returns a HorizontalPodAutoscaler, which makes as many Pods as the load needs. Leave `replicas` out of the scaled
  workload: each apply would reset the number.
*/
let
  inherit (builtins)
    elem
    filter
    head
    isAttrs
    isInt
    isString
    removeAttrs
    trace
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix)
    named
    toMetadata
    withoutMetadata
    namespaceOf
    ;

  who = named "horizontalPodAutoscaler";

  toTarget =
    builder: value:
    if
      isAttrs value
      && elem (value.kind or null) [
        "DaemonSet"
        "Job"
        "CronJob"
        "Pod"
      ]
    then
      throw "${builder}: for is a ${value.kind}, which has no scale, expected a Deployment or a StatefulSet"
    else if isAttrs value && isString (value.kind or null) && value ? metadata.name then
      {
        inherit (value) apiVersion kind;
        inherit (value.metadata) name;
      }
    else if isAttrs value && isString (value.kind or null) && isString (value.name or null) then
      { apiVersion = "apps/v1"; } // value
    else
      refuse builder "for" value
        ''a workload that this library made, or { kind = "Deployment"; name = "web"; }'';

  # Converts 80 to a target of 80 percent of the requested amount, on average.
  utilization = builder: name: value: {
    type = "Resource";
    resource = {
      inherit name;
      target = {
        type = "Utilization";
        averageUtilization =
          if isInt value && value > 0 then value else refuse builder name value "a percentage, such as 80";
      };
    };
  };

  # Warns of fields of the workload that don't work together with scaling.
  warned =
    builder: for: resources: result:
    let
      containers = for.spec.template.spec.containers or [ ];
      without =
        name:
        filter (
          container: !(container ? resources.requests.${name}) && !(container ? resources.limits.${name})
        ) containers;
      wanting = filter (name: without name != [ ]) resources;
      first = head wanting;
      scaled =
        if wanting == [ ] then
          result
        else
          trace (
            "warning: ${builder}: containers.${(head (without first)).name} of ${for.kind} "
            + "${for.metadata.name} has no resources.requests.${first}, "
            + "expected one, since ${first} is measured in percent of it"
          ) result;
    in
    if for ? spec.replicas then
      trace (
        "warning: ${builder}: ${for.kind} ${for.metadata.name} has replicas = "
        + "${toString for.spec.replicas}, which each apply sets back, expected none"
      ) scaled
    else
      scaled;
in
# name, namespace, labels, annotations, metadata, and the fields of HorizontalPodAutoscalerSpec
{
  # the workload that is scaled
  for ? throw "${who args}: for is missing",
  # smallest number of Pods
  minReplicas ? 1,
  # greatest number of Pods
  maxReplicas ? throw "${who args}: maxReplicas is missing",
  # target in percent of the requested processor time
  cpu ? null,
  # target in percent of the requested memory
  memory ? null,
  # Kubernetes' list of further metrics
  metrics ? [ ],
  ...
}@args:
let
  builder = who args;
  all =
    (if cpu == null then [ ] else [ (utilization builder "cpu" cpu) ])
    ++ (if memory == null then [ ] else [ (utilization builder "memory" memory) ])
    ++ metrics;
  resource = name: value: if value == null then [ ] else [ name ];
in
if !isInt minReplicas || minReplicas < 0 then
  refuse builder "minReplicas" minReplicas "a number from 0 on"
else if !isInt maxReplicas || maxReplicas < 1 || minReplicas > maxReplicas then
  refuse builder "maxReplicas" maxReplicas "a number from minReplicas (${toString minReplicas}) on"
else
  warned builder for (resource "cpu" cpu ++ resource "memory" memory) {
    apiVersion = "autoscaling/v2";
    kind = "HorizontalPodAutoscaler";
    metadata = toMetadata { inherit builder; } (namespaceOf for // args);
    spec =
      removeAttrs (withoutMetadata args) [
        "for"
        "cpu"
        "memory"
        "metrics"
      ]
      // {
        scaleTargetRef = toTarget builder for;
        inherit minReplicas maxReplicas;
      }
      // (if all == [ ] then { } else { metrics = all; });
  }
