# A HorizontalPodAutoscaler: as many Pods as the load needs. Leave `replicas` of what it scales away: each apply would
# set it back.
let
  inherit (builtins)
    isAttrs
    isInt
    isString
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;

  builder = "horizontalPodAutoscaler";

  toTarget =
    value:
    if isAttrs value && isString (value.kind or null) && value ? metadata.name then
      {
        inherit (value) apiVersion kind;
        inherit (value.metadata) name;
      }
    else if isAttrs value && isString (value.kind or null) && isString (value.name or null) then
      { apiVersion = "apps/v1"; } // value
    else
      refuse builder "for" value ''a workload that this library made, or { kind = "Deployment"; name = "web"; }'';

  # 80 -> the average use of what was requested, in percent
  utilization = name: value: {
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
in
# name, namespace, labels, annotations, metadata, and the fields of HorizontalPodAutoscalerSpec
{
  # what is scaled
  for ? throw "${builder}: for is missing",
  # fewest Pods
  minReplicas ? 1,
  # most Pods
  maxReplicas ? throw "${builder}: maxReplicas is missing",
  # percent of the requested processor time that is to be used
  cpu ? null,
  # percent of the requested memory that is to be used
  memory ? null,
  # Kubernetes' list, beside these
  metrics ? [ ],
  ...
}@args:
let
  all =
    (if cpu == null then [ ] else [ (utilization "cpu" cpu) ])
    ++ (if memory == null then [ ] else [ (utilization "memory" memory) ])
    ++ metrics;
  inherited = if for.metadata.namespace or null == null then { } else { inherit (for.metadata) namespace; };
in
if !isInt maxReplicas || !isInt minReplicas || minReplicas > maxReplicas then
  refuse builder "maxReplicas" maxReplicas "a number from minReplicas (${toString minReplicas}) on"
else
  {
    apiVersion = "autoscaling/v2";
    kind = "HorizontalPodAutoscaler";
    metadata = toMetadata { inherit builder; } (inherited // args);
    spec =
      removeAttrs (withoutMetadata args) [
        "for"
        "cpu"
        "memory"
        "metrics"
      ]
      // {
        scaleTargetRef = toTarget for;
        inherit minReplicas maxReplicas;
      }
      // (if all == [ ] then { } else { metrics = all; });
  }
