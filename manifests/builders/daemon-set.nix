# A DaemonSet: one Pod on every node, or on every one that `nodeSelector`, `affinity` and `tolerations` leave.
{ imageRef }:
let
  inherit (import ../objects/name.nix) checkSubdomain;
  inherit (import ../pods/template.nix { inherit imageRef; }) split;
  inherit (import ../pods/replicas.nix) checkRestart;

  builder = "daemonSet";

  workload = split {
    inherit builder;
    checkName = checkSubdomain;
    fields = [
      "updateStrategy"
      "minReadySeconds"
      "revisionHistoryLimit"
    ];
  };
in
# name, namespace, labels, annotations, metadata; podLabels, podAnnotations, selector; the fields of DaemonSetSpec; and
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
  kind = "DaemonSet";
  inherit metadata;
  spec = fields // {
    inherit selector;
    template = checkRestart builder [ "Always" ] template;
  };
}
