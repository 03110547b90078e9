/**
  Returns a Service: one name and address for the Pods that its selector finds.
*/
let
  inherit (builtins)
    attrNames
    concatMap
    concatStringsSep
    elem
    filter
    head
    isAttrs
    isInt
    isList
    isString
    length
    map
    removeAttrs
    toJSON
    trace
    ;
  protocolOf = import ../objects/port-protocol.nix;
  repeated = import ../../nix/repeated.nix;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix)
    labels
    named
    toMetadata
    withoutMetadata
    namespaceOf
    ;
  inherit (import ../objects/choice.nix) choices refuseKind;
  inherit (import ../objects/name.nix) checkLabel checkServiceName;
  inherit (import ../pods/selector.nix) nameLabel;
  port = import ../../nix/port.nix;

  enums = {
    type = [
      "ClusterIP"
      "NodePort"
      "LoadBalancer"
      "ExternalName"
    ];
    sessionAffinity = [
      "None"
      "ClientIP"
    ];
    externalTrafficPolicy = [
      "Cluster"
      "Local"
    ];
    internalTrafficPolicy = [
      "Cluster"
      "Local"
    ];
    ipFamilyPolicy = [
      "SingleStack"
      "PreferDualStack"
      "RequireDualStack"
    ];
  };

  # Converts a port: 80, "53/udp", { port = 80; targetPort = "http"; }.
  toPort =
    builder: field: value:
    let
      given = port.parse builder field value;
    in
    if isAttrs value then
      (
        if port.isNumber (value.port or null) then
          value // (if value ? name then { name = checkLabel builder "a name in ports" value.name; } else { })
        else
          refuse builder "${field}.port" (value.port or null) "a port from 1 to 65535"
      )
    else
      { port = given.number; } // protocolOf value given;

  # Kubernetes requires names where there are two ports or more.
  toPorts =
    builder: ports:
    if isPlainSet ports then
      map (
        name:
        toPort builder "ports.${name}" ports.${name}
        // {
          name = checkLabel builder "a name in ports" name;
        }
      ) (attrNames ports)
    else if !isList ports then
      refuse builder "ports" ports "an attribute set, name to port, or a list"
    else
      let
        listed = map (toPort builder "a port in ports") ports;
        nameless = filter (item: !(item ? name)) listed;
      in
      if length listed > 1 && nameless != [ ] then
        throw (
          "${builder}: ports has ${toString (head nameless).port} without a name, "
          + "expected `ports = { http = 80; ... }` where there are several"
        )
      else
        listed;

  # The ports of a workload's containers, with their names.
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
      // (
        if item ? name then
          {
            inherit (item) name;
            targetPort = item.name;
          }
        else
          { }
      )
      // (if item ? protocol then { inherit (item) protocol; } else { })
    ) found;

  # Tells whether a value is an object of this library that has Pods.
  isWorkload =
    value:
    isAttrs value
    && value ? kind
    && value ? spec
    && elem value.kind [
      "Pod"
      "Deployment"
      "StatefulSet"
      "DaemonSet"
      "ReplicaSet"
    ];

  # A port leads to the workload's port with the same name, and each name must be there. A number may be a port that
  # no container declares. Where the containers declare other ports, such a number is mostly a mistake.
  toTargets =
    builder: workload:
    let
      there = portsOf workload;
      names = concatMap (item: if item ? name then [ item.name ] else [ ]) there;
      numbers = map (item: item.port) there;
      shown = concatStringsSep ", " (
        map (item: if item ? name then "${item.name} (${toString item.port})" else toString item.port) there
      );
    in
    map (
      item:
      let
        target = item.targetPort or item.port;
      in
      if !(item ? targetPort) && elem (item.name or null) names then
        item // { targetPort = item.name; }
      else if isString target && !elem target names then
        refuse builder "targetPort of port ${toString item.port}" target
          "a port of ${workload.kind} ${workload.metadata.name}, which has: ${shown}"
      else if isInt target && there != [ ] && !elem target numbers then
        trace (
          "warning: ${builder}: port ${toString item.port} leads to ${toString target}, "
          + "expected a port of ${workload.kind} ${workload.metadata.name}, which has: ${shown}"
        ) item
      else
        item
    );

  # Checks the API server's rules for the ports of one Service.
  checkPorts =
    builder: type: ports:
    let
      numbers = repeated (map (item: "${toString item.port}/${item.protocol or "TCP"}") ports);
      names = repeated (concatMap (item: if item ? name then [ item.name ] else [ ]) ports);
      onNode = filter (item: item ? nodePort) ports;
    in
    if numbers ++ names != [ ] then
      throw "${builder}: ports has ${toJSON (head (numbers ++ names))} twice"
    else if
      onNode != [ ]
      && !elem type [
        "NodePort"
        "LoadBalancer"
      ]
    then
      throw "${builder}: nodePort is given, and type is ${toJSON type}, expected type = \"NodePort\""
    else
      ports;

  selectorOf =
    builder: workload:
    let
      podLabels = workload.spec.template.metadata.labels or workload.metadata.labels or { };
      selector = workload.spec.selector.matchLabels or podLabels;
    in
    if selector == { } then
      throw (
        "${builder}: for is a ${workload.kind} whose Pods have no labels, "
        + "expected labels that the Service can find them by"
      )
    else
      selector;
in
# name, namespace, labels, annotations, metadata, and the fields of ServiceSpec
{
  # the workload behind the Service. Its selector, ports and namespace are the defaults
  for ? null,
  # ports: { http = 80; }, [ 80 "53/udp" ], or Kubernetes' list
  ports ? null,
  # labels of the Pods. The default is the selector of `for`, or else the label of the application with the Service's
  # name. null: no Pods, for endpoints that are made by hand
  selector ?
    if args.for or null != null then
      selectorOf (named "service" args) for
    else
      { ${nameLabel} = args.name or (throw "service: name is missing"); },
  ...
}@args:
let
  builder = named "service" args;
  spec = choices builder enums (
    removeAttrs (withoutMetadata args) [
      "for"
      "ports"
      "selector"
    ]
  );
  type = args.type or "ClusterIP";
  said =
    if ports != null then
      toPorts builder ports
    else if for != null then
      toPorts builder (portsOf for)
    else
      [ ];
  given = checkPorts builder type (
    if for == null || ports == null then said else toTargets builder for said
  );
  isExternal = type == "ExternalName";
in
if for != null && !isWorkload for then
  refuseKind builder "for" for "a Deployment, StatefulSet, DaemonSet or Pod that this library made"
else if isExternal && !(args ? externalName) then
  throw "${builder}: externalName is missing, which type \"ExternalName\" wants"
else
  {
    apiVersion = "v1";
    kind = "Service";
    metadata = toMetadata {
      inherit builder;
      checkName = checkServiceName;
    } (namespaceOf for // args);
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
      // (
        if selector == null || isExternal then { } else { selector = labels builder "selector" selector; }
      );
  }
