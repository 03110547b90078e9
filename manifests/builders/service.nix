# A Service: one name and address for the Pods that its selector finds.
let
  inherit (builtins)
    attrNames
    concatMap
    elem
    filter
    head
    isAttrs
    isInt
    isList
    map
    removeAttrs
    replaceStrings
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) labels toMetadata withoutMetadata;
  inherit (import ../objects/name.nix) checkLabel checkServiceName;
  inherit (import ../pods/selector.nix) nameLabel;
  port = import ../../nix/port.nix;

  builder = "service";

  upperCase = replaceStrings [ "tcp" "udp" "sctp" ] [ "TCP" "UDP" "SCTP" ];

  # 80, "53/udp", { port = 80; targetPort = "http"; }
  toPort =
    field: value:
    let
      given = port.parse builder field value;
    in
    if isAttrs value then
      (
        if port.isNumber (value.port or null) then
          value
        else
          refuse builder "${field}.port" (value.port or null) "a port from 1 to 65535"
      )
    else
      { port = given.number; } // (if isInt value then { } else { protocol = upperCase given.protocol; });

  # Kubernetes wants names as soon as there are two.
  toPorts =
    ports:
    if isAttrs ports then
      map (name: toPort "ports.${name}" ports.${name} // { name = checkLabel builder "a name in ports" name; }) (
        attrNames ports
      )
    else if !isList ports then
      refuse builder "ports" ports "an attribute set, name to port, or a list"
    else
      let
        listed = map (toPort "a port in ports") ports;
        nameless = filter (item: !(item ? name)) listed;
      in
      if builtins.length listed > 1 && nameless != [ ] then
        throw "${builder}: ports has ${toString (head nameless).port} without a name, expected `ports = { http = 80; ... }` where there are several"
      else
        listed;

  # What a workload's containers listen on, by the names they have there.
  portsOf =
    workload:
    let
      podSpec = workload.spec.template.spec or workload.spec;
      found = concatMap (container: container.ports or [ ]) podSpec.containers;
    in
    map (
      { containerPort, ... }@item:
      {
        port = containerPort;
      }
      // (if item ? name then { inherit (item) name; targetPort = item.name; } else { })
      // (if item ? protocol then { inherit (item) protocol; } else { })
    ) found;

  # An object of this library that has Pods.
  isWorkload = value: isAttrs value && value ? kind && value ? spec && elem value.kind [
    "Pod"
    "Deployment"
    "StatefulSet"
    "DaemonSet"
    "ReplicaSet"
  ];

  selectorOf =
    workload:
    let
      podLabels = workload.spec.template.metadata.labels or workload.metadata.labels or { };
      selector = workload.spec.selector.matchLabels or podLabels;
    in
    if selector == { } then
      throw "${builder}: for is a ${workload.kind} whose Pods have no labels, expected labels that the Service can find them by"
    else
      selector;
in
# name, namespace, labels, annotations, metadata, and the fields of ServiceSpec
{
  # the workload that is behind it: its selector, its ports and its namespace are taken from there where none are said
  for ? null,
  # ports: { http = 80; }, [ 80 "53/udp" ], or Kubernetes' list
  ports ? null,
  # labels of the Pods; those of the application that has the Service's name where neither this nor `for` is said. null:
  # no Pods, as for endpoints that are made by hand
  selector ? if args ? for then selectorOf for else { ${nameLabel} = args.name; },
  ...
}@args:
let
  spec = removeAttrs (withoutMetadata args) [
    "for"
    "ports"
    "selector"
  ];
  given = if ports != null then toPorts ports else if for != null then toPorts (portsOf for) else [ ];
  inherited = if for.metadata.namespace or null == null then { } else { inherit (for.metadata) namespace; };
  isExternal = args.type or null == "ExternalName";
in
if for != null && !isWorkload for then
  refuse builder "for" for "a Deployment, StatefulSet, DaemonSet or Pod that this library made"
else
  {
    apiVersion = "v1";
    kind = "Service";
    metadata = toMetadata {
      inherit builder;
      checkName = checkServiceName;
    } (inherited // args);
    spec =
      spec
      // (
        if given != [ ] then
          { ports = given; }
        else if isExternal || args.clusterIP or null == "None" then
          { }
        else
          throw "${builder}: ports is empty, expected at least one, such as { http = 80; }"
      )
      // (if selector == null || isExternal then { } else { selector = labels builder "selector" selector; });
  }
