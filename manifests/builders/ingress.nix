/**
  Returns an Ingress, which maps hosts and paths to Services.
*/
let
  inherit (builtins)
    attrNames
    attrValues
    concatMap
    elemAt
    filter
    fromJSON
    head
    isAttrs
    isList
    isString
    map
    match
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) named toMetadata withoutMetadata;
  inherit (import ../objects/choice.nix) choice;
  inherit (import ../objects/name.nix) checkSubdomain;
  port = import ../../nix/port.nix;

  # Converts a backend: "web:http", "web:80", a Service with one port, or Kubernetes' own form.
  toBackend =
    builder: field: value:
    let
      parts = if isString value then match "([a-z0-9.-]+):([a-z0-9-]+)" value else null;
      portText = elemAt parts 1;
      isNumber = match "[1-9][0-9]{0,4}" portText != null;
      ports = value.spec.ports or [ ];
      only = builtins.head ports;
    in
    if parts != null && isNumber && !port.isNumber (fromJSON portText) then
      refuse builder field value "a port from 1 to 65535"
    else if parts != null then
      {
        service = {
          name = elemAt parts 0;
          port = if isNumber then { number = fromJSON portText; } else { name = portText; };
        };
      }
    else if isAttrs value && value.kind or null == "Service" then
      (
        if builtins.length ports != 1 then
          throw (
            "${builder}: ${field} is Service ${value.metadata.name} with ${toString (builtins.length ports)} "
            + "ports, expected one of them: \"${value.metadata.name}:<port>\""
          )
        else
          {
            service = {
              inherit (value.metadata) name;
              port = if only ? name then { inherit (only) name; } else { number = only.port; };
            };
          }
      )
    else if isAttrs value && (value ? service || value ? resource) then
      value
    else
      refuse builder field value
        ''"<service>:<port>", a Service that this library made, or Kubernetes' backend'';

  toPath =
    builder: host: path: value:
    let
      field = "hosts.${host}.${path}";
      isWhole = isAttrs value && value ? backend;
    in
    if match "/.*" path == null then
      refuse builder "a path in hosts.${host}" path "one that begins with /"
    else
      {
        inherit path;
        pathType = choice builder "${field}.pathType" [
          "Prefix"
          "Exact"
          "ImplementationSpecific"
        ] (if isWhole then value.pathType or "Prefix" else "Prefix");
        backend = toBackend builder field (if isWhole then value.backend else value);
      };

  # A single backend answers for the path "/".
  isBackend =
    value: isString value || (isAttrs value && (value ? kind || value ? service || value ? resource));

  checkHost =
    builder: host:
    let
      parts = match "(\\*\\.)?(.*)" host;
    in
    if match "[0-9.]+" host != null then
      refuse builder "a name in hosts" host
        "a name in DNS, or \"*\" for any, since Kubernetes takes no address there"
    else
      builtins.seq (checkSubdomain builder "a name in hosts" (elemAt parts 1)) host;

  # The Services among the backends. An Ingress finds a Service in its own namespace only.
  servicesIn =
    hosts:
    concatMap (
      paths:
      let
        backends =
          if isBackend paths then
            [ paths ]
          else if isAttrs paths then
            attrValues paths
          else
            [ ];
      in
      filter (value: isAttrs value && value.kind or null == "Service") (
        map (value: if isAttrs value && value ? backend then value.backend else value) backends
      )
    ) (attrValues hosts);

  checkNamespaces =
    builder: namespace: services: result:
    let
      wrong = filter (service: service.metadata.namespace or namespace != namespace) services;
      first = head wrong;
    in
    if wrong == [ ] then
      result
    else
      throw (
        "${builder}: Service ${first.metadata.name} is in namespace ${first.metadata.namespace}, "
        + "expected it in that of the Ingress"
        + (if namespace == null then "" else ", ${namespace}")
      );

  toRule =
    builder: hosts: host:
    let
      paths = if isBackend hosts.${host} then { "/" = hosts.${host}; } else hosts.${host};
    in
    if !isAttrs paths || paths == { } then
      refuse builder "hosts.${host}" paths "a backend, or an attribute set, path to backend"
    else
      (if host == "*" then { } else { host = checkHost builder host; })
      // {
        http.paths = map (path: toPath builder host path paths.${path}) (attrNames paths);
      };

  # true means one Secret for all hosts, called <name>-tls. "secret" means that Secret. A list is Kubernetes' own
  # form.
  toTls =
    builder: name: hosts: tls:
    let
      named = filter (host: host != "*") (attrNames hosts);
    in
    if tls == true || isString tls then
      [
        {
          hosts = named;
          secretName = checkSubdomain builder "tls" (if tls == true then "${name}-tls" else tls);
        }
      ]
    else if isList tls then
      tls
    else
      refuse builder "tls" tls "true, the name of a Secret, or Kubernetes' list";
in
# name, namespace, labels, annotations, metadata, and the fields of IngressSpec
{
  # { "example.org" = "web:http"; "api.example.org" = { "/v1" = api; "/" = "web:80"; }; }. "*" stands for any host
  hosts ? { },
  # true, the name of a Secret with the certificate, or Kubernetes' list
  tls ? null,
  ...
}@args:
let
  builder = named "ingress" args;
  services = servicesIn hosts;
  inherited = concatMap (
    service: if service ? metadata.namespace then [ { inherit (service.metadata) namespace; } ] else [ ]
  ) services;
  whole = (if inherited == [ ] then { } else head inherited) // args;
  rest = removeAttrs (withoutMetadata args) [
    "hosts"
    "tls"
  ];
in
if !isAttrs hosts then
  refuse builder "hosts" hosts "an attribute set, host to backend"
else if hosts == { } && !(rest ? rules) && !(rest ? defaultBackend) then
  throw "${builder}: hosts is empty, expected at least one, such as { \"example.org\" = \"web:http\"; }"
else
  checkNamespaces builder (whole.namespace or null) services {
    apiVersion = "networking.k8s.io/v1";
    kind = "Ingress";
    metadata = toMetadata { inherit builder; } whole;
    spec =
      rest
      // (if hosts == { } then { } else { rules = map (toRule builder hosts) (attrNames hosts); })
      // (if tls == null || tls == false then { } else { tls = toTls builder args.name hosts tls; });
  }
