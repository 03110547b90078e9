# Where the registry listens, as `services.pushless.listen` has it: "127.0.0.1:5000", "[::]:5000" -> { port; url; }.
# `url` is how this machine itself reaches it.
let
  inherit (builtins)
    elemAt
    fromJSON
    isString
    match
    ;
  inherit (import ./refuse.nix) refuse;

  # All addresses of the machine, and the one of them that it has without a network.
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
