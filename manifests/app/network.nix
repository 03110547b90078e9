# The access to an application: a Service where it has ports or storage, and an Ingress where it has hosts.
let
  inherit (builtins)
    isList
    isString
    listToAttrs
    map
    toJSON
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/metadata.nix) optional;
  makeService = import ../builders/service.nix;
  makeIngress = import ../builders/ingress.nix;
in
/**
  Returns a list of objects.
*/
{
  # the builder that refuses
  builder,
  # name, namespace and labels
  metadata,
  # the result of ports.nix
  ports,
  # the Deployment or StatefulSet
  workload,
  # one host, or null
  host,
  # list of hosts
  hosts,
  # true, the name of a Secret, or null
  tls,
  # name of the IngressClass, or null
  ingressClass,
}:
let
  all =
    if host == null then
      hosts
    else if hosts == [ ] then
      [ host ]
    else
      throw "${builder}: host and hosts are given, expected one of them";
  checked =
    if isList all && builtins.filter (item: !isString item) all == [ ] then
      all
    else
      refuse builder (if host == null then "hosts" else "host") (
        if host == null then hosts else host
      ) ''names of hosts, such as "www.example.org"'';

  # A StatefulSet gets a headless Service for the names of its Pods, also where it has no port.
  isNamed = ports.all == [ ] && workload.kind == "StatefulSet";
  service = makeService (
    metadata // { for = workload; } // (if isNamed then { clusterIP = "None"; } else { })
  );
  ingress = makeIngress (
    metadata
    // {
      hosts = listToAttrs (
        map (name: {
          inherit name;
          value = "${metadata.name}:${ports.main.name}";
        }) checked
      );
      inherit tls;
    }
    // optional "ingressClassName" ingressClass
  );
in
if checked == [ ] && tls != null && tls != false then
  throw "${builder}: tls is ${toJSON tls} and there is no host, expected `host` to be said"
else if checked != [ ] && ports.main == null then
  throw "${builder}: host is given and there is no port, expected `port` for it to lead to"
else
  (if ports.all == [ ] && !isNamed then [ ] else [ service ])
  ++ (if checked == [ ] then [ ] else [ ingress ])
