# The API groups of Kubernetes' own resources, for rules that have none. A rule with the wrong group permits nothing,
# and Kubernetes reports no error.
let
  groups = {
    "" = [
      "bindings"
      "componentstatuses"
      "configmaps"
      "endpoints"
      "events"
      "limitranges"
      "namespaces"
      "nodes"
      "persistentvolumeclaims"
      "persistentvolumes"
      "pods"
      "podtemplates"
      "replicationcontrollers"
      "resourcequotas"
      "secrets"
      "serviceaccounts"
      "services"
    ];
    "apiextensions.k8s.io" = [ "customresourcedefinitions" ];
    "apps" = [
      "controllerrevisions"
      "daemonsets"
      "deployments"
      "replicasets"
      "statefulsets"
    ];
    "autoscaling" = [ "horizontalpodautoscalers" ];
    "batch" = [
      "cronjobs"
      "jobs"
    ];
    "coordination.k8s.io" = [ "leases" ];
    "discovery.k8s.io" = [ "endpointslices" ];
    "networking.k8s.io" = [
      "ingressclasses"
      "ingresses"
      "networkpolicies"
    ];
    "policy" = [ "poddisruptionbudgets" ];
    "rbac.authorization.k8s.io" = [
      "clusterrolebindings"
      "clusterroles"
      "rolebindings"
      "roles"
    ];
    "storage.k8s.io" = [
      "csidrivers"
      "csinodes"
      "storageclasses"
      "volumeattachments"
    ];
  };
in
/**
  Returns the API group of a resource, or null where the resource isn't Kubernetes' own.

  # Example

      apiGroup "deployments/scale" => "apps"
*/
resource:
let
  plural = builtins.head (builtins.split "/" resource);
  found = builtins.filter (group: builtins.elem plural groups.${group}) (builtins.attrNames groups);
in
if found == [ ] then null else builtins.head found
