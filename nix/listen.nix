/**
  Returns the port of a listen address, and the URL by which this machine itself reaches the registry.

  # Example

      "127.0.0.1:5000" => { port = 5000; url = "http://127.0.0.1:5000"; }
*/
let
  inherit (builtins)
    elemAt
    fromJSON
    isString
    match
    ;
  inherit (import ./refuse.nix) refuse;

  # An address that means all addresses of the machine -> the one that works without a network.
  loopback = {
    "" = "127.0.0.1";
    "0.0.0.0" = "127.0.0.1";
    "[::]" = "[::1]";
  };
in
listen:
let
  parts = if isString listen then match "(.*):([1-9][0-9]{0,4})" listen else null;
  host = elemAt parts 0;
  port = fromJSON (elemAt parts 1);
in
if parts == null || port > 65535 then
  refuse "services.pushless" "listen" listen "an address and a port, such as \"127.0.0.1:5000\""
else
  {
    inherit port;
    url = "http://${loopback.${host} or host}:${toString port}";
  }
