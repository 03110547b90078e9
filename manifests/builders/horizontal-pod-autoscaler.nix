# A HorizontalPodAutoscaler: as many Pods as the load needs. Leave `replicas` of what it scales away: each apply would
# set it back.
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

  # 80 -> the average use of what was requested, in percent
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

  # What a workload of this library says that scaling can't work with.
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
  # what is scaled
  for ? throw "${who args}: for is missing",
  # fewest Pods
  minReplicas ? 1,
  # most Pods
  maxReplicas ? throw "${who args}: maxReplicas is missing",
  # percent of the requested processor time that is to be used
  cpu ? null,
  # percent of the requested memory that is to be used
  memory ? null,
  # Kubernetes' list, beside these
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
