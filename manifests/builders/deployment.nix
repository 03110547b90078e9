# A Deployment: Pods that are all alike, replaced one after another when something in them changes.
{ imageRef }:
let
  inherit (import ../objects/name.nix) checkSubdomain;
  inherit (import ../pods/template.nix { inherit imageRef; }) split;
  inherit (import ../pods/replicas.nix) checkReplicas checkRestart;

  builder = "deployment";

  workload = split {
    inherit builder;
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
# name, namespace, labels, annotations, metadata; podLabels, podAnnotations, selector; the fields of DeploymentSpec; and
# the fields of PodSpec
args:
let
  inherit (workload args)
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
  spec = checkReplicas builder fields // {
    inherit selector;
    template = checkRestart builder [ "Always" ] template;
  };
}
