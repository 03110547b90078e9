# An Ingress: which Service answers for which host and path.
let
  inherit (builtins)
    attrNames
    elemAt
    fromJSON
    isAttrs
    isList
    isString
    map
    match
    removeAttrs
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) toMetadata withoutMetadata;
  inherit (import ../objects/name.nix) checkSubdomain;

  builder = "ingress";

  # "web:http", "web:80", a Service with one port, or Kubernetes' backend
  toBackend =
    field: value:
    let
      parts = if isString value then match "([a-z0-9.-]+):([a-z0-9-]+)" value else null;
      portText = elemAt parts 1;
      isNumber = match "[1-9][0-9]{0,4}" portText != null;
      ports = value.spec.ports or [ ];
      only = builtins.head ports;
    in
    if parts != null then
      {
        service = {
          name = elemAt parts 0;
          port = if isNumber then { number = fromJSON portText; } else { name = portText; };
        };
      }
    else if isAttrs value && value.kind or null == "Service" then
      (
        if builtins.length ports != 1 then
          refuse builder field (map (item: item.name or item.port) ports) ''one port of Service ${value.metadata.name}: write "${value.metadata.name}:<port>"''
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
      refuse builder field value ''"<service>:<port>", a Service that this library made, or Kubernetes' backend'';

  toPath =
    host: path: value:
    let
      field = "hosts.${host}.${path}";
      isWhole = isAttrs value && value ? backend;
    in
    if match "/.*" path == null then
      refuse builder "a path in hosts.${host}" path "one that begins with /"
    else
      {
        inherit path;
        pathType = if isWhole then value.pathType or "Prefix" else "Prefix";
        backend = toBackend field (if isWhole then value.backend else value);
      };

  # One backend is that of "/".
  isBackend =
    value: isString value || (isAttrs value && (value ? kind || value ? service || value ? resource));

  checkHost =
    host:
    let
      parts = match "(\\*\\.)?(.*)" host;
    in
    builtins.seq (checkSubdomain builder "a name in hosts" (elemAt parts 1)) host;

  toRule =
    hosts: host:
    let
      paths = if isBackend hosts.${host} then { "/" = hosts.${host}; } else hosts.${host};
    in
    if !isAttrs paths || paths == { } then
      refuse builder "hosts.${host}" paths "a backend, or an attribute set, path to backend"
    else
      (if host == "*" then { } else { host = checkHost host; })
      // {
        http.paths = map (path: toPath host path paths.${path}) (attrNames paths);
      };

  # true: a Secret called <name>-tls for all hosts. "secret": that one. Else Kubernetes' list.
  toTls =
    name: hosts: tls:
    let
      named = builtins.filter (host: host != "*") (attrNames hosts);
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
  # { "example.org" = "web:http"; "api.example.org" = { "/v1" = api; "/" = "web:80"; }; }; "*" is any host
  hosts ? { },
  # true, the name of a Secret with the certificate, or Kubernetes' list
  tls ? null,
  ...
}@args:
let
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
  {
    apiVersion = "networking.k8s.io/v1";
    kind = "Ingress";
    metadata = toMetadata { inherit builder; } args;
    spec =
      rest
      // (if hosts == { } then { } else { rules = map (toRule hosts) (attrNames hosts); })
      // (if tls == null || tls == false then { } else { tls = toTls args.name hosts tls; });
  }
