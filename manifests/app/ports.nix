# The ports of an application. `port` is for HTTP. Every other protocol is in `ports`, by its name: names tell people
# and service meshes which protocol a port has.
let
  inherit (builtins)
    attrNames
    filter
    head
    map
    toJSON
    ;
  isPlainSet = import ../../nix/is-plain-set.nix;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/name.nix) checkPortName;
  inherit (import ../../nix/port.nix) parse;
in
/**
  Returns { all; given; main; }. `all` is a list of { name; number; protocol; }. `given` is an attribute set, name ->
  port, as containers take it. `main` is the port for probes and for an Ingress: HTTP's, or else the first of TCP, or
  null.
*/
{
  # the builder that refuses
  builder,
  # number of the port for HTTP
  port,
  # attribute set: name -> port
  ports,
}:
let
  given =
    if port == null then
      ports
    else if ports == { } then
      { http = (parse builder "port" port).number; }
    else
      throw "${builder}: port and ports are given, expected one of them: ports = { http = ${toJSON port}; ... }";
  all =
    if !isPlainSet given then
      refuse builder "ports" given ''an attribute set, name to port: { http = 8080; dns = "53/udp"; }''
    else
      map (
        name:
        parse builder "ports.${name}" given.${name}
        // {
          name = checkPortName builder "a name in ports" name;
        }
      ) (attrNames given);
  candidates = filter (item: item.name == "http") all ++ filter (item: item.protocol == "tcp") all;
in
{
  inherit all given;
  main = if candidates == [ ] then null else head candidates;
}
