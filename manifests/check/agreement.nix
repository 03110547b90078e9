# Checks whether the objects of a set agree with each other. A disagreement isn't an error, since the other object may
# be in the cluster already. But Kubernetes accepts it without a message, and then nothing answers.
let
  inherit (builtins)
    all
    any
    attrNames
    concatMap
    elem
    filter
    ;
  showLabels = import ../objects/show-labels.nix;

  workloads = [
    "Pod"
    "Deployment"
    "StatefulSet"
    "DaemonSet"
    "ReplicaSet"
    "Job"
  ];

  namespaceOf = object: object.metadata.namespace or "";
  labelsOf =
    object:
    if object.kind == "Pod" then
      object.metadata.labels or { }
    else
      object.spec.template.metadata.labels or { };

  isOf = kinds: object: elem object.kind kinds;
  matches =
    selector: labels: all (key: labels.${key} or null == selector.${key}) (attrNames selector);
in
/**
  Returns a list of warnings, each one line.
*/
objects:
let
  pods = filter (isOf workloads) objects;
  services = filter (isOf [ "Service" ]) objects;
  neighbours = object: filter (other: namespaceOf other == namespaceOf object) pods;

  ofService =
    service:
    let
      selector = service.spec.selector or { };
      near = neighbours service;
    in
    # A set without Pods is for Pods that are elsewhere.
    if selector == { } || near == [ ] || any (pod: matches selector (labelsOf pod)) near then
      [ ]
    else
      [
        "Service/${service.metadata.name}: spec.selector (${showLabels selector}) finds no Pods among these objects"
      ];

  ofStatefulSet =
    set:
    let
      name = set.spec.serviceName or "";
      isIt = service: service.metadata.name == name && namespaceOf service == namespaceOf set;
    in
    if name == "" || any isIt services then
      [ ]
    else
      [
        "StatefulSet/${set.metadata.name}: spec.serviceName is \"${name}\", a Service that is not among these objects"
      ];
in
concatMap ofService services ++ concatMap ofStatefulSet (filter (isOf [ "StatefulSet" ]) objects)
