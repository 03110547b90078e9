# The probes that tell Kubernetes whether an application works.
#
# Without `health`, it is ready while its port accepts connections. That doesn't show whether it hangs, so it is never
# restarted for it. With `health`, it has time to start. Then it is ready while it answers, and it is restarted after
# a minute without an answer.
let
  inherit (builtins)
    isAttrs
    isString
    match
    ;
  inherit (import ../../nix/refuse.nix) refuse onlyKnown;

  names = import ../pods/probe-names.nix;

  probesOf =
    {
      builder,
      health,
      main,
    }:
    let
      httpGet = {
        path = health;
        port = main.name;
      };
    in
    if health == false then
      { }
    else if health == null then
      (
        if main == null then
          { }
        else
          {
            readinessProbe = {
              tcpSocket.port = main.name;
              periodSeconds = 5;
            };
          }
      )
    else if !isString health || match "/[^[:space:]]*" health == null then
      refuse builder "health" health
        ''a path that answers while all is well, such as "/healthz"; false: no probes''
    else if main == null then
      throw "${builder}: health is ${builtins.toJSON health} and there is no port, expected `port` to ask it at"
    else
      {
        # This is five minutes.
        startupProbe = {
          inherit httpGet;
          periodSeconds = 5;
          failureThreshold = 60;
        };
        readinessProbe = {
          inherit httpGet;
          periodSeconds = 5;
        };
        livenessProbe = {
          inherit httpGet;
          periodSeconds = 10;
          failureThreshold = 6;
        };
      };
in
/**
  Returns probes, as fields of a container.
*/
{
  # the builder that refuses
  builder,
  # null, a path, or false for no probes
  health,
  # probes of Kubernetes; each replaces a generated one, and null removes it
  probes,
  # the main port, as ports.nix returns it
  main,
}:
let
  given =
    if isAttrs probes then
      onlyKnown builder "a name in probes" names probes
    else
      refuse builder "probes" probes
        "an attribute set with livenessProbe, readinessProbe and startupProbe";
  all = probesOf { inherit builder health main; } // given;
in
removeAttrs all (builtins.filter (name: all.${name} == null) (builtins.attrNames all))
