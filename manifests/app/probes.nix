# How Kubernetes tells whether an application is up. Without `health` it is ready when its port takes connections, which
# says nothing about whether it hangs, so that it is never restarted for it. With `health` it has time to start, then is
# ready while it answers, and restarted when it hasn't answered for a minute.
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
        # Five minutes.
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
# -> probes, as fields of a container
{
  # who refuses
  builder,
  # null, a path, or false
  health,
  # Kubernetes' own, each instead of the one that is made here; null: none
  probes,
  # what ports.nix found
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
