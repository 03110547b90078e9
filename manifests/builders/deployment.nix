/**
  Returns a Deployment: Pods that are all alike. They are replaced one after another when something in them changes.
*/
settings:
let
  inherit (import ../objects/name.nix) checkSubdomain;
  inherit (import ../pods/template.nix settings) split;
  inherit (import ../pods/replicas.nix) checkReplicas checkRestart toStrategy;

  workload = split {
    kind = "deployment";
    checkName = checkSubdomain;
    fields = [
      "replicas"
      "strategy"
      "minReadySeconds"
      "progressDeadlineSeconds"
      "revisionHistoryLimit"
      "paused"
    ];
  };
in
# name, namespace, labels, annotations, metadata; podLabels, podAnnotations, selector; the fields of DeploymentSpec,
# where `strategy` may be "Recreate"; and the fields of PodSpec
args:
let
  inherit (workload args)
    builder
    metadata
    template
    selector
    fields
    ;
in
{
  apiVersion = "apps/v1";
  kind = "Deployment";
  inherit metadata;
  spec =
    toStrategy builder "strategy" [
      "RollingUpdate"
      "Recreate"
    ] (checkReplicas builder fields)
    // {
      inherit selector;
      template = checkRestart builder [ "Always" ] template;
    };
}
