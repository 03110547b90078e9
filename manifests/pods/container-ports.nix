# Ports of a container: { http = 8080; dns = "53/udp"; }, [ 8080 "53/udp" ], or Kubernetes' list.
let
  inherit (builtins)
    attrNames
    isAttrs
    isInt
    isList
    map
    replaceStrings
    ;
  inherit (import ../../nix/refuse.nix) refuse;
  inherit (import ../objects/name.nix) checkPortName;
  port = import ../../nix/port.nix;

  upperCase = replaceStrings [ "tcp" "udp" "sctp" ] [ "TCP" "UDP" "SCTP" ];

  toPort =
    builder: field: value:
    let
      given = port.parse builder "a port in ${field}" value;
    in
    if isAttrs value then
      (
        if port.isNumber (value.containerPort or null) then
          value
        else
          refuse builder "containerPort in ${field}" (value.containerPort or null) "a port from 1 to 65535"
      )
    else
      { containerPort = given.number; } // (if isInt value then { } else { protocol = upperCase given.protocol; });
in
builder: field: ports:
if isList ports then
  map (toPort builder field) ports
else if isAttrs ports then
  map (
    name: toPort builder field ports.${name} // { name = checkPortName builder "a name in ${field}" name; }
  ) (attrNames ports)
else
  refuse builder field ports "an attribute set, name to port, or a list"
